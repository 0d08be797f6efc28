/**
 * Packs float32 rows, less a float64 mean, into the layout that the Gram product reads: blocks of up to `blockRows` rows,
 * each [columns/4][rows][4] float64 with zeros in the columns past the last. Both kernels read the same panels, so the
 * mean, the scaling and the choice of rows are done once, here.
 */
import { blockRows, panelWidth } from './kernel.js';

/**
 * Packs rows `index[from..to)` of `source` (row-major, d columns, its first row being row `base`) minus `mean`; a row is
 * multiplied by `scale[row]` first where `scale` is given.
 */
export function packRows(
  panel: Float64Array,
  source: Float32Array,
  base: number,
  d: number,
  index: Int32Array,
  mean: Float64Array,
  scale: Float64Array | null,
): void {
  const width = panelWidth(d);
  for (let first = 0, block = 0; first < index.length; first += blockRows) {
    const rows = Math.min(blockRows, index.length - first);
    // 16 columns at a time: a cache line of the source, four streams into the panel
    for (let j0 = 0; j0 < width; j0 += 16) {
      const j1 = Math.min(j0 + 16, width);
      for (let r = 0; r < rows; r++) {
        const row = index[first + r]!;
        const from = (row - base) * d;
        const factor = scale ? scale[row]! : 1;
        for (let j = j0; j < j1; j += 4) {
          const to = block + j * rows + 4 * r;
          if (j + 4 <= d) {
            panel[to] = source[from + j]! * factor - mean[j]!;
            panel[to + 1] = source[from + j + 1]! * factor - mean[j + 1]!;
            panel[to + 2] = source[from + j + 2]! * factor - mean[j + 2]!;
            panel[to + 3] = source[from + j + 3]! * factor - mean[j + 3]!;
          } else {
            for (let q = 0; q < 4; q++) {
              panel[to + q] = j + q < d ? source[from + j + q]! * factor - mean[j + q]! : 0;
            }
          }
        }
      }
    }
    block += rows * width;
  }
}

/**
 * Packs the transpose: columns `from..to) of the rows `index` become panel rows, so that the Gram of the panel is part of
 * the N×N Gram of the rows. `source` holds every row (row-major, d columns).
 */
export function packColumns(
  panel: Float64Array,
  source: Float32Array,
  d: number,
  index: Int32Array,
  mean: Float64Array,
  scale: Float64Array | null,
  from: number,
  to: number,
): void {
  const n = index.length;
  const width = panelWidth(n);
  for (let first = from, block = 0; first < to; first += blockRows) {
    const rows = Math.min(blockRows, to - first);
    for (let j = 0; j < width; j += 4) {
      for (let q = 0; q < 4; q++) {
        const target = block + j * rows + q;
        if (j + q >= n) {
          for (let r = 0; r < rows; r++) panel[target + 4 * r] = 0;
          continue;
        }
        const row = index[j + q]!;
        const factor = scale ? scale[row]! : 1;
        const start = row * d + first;
        for (let r = 0; r < rows; r++) panel[target + 4 * r] = source[start + r]! * factor - mean[first + r]!;
      }
    }
    block += rows * width;
  }
}
