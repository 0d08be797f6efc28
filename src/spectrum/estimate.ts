/** What a measurement of one layer will cost: for the dry run, before anything is read. */
import { defaultGroups } from './jackknife.js';
import { layoutFor } from './kernel/memory.js';

export interface EstimateOptions {
  errors: 'jackknife' | 'none';
  /** Groups of the jackknife. Default 10. */
  groups?: number;
  /** Rows are summed as they come (position `all`), not kept. Default false. */
  streamed?: boolean;
}

/** Tridiagonal reductions a layer: all rows (centred and uncentred at once), each group left out, two halves. */
export function decompositions(errors: 'jackknife' | 'none', groups = defaultGroups): number {
  return errors === 'none' ? 1 : groups + 3;
}

/**
 * Floating-point operations of a layer of n rows and d columns, m = min(n, d): the Gram n·d·m (half of a full product),
 * once more by groups with errors unless it is the N×N Gram or streamed; 4/3·m³ for each reduction.
 */
export function spectrumFlops(n: number, d: number, options: EstimateOptions): number {
  const { errors, groups = defaultGroups, streamed = false } = options;
  const byRows = n < d && !streamed;
  const m = byRows ? n : d;
  const passes = errors === 'jackknife' && !byRows && !streamed ? 2 : 1;
  return passes * n * d * m + (decompositions(errors, groups) * 4 * m ** 3) / 3;
}

/**
 * Bytes that a layer's measurement needs at its peak beside its rows: the kernel's matrices and panels, and for n < d the
 * rows once more; for streamed rows the Grams that are kept, one a group, and the rows that wait for them.
 */
export function spectrumMemory(n: number, d: number, options: EstimateOptions): number {
  const { errors, groups = defaultGroups, streamed = false } = options;
  const kept = errors === 'jackknife' ? groups : 1;
  const matrices = (order: number, slots: number): number => layoutFor(order, slots, 2).bytes;
  if (streamed) return matrices(d, errors === 'jackknife' ? 3 : 1) + kept * (4 * d * (d + 1) + 256 * d * 4);
  if (n < d) return matrices(Math.max(1, n), errors === 'jackknife' ? 2 : 1) + n * d * 4;
  return matrices(d, errors === 'jackknife' ? 3 : 1);
}
