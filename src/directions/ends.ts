/** The rows furthest along directions, to both sides: scores (f − μ)·u in one pass over the rows, a few kept a side. */
import type { StoredRows } from '../runtime/index.js';

export interface Scored {
  readonly row: number;
  readonly score: number;
}

/** By direction: the furthest rows to either side, furthest first; of equal ones the earlier. Rows that are not finite are passed over. */
export async function furthestRows(
  rows: StoredRows,
  vectors: Float64Array,
  mean: Float64Array,
  count: number,
): Promise<{ positive: Scored[]; negative: Scored[] }[]> {
  const { n, d } = rows;
  const k = vectors.length / d;
  const ends = Array.from({ length: k }, () => ({ positive: [] as Scored[], negative: [] as Scored[] }));
  const step = Math.max(1, Math.floor((4 << 20) / (d * 4)));
  const centred = new Float64Array(d);
  for (let at = 0; at < n; at += step) {
    const part = await rows.read(at, Math.min(n, at + step));
    for (let r = 0; r < part.length / d; r++) {
      let isFinite = true;
      for (let j = 0; j < d; j++) {
        centred[j] = part[r * d + j]! - mean[j]!;
        isFinite &&= Number.isFinite(centred[j]!);
      }
      if (!isFinite) continue;
      for (let u = 0; u < k; u++) {
        let score = 0;
        for (let j = 0; j < d; j++) score += centred[j]! * vectors[u * d + j]!;
        const { positive, negative } = ends[u]!;
        keep(positive, { row: at + r, score }, count, (a, b) => a.score > b.score);
        keep(negative, { row: at + r, score }, count, (a, b) => a.score < b.score);
      }
    }
  }
  // What lies on the mean's other side is no end of this one.
  return ends.map(({ positive, negative }) => ({
    positive: positive.filter(({ score }) => score > 0),
    negative: negative.filter(({ score }) => score < 0),
  }));
}

/** A short sorted list: what comes is put before the first that it is further than. */
function keep(list: Scored[], item: Scored, count: number, further: (a: Scored, b: Scored) => boolean): void {
  if (list.length === count && (count === 0 || !further(item, list[count - 1]!))) return;
  const at = list.findIndex((other) => further(item, other));
  list.splice(at < 0 ? list.length : at, 0, item);
  if (list.length > count) list.pop();
}
