/**
 * The rows of one layer, and the passes over them. `read` may come from memory or a scratch file; every pass reads whole
 * rows in corpus order.
 */
import { EigentraceError } from '../errors.js';

/** Representations (n, d) float32, row-major, in corpus order. */
export interface Rows {
  readonly n: number;
  readonly d: number;
  /** Rows start..end: (end − start)·d values, not changed by the reader and read before the next call. */
  read(start: number, end: number): Float32Array | Promise<Float32Array>;
}

/** Bytes of one read. */
const chunkBytes = 8 << 20;

/** The rows in chunks of a few MiB: their values and the number of the first row. */
export async function* chunks(rows: Rows): AsyncGenerator<{ values: Float32Array; start: number; end: number }> {
  const step = Math.max(1, Math.floor(chunkBytes / 4 / rows.d));
  for (let start = 0; start < rows.n; start += step) {
    const end = Math.min(rows.n, start + step);
    yield { values: await readRows(rows, start, end), start, end };
  }
}

export async function readRows(rows: Rows, start: number, end: number): Promise<Float32Array> {
  const values = await rows.read(start, end);
  const expected = (end - start) * rows.d;
  if (values.length !== expected) {
    throw new EigentraceError(
      'internal',
      `internal: rows ${start}..${end} have ${values.length} values, not ${expected}`,
    );
  }
  return values;
}
