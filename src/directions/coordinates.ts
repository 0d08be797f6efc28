/** Which coordinates of the state carry a direction, and which are massive: far larger than the others whatever the text. */
import type { RowCovariance } from '../spectrum/index.js';
import type { Direction } from './detail.js';

/** A coordinate is massive whose root mean square is so many times the median coordinate's. */
export const massiveFactor = 10;

export interface CoordinateSizes {
  /** √(mean² + Σ_jj), by coordinate. */
  readonly rms: Float64Array;
  readonly mean: Float64Array;
  readonly isMassive: (j: number) => boolean;
}

export function coordinateSizes({ mean, packed, d }: Pick<RowCovariance, 'mean' | 'packed' | 'd'>): CoordinateSizes {
  const rms = new Float64Array(d);
  for (let j = 0, at = 0; j < d; at += d - j, j++) rms[j] = Math.sqrt(mean[j]! ** 2 + packed[at]!);
  const sorted = rms.slice().sort();
  const median = (sorted[(d - 1) >> 1]! + sorted[d >> 1]!) / 2;
  return { rms, mean, isMassive: (j) => rms[j]! >= massiveFactor * median && rms[j]! > 0 };
}

/** The coordinates with the largest share of `u`, and how many carry it: 1/Σu⁴. */
export function coordinatesOf(
  u: Float64Array,
  count: number,
  { rms, isMassive }: CoordinateSizes,
): Pick<Direction, 'coordinates' | 'carried_by'> {
  const order = Array.from(u.keys()).sort((a, b) => Math.abs(u[b]!) - Math.abs(u[a]!) || a - b);
  return {
    carried_by: 1 / u.reduce((sum, x) => sum + x ** 4, 0),
    coordinates: order.slice(0, count).map((j) => ({
      ...{ index: j, weight: u[j]!, share: u[j]! ** 2, rms: rms[j]!, massive: isMassive(j) },
    })),
  };
}
