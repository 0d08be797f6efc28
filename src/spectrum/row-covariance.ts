/** Mean and covariance Σ = (1/N) Σ (x−x̄)(x−x̄)ᵀ of rows in float64; rows with NaN or Inf are counted and left out. */
import { EigentraceError } from '../errors.js';
import type { Kernel } from './kernel/kernel.js';
import { RowSums } from './row-sums.js';
import { chunks, type Rows } from './rows.js';

export interface RowCovariance {
  /** Finite rows. */
  readonly n: number;
  readonly d: number;
  /** Rows that are not finite. */
  readonly left: number;
  readonly mean: Float64Array;
  /** The lower triangle by columns. */
  readonly packed: Float64Array;
}

export async function rowCovariance(rows: Rows, kernel: Kernel, signal?: AbortSignal): Promise<RowCovariance> {
  const { d } = rows;
  const sums = new RowSums(d, 1);
  const isFinite = new Uint8Array(rows.n);
  for await (const { values, start, end } of chunks(rows)) {
    if (signal?.aborted) throw new EigentraceError('interrupted', 'interrupted');
    for (let i = start; i < end; i++) isFinite[i] = Number.isNaN(sums.add(values, (i - start) * d, 0)) ? 0 : 1;
  }
  if (sums.n === 0) {
    throw new EigentraceError('input', `rows: none is finite, got ${rows.n} rows (expected at least one)`);
  }
  const mean = sums.mean();
  const packed = new Float64Array((d * (d + 1)) / 2);
  await kernel.use(d, 1, signal, async (space) => {
    await space.clear(0);
    let waiting = 0;
    const flush = async (): Promise<void> => {
      if (waiting > 0) await space.covariance(0, 0, waiting, mean, null);
      waiting = 0;
    };
    for await (const { values, start, end } of chunks(rows)) {
      for (let i = start; i < end; i++) {
        if (isFinite[i] === 0) continue;
        space.stage(0).set(values.subarray((i - start) * d, (i - start + 1) * d), waiting * d);
        if (++waiting === space.depth) await flush();
      }
    }
    await flush();
    space.addTo(0, packed);
  });
  for (let i = 0; i < packed.length; i++) packed[i]! /= sums.n;
  return { n: sums.n, d, left: sums.rows - sums.n, mean, packed };
}
