/**
 * A matrix of numbers inside a file, N rows of d columns in C order from a byte on: what every format comes down to.
 * Rows are read by byte range, nothing is kept, so memory does not grow with the file.
 */
import type { ByteSource } from '../bytes/index.js';
import { EigentraceError } from '../errors.js';
import { toFloat32, widthOf, type FloatFormat } from '../bytes/floats.js';

/** Where a matrix lies. */
export interface Matrix {
  readonly n: number;
  readonly d: number;
  readonly format: FloatFormat;
  /** Byte of the first number. */
  readonly start: number;
}

/** Representations (n, d) float32, in order: `Rows` of src/spectrum. */
export interface Rows {
  readonly n: number;
  readonly d: number;
  read(start: number, end: number): Promise<Float32Array>;
}

/** More columns are no representation, and one row of them would be large. */
export const widest = 1 << 20;
const longest = 2 ** 31 - 1;

/** The shape of a matrix of representations; `what` names the array in errors. */
export function checkShape(what: string, shape: readonly number[]): { n: number; d: number } {
  const [n, d] = shape;
  const got = `got shape (${shape.join(', ')})`;
  if (shape.length !== 2 || n === undefined || d === undefined) {
    const hint = shape.length === 3 ? '; one row a sequence: take its last real token, not all of them' : '';
    throw new EigentraceError('input', `${what}: not a matrix, ${got} (expected (N, d): N rows of d columns${hint})`);
  }
  if (d < 1 || d > widest || n > longest) {
    throw new EigentraceError('input', `${what}: ${got} (expected 1 to ${widest} columns and at most ${longest} rows)`);
  }
  return { n, d };
}

/** Bytes that a matrix takes: safe, since shapes were checked. */
export function sizeOf({ n, d, format }: Pick<Matrix, 'n' | 'd' | 'format'>): number {
  return n * d * widthOf(format.type);
}

/** The rows of a matrix; each read takes just its own bytes. */
export function rowsOf(source: Pick<ByteSource, 'read'>, { n, d, format, start }: Matrix): Rows {
  const row = d * widthOf(format.type);
  return {
    n,
    d,
    read: async (from, to) => toFloat32(await source.read(start + from * row, start + to * row), format),
  };
}

/** A part [start, end) of a source as a source of its own. */
export function partOf(source: ByteSource, start: number, end: number, name: string): ByteSource {
  const byteLength = end - start;
  return {
    name,
    byteLength,
    read: (from, to) => {
      if (from >= 0 && from <= to && to <= byteLength) return source.read(start + from, start + to);
      const message = `${name}: cannot read bytes ${from}..${to}, it has ${byteLength} (truncated?)`;
      return Promise.reject(new EigentraceError('input', message));
    },
  };
}
