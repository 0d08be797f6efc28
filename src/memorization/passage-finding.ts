/** What is found of passages at one checkpoint: agreement token by token, and how many windows are reproduced. */
import type { FindingBody, FindingValue } from '../record/index.js';
import { definitionId, type PassageDetail } from './detail.js';
import { suffixLengths } from './likelihood.js';
import { extractable, passageAgreement, type PassageFigure, type PassageScores } from './passages.js';

export function passageFinding(
  name: string,
  passages: readonly PassageScores[],
  greedy: readonly boolean[],
  window: { readonly promptTokens: number; readonly extractTokens: number },
): FindingBody & { readonly detail: PassageDetail } {
  const found = passageAgreement(passages);
  const windows = extractable(greedy);
  const none = 'no token of the passages has p∞ > 0';
  const value = (
    metric: string,
    { value: own, se }: PassageFigure,
    n: number,
    definition: string,
    reason: string,
  ): FindingValue => ({ name, metric, value: own, se, n, definition, ...(own === null ? { reason } : {}) });
  const id = definitionId('passages');
  const { promptTokens, extractTokens } = window;
  return {
    values: [
      value('gap', found.gap, found.possible, id, none),
      value('token_rho', found.rho, found.possible, id, none),
      value('possible_tokens', found.share, found.tokens, id, 'the passages have no tokens'),
      value(
        'extractable',
        windows,
        greedy.length,
        definitionId(`extractable ${promptTokens}+${extractTokens}`),
        `no passage has ${promptTokens + extractTokens} tokens`,
      ),
    ],
    detail: {
      what: 'passages',
      figures: Object.fromEntries(
        Object.entries({
          gap: found.gap,
          token_rho: found.rho,
          possible_tokens: found.share,
          extractable: windows,
        }).map(([metric, { replicates }]) => [metric, { replicates: [...replicates] }]),
      ),
      suffix_lengths: suffixLengths(passages.flatMap(({ grams }) => grams)),
      by_suffix: [...found.bySuffix],
      by_position: [...found.byPosition],
    },
  };
}
