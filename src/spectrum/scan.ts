/**
 * The first pass over the rows of a layer: which are finite, and their sums. Then the passes that sum Grams of a choice
 * of rows. Rows with NaN or Inf drop out and leave their group smaller; the groups stay those of the corpus index.
 */
import { packColumns } from './kernel/panel.js';
import type { Deviations, Kernel, Workspace } from './kernel/kernel.js';
import { chunks, readRows, type Rows } from './rows.js';
import { RowSums, squaredNorm } from './row-sums.js';

/** Bytes of rows read at once. */
const stagedBytes = 8 << 20;

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

  private constructor(rows: Rows, groups: Uint8Array, sums: RowSums, norms: Float64Array) {
    this.rows = rows;
    this.groups = groups;
    this.sums = sums;
    this.norms = norms;
    this.mean = sums.mean();
    this.index = Int32Array.from(norms.keys()).filter((i) => !Number.isNaN(norms[i]!));
  }

  static of(rows: Rows, groups: Uint8Array, count: number, kernel: Kernel, signal?: AbortSignal): Promise<Scan> {
    const sums = new RowSums(rows.d, count);
    const norms = new Float64Array(rows.n);
    const index = Int32Array.from({ length: rows.n }, (_, i) => i);
    return kernel.use(rows.d, 0, signal, async (space) => {
      await staged(space, rows, index, async (which, part) => {
        const start = part[0]!;
        norms.set(await space.rowSums(which, groups.subarray(start, start + part.length), sums), start);
      });
      return new Scan(rows, groups, sums, norms);
    });
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
    await staged(space, this.rows, index, (which, part) => {
      const factors = scale ? Float64Array.from(part, (row) => scale[row]!) : null;
      return space.covariance(slot, which, part.length, mean, factors);
    });
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
  deviations(kernel: Kernel, signal?: AbortSignal): Promise<Deviations> {
    const squares = new Float64Array(this.index.length);
    const alongMean = new Float64Array(this.index.length);
    return kernel.use(this.rows.d, 0, signal, async (space) => {
      let at = 0;
      await staged(space, this.rows, this.index, async (which, part) => {
        const found = await space.deviations(which, part.length, this.mean);
        squares.set(found.squares, at);
        alongMean.set(found.alongMean, at);
        at += part.length;
      });
      return { squares, alongMean };
    });
  }

  /** ‖x̄‖². */
  get meanSquare(): number {
    return squaredNorm(this.mean);
  }
}

/** Works on the rows `index`, ascending, in parts that the kernel takes: one is copied to it while it works on another. */
async function staged(
  space: Workspace,
  rows: Rows,
  index: Int32Array,
  work: (which: 0 | 1, part: Int32Array) => Promise<void>,
): Promise<void> {
  let working = Promise.resolve();
  try {
    for (let first = 0, which: 0 | 1 = 0; first < index.length; first += space.depth, which = which === 0 ? 1 : 0) {
      const part = index.subarray(first, first + space.depth);
      await stage(space, rows, which, part);
      await working;
      working = work(which, part);
      working.catch(() => undefined);
    }
  } finally {
    await working;
  }
}

/** Copies the rows `index` into the kernel. */
async function stage(space: Workspace, rows: Rows, which: 0 | 1, index: Int32Array): Promise<void> {
  const { d } = rows;
  const step = Math.max(1, Math.floor(stagedBytes / 4 / d));
  for (let at = 0; at < index.length;) {
    const start = index[at]!;
    // Rows between the chosen ones are read too, unless they are far apart.
    let to = at + 1;
    while (to < index.length && index[to]! < start + step) to++;
    const end = index[to - 1]! + 1;
    const values = await readRows(rows, start, end);
    const target = space.stage(which);
    if (end - start === to - at) {
      target.set(values, at * d);
      at = to;
    }
    for (; at < to; at++) {
      const from = (index[at]! - start) * d;
      target.set(values.subarray(from, from + d), at * d);
    }
  }
}
