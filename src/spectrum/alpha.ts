/**
 * α-ReQ, the decay of the eigenspectrum: λᵢ ∝ i^−α (definitions §4). Weighted least squares of ln λᵢ on −ln i over ranks
 * first..last (1-based, inclusive; 12..100 unless asked otherwise) with weights 1/i in float64. The published code
 * rounds the weights to float32, which moves the 9th digit.
 */

/** First and last rank of a fit, 1-based and inclusive. */
export type Ranks = readonly [number, number];

export const defaultAlphaRange: Ranks = [12, 100];

export interface AlphaFit {
  alpha: number;
  /** ln λ at rank 1 of the fitted line. */
  intercept: number;
}

/** The fit over `ranks`, all of whose eigenvalues must be positive. */
export function fitAlpha(values: Float64Array, [first, last]: Ranks): AlphaFit {
  let [w, wx, wy] = [0, 0, 0];
  for (let i = first; i <= last; i++) {
    w += 1 / i;
    wx -= Math.log(i) / i;
    wy += Math.log(values[i - 1]!) / i;
  }
  const [xm, ym] = [wx / w, wy / w];
  let [xy, xx] = [0, 0];
  for (let i = first; i <= last; i++) {
    const x = -Math.log(i) - xm;
    xy += (x * (Math.log(values[i - 1]!) - ym)) / i;
    xx += (x * x) / i;
  }
  const alpha = xy / xx;
  return { alpha, intercept: ym - alpha * xm };
}

/** Last rank of `r2`: 500, or length − 10 for lists shorter than 512; `length` = min(N, d, 2048). */
export function r2End(length: number): number {
  return length >= 512 ? 500 : length - 10;
}

/**
 * R² of a fit on ln λ over `ranks`, unweighted. Null where ln λ does not vary (a flat spectrum has no R²: 0/0) beyond
 * rounding. Every eigenvalue of the ranks must be positive.
 */
export function rSquared(values: Float64Array, fit: AlphaFit, [first, last]: Ranks): number | null {
  let [mean, most] = [0, 0];
  for (let i = first; i <= last; i++) {
    const y = Math.log(values[i - 1]!);
    mean += y / (last - first + 1);
    most = Math.max(most, Math.abs(y));
  }
  let [residual, total] = [0, 0];
  for (let i = first; i <= last; i++) {
    const y = Math.log(values[i - 1]!);
    residual += (y - fit.intercept + fit.alpha * Math.log(i)) ** 2;
    total += (y - mean) ** 2;
  }
  return total <= (last - first + 1) * (1e-13 * Math.max(1, most)) ** 2 ? null : 1 - residual / total;
}

/** The definition's id: a changed range is part of it. */
export function alphaDefinition([first, last]: Ranks): string {
  return first === defaultAlphaRange[0] && last === defaultAlphaRange[1] ? 'alpha' : `alpha[${first}-${last}]`;
}
