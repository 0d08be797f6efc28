/**
 * Student's t distribution in float64: its distribution function by the regularised incomplete beta function,
 * P(T ≤ t) = 1 − ½ I_x(ν/2, ½) with x = ν/(ν + t²) for t ≥ 0, and its quantile by bisection on that. Intervals of
 * jackknife errors use it with K−1 degrees of freedom (definitions §6).
 */
import { EigentraceError } from '../errors.js';

/** P(T ≤ t) for `df` degrees of freedom (any number > 0). */
export function studentCdf(t: number, df: number): number {
  refuseDegrees(df);
  if (Number.isNaN(t)) throw new EigentraceError('usage', 't: is not a number, got NaN (expected a value of t)');
  if (t === 0) return 0.5;
  const tail = upperTail(Math.abs(t), df);
  return t > 0 ? 1 - tail : tail;
}

/** The t with P(T ≤ t) = p, 0 < p < 1, for `df` degrees of freedom: 2.262 for p = 0.975 and df = 9. */
export function studentQuantile(p: number, df: number): number {
  refuseDegrees(df);
  if (!(p > 0 && p < 1)) {
    throw new EigentraceError('usage', `p: is not a probability of a quantile, got ${p} (expected 0 < p < 1)`);
  }
  if (p === 0.5) return 0;
  // By the tail: near p = 1 the tail has digits that p no longer has.
  const tail = Math.min(p, 1 - p);
  let low = 0;
  let high = 1;
  while (upperTail(high, df) > tail) {
    low = high;
    high *= 2;
    if (high === Infinity) break;
  }
  for (;;) {
    const middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    if (upperTail(middle, df) > tail) low = middle;
    else high = middle;
  }
  return p > 0.5 ? low : -low;
}

function refuseDegrees(df: number): void {
  if (df > 0 && Number.isFinite(df)) return;
  throw new EigentraceError('usage', `df: is no number of degrees of freedom, got ${df} (expected a number > 0)`);
}

/** P(T > t), t > 0. */
function upperTail(t: number, df: number): number {
  const square = t * t;
  // 1 − x beside x: each is precise where it is small.
  return 0.5 * incompleteBeta(df / (df + square), square / (df + square), df / 2, 0.5);
}

/** Regularised incomplete beta function I_x(a, b), `y` = 1 − x. */
export function incompleteBeta(x: number, y: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (y <= 0) return 1;
  const front = Math.exp(a * Math.log(x) + b * Math.log(y) + lnGamma(a + b) - lnGamma(a) - lnGamma(b));
  return x < (a + 1) / (a + b + 2) ? (front * fraction(x, a, b)) / a : 1 - (front * fraction(y, b, a)) / b;
}

/** The continued fraction of the incomplete beta function, by Lentz's method. */
function fraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  const safe = (v: number) => (Math.abs(v) < tiny ? tiny : v);
  let c = 1;
  let d = 1 / safe(1 - ((a + b) * x) / (a + 1));
  let result = d;
  for (let m = 1; m <= 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / safe(1 + even * d);
    c = safe(1 + even / c);
    result *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / safe(1 + odd * d);
    c = safe(1 + odd / c);
    const step = d * c;
    result *= step;
    if (Math.abs(step - 1) < 1e-16) break;
  }
  return result;
}

/** ln Γ(x), x > 0: Stirling's series above 12, below by recurrence. */
export function lnGamma(x: number): number {
  let shift = 0;
  let z = x;
  while (z < 12) {
    shift += Math.log(z);
    z++;
  }
  const r = 1 / (z * z);
  const series = (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r * (1 / 1188 - (r * 691) / 360360))))) / z;
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series - shift;
}
