/**
 * The ∞-gram likelihood of an answer: ln ∏ P∞(token | prompt and answer so far) (definitions §8), and what is done where a
 * token's probability is 0. `strict`: so is the answer's, and it ranks lowest. `published`: the token is skipped, and an
 * answer all of whose tokens are 0 is dropped.
 */

/** One token's ∞-gram: tokens of the longest suffix of its context that occurs, how often it occurs, how often the token follows. */
export type Gram = readonly [suffix: number, prompt: number, continuation: number];

export const zeroHandlings = ['strict', 'published'] as const;
export type ZeroHandling = (typeof zeroHandlings)[number];

export interface InfgramLikelihood {
  readonly tokens: number;
  /** Tokens whose probability is 0. */
  readonly zeros: number;
  /** Sum of ln P∞; −∞ where a token is 0. */
  readonly strict: number;
  /** Over tokens that are not 0; null where all are. */
  readonly published: number | null;
}

export function likelihoodOf(grams: readonly Gram[]): InfgramLikelihood {
  let sum = 0;
  let zeros = 0;
  for (const gram of grams) {
    const ln = lnInfgram(gram);
    if (ln === -Infinity) zeros++;
    else sum += ln;
  }
  const { length: tokens } = grams;
  return { tokens, zeros, strict: zeros > 0 ? -Infinity : sum, published: zeros === tokens ? null : sum };
}

/** ln P∞ of one token; −∞ where it never follows. */
export function lnInfgram([, prompt, continuation]: Gram): number {
  return continuation === 0 ? -Infinity : Math.log(continuation / prompt);
}

/** How many tokens have each suffix length, by length from 0. */
export function suffixLengths(grams: Iterable<Gram>): number[] {
  const counts: number[] = [];
  for (const [suffix] of grams) {
    while (counts.length <= suffix) counts.push(0);
    counts[suffix]!++;
  }
  return counts;
}

/** The bars of the paper's Table 7, in tokens: from, to (null: and above). */
export const suffixBars: readonly { readonly name: string; readonly from: number; readonly to: number | null }[] = [
  { name: '≤3', from: 0, to: 3 },
  ...[4, 5, 6, 7, 8].map((n) => ({ name: String(n), from: n, to: n })),
  { name: '>8', from: 9, to: null },
];

/** Shares of Table 7's bars; null where there are no tokens. */
export function suffixShares(counts: readonly number[]): (number | null)[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return suffixBars.map(({ from, to }) => {
    const inside = counts.slice(from, to === null ? undefined : to + 1).reduce((sum, count) => sum + count, 0);
    return total === 0 ? null : inside / total;
  });
}
