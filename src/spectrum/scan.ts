/**
 * The first pass over the rows of a layer: which are finite, and their sums. Then the passes that sum Grams of a choice
 * of rows. Rows with NaN or Inf drop out and leave their group smaller; the groups stay those of the corpus index.
 */
import { packColumns, packRows } from './kernel/panel.js';
import type { Workspace } from './kernel/kernel.js';
import { Pace } from './kernel/pace.js';
import { chunks, readRows, type Rows } from './rows.js';
import { RowSums, squaredNorm } from './row-sums.js';

export class Scan {
  readonly rows: Rows;
  readonly sums: RowSums;
  /** Group of each row of the corpus. */
  readonly groups: Uint8Array;
  /** Finite rows, ascending. */
  readonly index: Int32Array;
  /** ‖x‖ by row of the corpus; NaN where it is not finite. */
  readonly norms: Float64Array;
  /** x̄ over the finite rows, float64: the provisional mean of every Gram, so that no digit is lost to a large mean. */
  readonly mean: Float64Array;
  readonly signal: AbortSignal | undefined;

  private constructor(
    rows: Rows,
    groups: Uint8Array,
    sums: RowSums,
    norms: Float64Array,
    signal: AbortSignal | undefined,
  ) {
    this.rows = rows;
    this.groups = groups;
    this.sums = sums;
    this.norms = norms;
    this.signal = signal;
    this.mean = sums.mean();
    this.index = Int32Array.from(norms.keys()).filter((i) => !Number.isNaN(norms[i]!));
  }

  static async of(rows: Rows, groups: Uint8Array, count: number, signal?: AbortSignal): Promise<Scan> {
    const sums = new RowSums(rows.d, count);
    const norms = new Float64Array(rows.n);
    const pace = new Pace(signal);
    for await (const { values, start, end } of chunks(rows)) {
      for (let i = start; i < end; i++) {
        norms[i] = sums.add(values, (i - start) * rows.d, groups[i]!);
        if (pace.due()) await pace.rest();
      }
    }
    return new Scan(rows, groups, sums, norms, signal);
  }

  /** Finite rows of some groups, ascending. */
  select(keep: (group: number) => boolean): Int32Array {
    return this.index.filter((i) => keep(this.groups[i]!));
  }

  /** 1/‖x‖ by row: the scaling of `rankme[l2]`; rows of zeros stay zero. */
  unitScale(): Float64Array {
    return this.norms.map((norm) => (norm > 0 ? 1 / norm : 0));
  }

  /** slot (order d) += Σ (s·x − μ)(s·x − μ)ᵀ over `index`, in corpus order and blocks that depend on `index` alone. */
  async addCovariance(
    space: Workspace,
    slot: number,
    index: Int32Array,
    mean: Float64Array,
    scale: Float64Array | null,
  ): Promise<void> {
    const step = Math.min(space.depth, Math.max(256, 256 * Math.floor(2 ** 21 / this.rows.d / 256)));
    let summed = Promise.resolve();
    try {
      for (let first = 0, which: 0 | 1 = 0; first < index.length; first += step, which = which === 0 ? 1 : 0) {
        const part = index.subarray(first, first + step);
        const start = part[0]!;
        const values = await readRows(this.rows, start, part.at(-1)! + 1);
        // The other panel is being summed meanwhile.
        packRows(space.panel(which), values, start, this.rows.d, part, mean, scale);
        await summed;
        summed = space.gram(slot, which, part.length);
        summed.catch(() => undefined);
      }
    } finally {
      await summed;
    }
  }

  /** slot (order N) = (X − 1μᵀ)(X − 1μᵀ)ᵀ over `index`, rows times `scale`; the rows lie in memory meanwhile. */
  async rowGram(space: Workspace, slot: number, mean: Float64Array, scale: Float64Array | null): Promise<void> {
    const { n, d } = this.rows;
    const all = new Float32Array(n * d);
    for await (const { values, start } of chunks(this.rows)) all.set(values, start * d);
    await space.clear(slot);
    let summed = Promise.resolve();
    try {
      for (let from = 0, which: 0 | 1 = 0; from < d; from += space.depth, which = which === 0 ? 1 : 0) {
        const to = Math.min(d, from + space.depth);
        packColumns(space.panel(which), all, d, this.index, mean, scale, from, to);
        await summed;
        summed = space.gram(slot, which, to - from);
        summed.catch(() => undefined);
      }
    } finally {
      await summed;
    }
  }

  /** ‖x − x̄‖² of each finite row, and (x − x̄)·x̄. */
  async deviations(): Promise<{ squares: Float64Array; alongMean: Float64Array }> {
    const { d } = this.rows;
    const { mean } = this;
    const squares = new Float64Array(this.index.length);
    const alongMean = new Float64Array(this.index.length);
    const pace = new Pace(this.signal);
    let at = 0;
    for await (const { values, start, end } of chunks(this.rows)) {
      for (; at < this.index.length && this.index[at]! < end; at++) {
        const from = (this.index[at]! - start) * d;
        // even and odd columns: the additions don't wait for each other
        let [s0, s1, m0, m1] = [0, 0, 0, 0];
        for (let j = 0; j + 1 < d; j += 2) {
          const y0 = values[from + j]! - mean[j]!;
          const y1 = values[from + j + 1]! - mean[j + 1]!;
          s0 += y0 * y0;
          s1 += y1 * y1;
          m0 += y0 * mean[j]!;
          m1 += y1 * mean[j + 1]!;
        }
        if (d % 2 === 1) {
          const y = values[from + d - 1]! - mean[d - 1]!;
          s0 += y * y;
          m0 += y * mean[d - 1]!;
        }
        squares[at] = s0 + s1;
        alongMean[at] = m0 + m1;
        if (pace.due()) await pace.rest();
      }
    }
    return { squares, alongMean };
  }

  /** ‖x̄‖². */
  get meanSquare(): number {
    return squaredNorm(this.mean);
  }
}
