/** How much a completion repeats itself, over its tokens. */

/** Written into findings. */
export const repetitionVersion = 'repetition/1';
/** Rounds that make a loop of a repeated end. */
const leastRounds = 3;

export interface Repetition {
  /** Different n-grams over all n-grams, n = 1, 2, 3; null where there is none. */
  readonly distinct: readonly [number | null, number | null, number | null];
  /** The longest run of tokens that occurs twice (the two may overlap): its length, and where both begin; null: no token does. */
  readonly longestRepeat: { readonly length: number; readonly first: number; readonly second: number } | null;
  /** The end goes round: the same `period` tokens from token `from` on, at least three times; null: it does not. */
  readonly loop: { readonly period: number; readonly from: number; readonly rounds: number } | null;
}

export function repetitionOf(ids: ArrayLike<number>): Repetition {
  return {
    distinct: [distinct(ids, 1), distinct(ids, 2), distinct(ids, 3)],
    longestRepeat: longestRepeat(ids),
    loop: loopOf(ids),
  };
}

function distinct(ids: ArrayLike<number>, n: number): number | null {
  const count = ids.length - n + 1;
  if (count < 1) return null;
  const all = Array.from(ids);
  return new Set(Array.from({ length: count }, (_, i) => all.slice(i, i + n).join(' '))).size / count;
}

function longestRepeat(ids: ArrayLike<number>): Repetition['longestRepeat'] {
  let best: Repetition['longestRepeat'] = null;
  // ends[j]: length of the common run that ends before i and before j, where i < j.
  const ends = new Int32Array(ids.length + 1);
  for (let i = 1; i < ids.length; i++) {
    for (let j = ids.length; j > i; j--) {
      const length = ids[i - 1] === ids[j - 1] ? ends[j - 1]! + 1 : 0;
      ends[j] = length;
      if (length > (best?.length ?? 0)) best = { length, first: i - length, second: j - length };
    }
    // The next row reads ends[i], where j = i: the diagonal itself is no repeat.
    ends[i] = 0;
  }
  return best;
}

/** Of all periods the one that begins first; of equal ones the shortest. */
function loopOf(ids: ArrayLike<number>): Repetition['loop'] {
  let best: Repetition['loop'] = null;
  for (let period = 1; period * leastRounds <= ids.length; period++) {
    let from = ids.length - period;
    while (from > 0 && ids[from - 1] === ids[from - 1 + period]) from--;
    const rounds = (ids.length - from) / period;
    if (rounds >= leastRounds && from < (best?.from ?? Infinity)) best = { period, from, rounds };
  }
  return best;
}
