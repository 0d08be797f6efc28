/**
 * Length buckets: sequences sorted by length and cut into batches of at most a budget of padded tokens. Of all cuts the one
 * that costs least, so that a few sequences of many lengths aren't mostly padding. Longest first: a batch that doesn't fit
 * in memory fails at once.
 */

/** Padded tokens a batch, at most. Measured (docs/log.md): 512 to 1024 are best; more costs memory and padding. */
export const tokenBudget = 1024;
/**
 * What a batch costs beside its tokens, in tokens: reading the weights once (4 bytes each at 25 GB/s, against 2 operations
 * a token at 200 GFLOP/s, whatever the model's size) and its messages. Measured: 24.
 */
const batchCost = 24;

/** Indices into `lengths`, batch by batch; every index once. A sequence longer than the budget is a batch alone. */
export function batchesOf(lengths: readonly number[], budget = tokenBudget): number[][] {
  const order = lengths.map((_, index) => index).sort((a, b) => lengths[b]! - lengths[a]! || a - b);
  // The least that the first `end` cost, and where their last batch begins.
  const least = new Float64Array(order.length + 1);
  const begin = new Int32Array(order.length + 1);
  for (let end = 1; end <= order.length; end++) {
    least[end] = Infinity;
    for (let from = end - 1; from >= 0; from--) {
      const padded = (end - from) * lengths[order[from]!]!;
      if (padded > budget && from < end - 1) break;
      const cost = least[from]! + padded + batchCost;
      // Of equal cuts the one whose last batch is the smallest: all others are as full as they can be.
      if (cost >= least[end]!) continue;
      least[end] = cost;
      begin[end] = from;
    }
  }
  const batches: number[][] = [];
  for (let end = order.length; end > 0; end = begin[end]!) batches.push(order.slice(begin[end], end));
  return batches.reverse();
}
