/**
 * Which eigenvalues count (definitions §2): at most min(N−1, d) of a centred covariance can be positive, and one that is
 * no larger than the rounding noise of float32 rows, (4·2⁻²⁴)² · mean squared row norm, counts as zero (LayerNorm leaves
 * one such eigenvalue; constant columns, others).
 */
const noise = (4 * 2 ** -24) ** 2;

/**
 * The eigenvalues as the figures take them: descending, min(n, d) of them, zero where they don't count.
 * `raw`: as decomposed, descending, rounding included. `centred` false: min(N, d) may be positive.
 */
export function positive(raw: Float64Array, n: number, d: number, meanSquare: number, centred = true): Float64Array {
  const most = Math.min(centred ? n - 1 : n, d);
  return raw.slice(0, Math.min(n, d)).map((x, i) => (i < most && x > 0 && x > noise * meanSquare ? x : 0));
}

/** How many of a descending list are positive. */
export function countPositive(values: Float64Array): number {
  let count = 0;
  while (count < values.length && values[count]! > 0) count++;
  return count;
}

export function sum(values: Float64Array, count = values.length): number {
  let total = 0;
  for (let i = 0; i < Math.min(count, values.length); i++) total += values[i]!;
  return total;
}
