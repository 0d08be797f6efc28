/**
 * How much checkpoints scatter about their own curve: training noise (another batch, another moment), which no replicate
 * knows of, because replicates are of rows and every checkpoint shares those. Each checkpoint is predicted by the cubic
 * through its two neighbours on either side; the residuals, each over the deviation that its weights give it,
 * √(1 + Σ w²), have the scatter as their spread, whose median is robust to where the curve bends.
 */

/** Residuals to estimate from, at least: 12 checkpoints. */
const leastResiduals = 8;
/** Median of |N(0, 1)|. */
const normalMedian = 0.6744897501960817;

/** Standard deviation of one checkpoint about the curve; null where there are too few checkpoints to tell. */
export function scatterOf(x: readonly number[], values: readonly number[]): number | null {
  const residuals: number[] = [];
  for (let i = 2; i < x.length - 2; i++) {
    const near = [i - 2, i - 1, i + 1, i + 2];
    const weights = near.map((j) =>
      near.reduce((product, k) => (k === j ? product : (product * (x[i]! - x[k]!)) / (x[j]! - x[k]!)), 1),
    );
    const predicted = near.reduce((sum, j, at) => sum + weights[at]! * values[j]!, 0);
    const spread = Math.sqrt(1 + weights.reduce((sum, w) => sum + w * w, 0));
    residuals.push(Math.abs(values[i]! - predicted) / spread);
  }
  if (residuals.length < leastResiduals) return null;
  residuals.sort((a, b) => a - b);
  const half = residuals.length / 2;
  const median = (residuals[Math.ceil(half) - 1]! + residuals[Math.floor(half)]!) / 2;
  return median / normalMedian;
}

/**
 * The change beyond which scatter alone is unlikely to have made it: about the range that n checkpoints of nothing but
 * scatter span, √2 · (√(2 ln n) + 0.8) of it: 4.4 for 15 checkpoints, 5.6 for 154.
 */
export function scatterChange(scatter: number, n: number): number {
  return Math.SQRT2 * (Math.sqrt(2 * Math.log(n)) + 0.8) * scatter;
}
