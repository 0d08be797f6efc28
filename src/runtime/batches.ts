/**
 * Length buckets: sequences sorted by length and cut into batches of at most a budget of padded tokens, so that
 * little is computed on padding. Longest first: a batch that doesn't fit in memory fails at once.
 */

/** Padded tokens a batch. Measured (docs/log.md): 512 to 1024 are best; more costs memory and padding. */
export const tokenBudget = 1024;

/** Indices into `lengths`, batch by batch; every index once. A sequence longer than the budget is a batch alone. */
export function batchesOf(lengths: readonly number[], budget = tokenBudget): number[][] {
  const order = lengths.map((_, index) => index).sort((a, b) => lengths[b]! - lengths[a]! || a - b);
  const batches: number[][] = [];
  let current: number[] = [];
  let longest = 0;
  for (const index of order) {
    if (current.length === 0 || (current.length + 1) * longest > budget) {
      current = [];
      batches.push(current);
      longest = lengths[index]!;
    }
    current.push(index);
  }
  return batches;
}
