/**
 * Participation ratio (Σλ)²/Σλ² and its form without small-sample bias (definitions §5): the ratio of unbiased estimates
 * of (tr Σ)² and tr Σ² for any distribution with fourth moments (Himeno & Yamada 2014).
 */
import { sum } from './positive.js';

export function participationRatio(values: Float64Array): number {
  const total = sum(values);
  let squares = 0;
  for (const x of values) squares += (x / total) ** 2;
  return 1 / squares;
}

/**
 * `raw`: all eigenvalues of the centred covariance (divisor N), rounding included; `deviation4` = Σ‖x − x̄‖⁴. With S the
 * sample covariance (divisor N−1), t₁ = tr S, t₂ = tr S², Q = Σ‖x − x̄‖⁴/(N−1):
 * (2t₂ + (N²−3N+1)t₁² − NQ) / ((N−1)(N−2)t₂ + t₁² − NQ); null where the denominator is not positive. Needs N ≥ 4.
 */
export function participationRatioUnbiased(raw: Float64Array, n: number, deviation4: number): number | null {
  // Everything in units of the variance: rows of 1e-20 or 1e15 neither under- nor overflow.
  const unit = sum(raw);
  let squares = 0;
  for (const x of raw) squares += (x / unit) ** 2;
  const t1 = n / (n - 1);
  const t2 = squares * t1 * t1;
  const Q = deviation4 / unit / unit / (n - 1);
  const numerator = 2 * t2 + (n * n - 3 * n + 1) * t1 * t1 - n * Q;
  const denominator = (n - 1) * (n - 2) * t2 + t1 * t1 - n * Q;
  return denominator > 0 ? numerator / denominator : null;
}
