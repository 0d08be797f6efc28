/** What is found of one set of questions at one checkpoint, from both likelihoods. */
import type { FindingBody, FindingValue } from '../record/index.js';
import { agreement, agreementMetrics, type AgreementOptions, type Scored } from './agreement.js';
import { definitionId, itemLimit, type QuestionDetail } from './detail.js';
import { likelihoodOf, suffixLengths, zeroHandlings, type Gram } from './likelihood.js';

/** An answer's ln p token by token, and its ∞-grams. */
export interface AnswerScores {
  readonly lm: Float64Array;
  readonly grams: readonly Gram[];
}

export function questionFinding(
  name: string,
  answers: readonly AnswerScores[],
  options: AgreementOptions,
): FindingBody & { readonly detail: QuestionDetail } {
  const items = answers.map(({ lm, grams }): Scored => ({
    infgram: likelihoodOf(grams),
    lm: sum(lm),
    lmTokens: lm.length,
  }));
  const found = { strict: agreement(items, 'strict', options), published: agreement(items, 'published', options) };
  const values: FindingValue[] = [];
  for (const zeros of zeroHandlings) {
    const { n, figures } = found[zeros];
    for (const metric of agreementMetrics) {
      const { value, se, reason } = figures[metric];
      values.push({
        ...{ name, metric: zeros === 'strict' ? metric : `${metric}_published`, value, se, n },
        definition: definitionId(zeros),
        ...(reason === null ? {} : { reason }),
      });
    }
  }
  const tokens = sum(items.map(({ infgram }) => infgram.tokens));
  const share = (metric: string, part: number, n: number): FindingValue => ({
    ...{ name, metric, value: part / n, se: null, n, definition: definitionId('shares') },
  });
  const withZero = items.filter(({ infgram }) => infgram.zeros > 0).length;
  values.push(
    share('zero_items', withZero, items.length),
    share('zero_tokens', sum(items.map(({ infgram }) => infgram.zeros)), tokens),
    share('dropped_items_published', found.published.dropped, items.length),
    {
      ...{ name, metric: 'nll_per_token', value: -sum(items.map(({ lm }) => lm)) / sum(items.map((i) => i.lmTokens)) },
      ...{ se: null, n: sum(items.map((i) => i.lmTokens)), definition: definitionId('shares') },
    },
  );
  const ofFigures = (zeros: (typeof zeroHandlings)[number]) =>
    Object.fromEntries(
      agreementMetrics.map((metric) => {
        const { replicates, interval, subsets } = found[zeros].figures[metric];
        return [metric, { replicates: [...replicates], interval: interval && [...interval], subsets }];
      }),
    ) as QuestionDetail['figures']['strict'];
  return {
    values,
    detail: {
      what: 'questions',
      figures: { strict: ofFigures('strict'), published: ofFigures('published') },
      suffix_lengths: suffixLengths(answers.flatMap(({ grams }) => grams)),
      items: items.slice(0, itemLimit).map(({ infgram, lm, lmTokens }) => {
        const strict = infgram.zeros > 0 ? null : infgram.strict;
        return [lm, strict, infgram.published, lmTokens, infgram.tokens, infgram.zeros];
      }),
    },
  };
}

const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((total, value) => total + value, 0);
