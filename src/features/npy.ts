/**
 * The header of NumPy's `.npy` format, versions 1 to 3: magic `\x93NUMPY`, version, length of the header, then a Python
 * dict of `descr`, `fortran_order` and `shape`, parsed by its grammar and never evaluated. Arrays of objects are pickles:
 * they are refused, nothing is ever unpickled. Source: numpy.lib.format.
 */
import type { ByteSource } from '../bytes/index.js';
import { EigentraceError } from '../errors.js';
import type { FloatFormat } from '../bytes/floats.js';
import { checkShape, sizeOf, type Matrix } from './matrix.js';

/** A header of a matrix takes 128 bytes; NumPy itself refuses to parse more than 10,000. */
const headerLimit = 65_536;
/** At most this many bytes hold a header with what is before it. */
export const npyHeadBytes = headerLimit + 12;

const formats: Readonly<Record<string, FloatFormat>> = {
  '<f2': { type: 'float16', bigEndian: false },
  '<f4': { type: 'float32', bigEndian: false },
  '<f8': { type: 'float64', bigEndian: false },
  '>f2': { type: 'float16', bigEndian: true },
  '>f4': { type: 'float32', bigEndian: true },
  '>f8': { type: 'float64', bigEndian: true },
};

/** What a header says, before it is judged. */
export interface NpyHeader {
  readonly descr: string;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
  /** Byte of the first number. */
  readonly start: number;
}

/** The matrix in a `.npy` file. Everything is checked before a number is read. */
export async function readNpy(source: ByteSource): Promise<Matrix> {
  const head = await source.read(0, Math.min(source.byteLength, npyHeadBytes));
  return matrixOf(source.name, parseNpy(source.name, head), source.byteLength);
}

/** Reads the header from the first bytes of a file. */
export function parseNpy(name: string, head: Uint8Array): NpyHeader {
  const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
  if (head.length < 10 || magic.some((byte, i) => head[i] !== byte)) {
    throw refuse(name, `not a .npy file, got ${head.length} bytes that do not start with \\x93NUMPY (damaged?)`);
  }
  const major = head[6]!;
  if (major < 1 || major > 3) throw refuse(name, `.npy version not known, got ${major}.${head[7]} (expected 1 to 3)`);
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const textStart = major === 1 ? 10 : 12;
  const length = major === 1 ? view.getUint16(8, true) : head.length < 12 ? 0 : view.getUint32(8, true);
  if (length > headerLimit || textStart + length > head.length) {
    throw refuse(name, `.npy header of ${length} bytes does not fit (expected at most ${headerLimit}; truncated?)`);
  }
  const text = new TextDecoder(major === 3 ? 'utf-8' : 'latin1').decode(head.subarray(textStart, textStart + length));
  return { ...parseDict(name, text), start: textStart + length };
}

/** Judges a header: a matrix of numbers in C order that the file holds whole, and nothing else. */
export function matrixOf(name: string, header: NpyHeader, byteLength: number): Matrix {
  const { descr, fortranOrder, shape, start } = header;
  const format = formats[descr];
  if (!format) throw refuse(name, unusable(descr));
  const { n, d } = checkShape(name, shape);
  if (fortranOrder && n > 1 && d > 1) {
    throw refuse(name, 'in Fortran order (expected C order: save it with `np.save(path, np.ascontiguousarray(x))`)');
  }
  const end = start + sizeOf({ n, d, format });
  if (end !== byteLength) {
    throw refuse(name, `${descr} of shape (${n}, ${d}) ends at byte ${end}, got ${byteLength} bytes (damaged?)`);
  }
  return { n, d, format, start };
}

function unusable(descr: string): string {
  if (/O/.test(descr)) {
    return `an array of Python objects, got ${descr}: it would have to be unpickled, which can run any code (expected float16, float32 or float64: save a plain array of numbers)`;
  }
  const advice = /^[<>|=]?V2$/.test(descr) ? '; bfloat16 is saved as V2: use `.float().numpy()`' : '';
  return `numbers can't be used, got dtype ${descr} (expected float16, float32 or float64${advice})`;
}

/** `{'descr': '<f4', 'fortran_order': False, 'shape': (600, 128), }` and nothing else; keys in any order, each once. */
function parseDict(name: string, text: string): Omit<NpyHeader, 'start'> {
  const body = /^\s*\{([^]*)\}\s*$/.exec(text)?.[1];
  const pair = /\s*(['"])(descr|fortran_order|shape)\1\s*:\s*('[^'\\]*'|"[^"\\]*"|True|False|\([\d,\sL]*\))\s*(?:,|$)/y;
  const found: Record<string, string> = {};
  let at = 0;
  while (body !== undefined && at < body.trimEnd().length) {
    pair.lastIndex = at;
    const match = pair.exec(body);
    if (!match || found[match[2]!] !== undefined) {
      const structured = /^\s*['"]descr['"]\s*:\s*\[/.test(body.slice(at));
      if (structured) throw refuse(name, 'a structured array (expected a plain matrix of float16, float32 or float64)');
      throw refuse(name, `.npy header can't be read, got ${JSON.stringify(text.slice(0, 120))} (damaged?)`);
    }
    found[match[2]!] = match[3]!;
    at = pair.lastIndex;
  }
  const { descr, fortran_order: order, shape } = found;
  const isWhole = /^['"]/.test(descr ?? '') && /^[TF]/.test(order ?? '') && shape?.startsWith('(');
  if (!isWhole) throw refuse(name, `.npy header lacks a key, got ${JSON.stringify(text.slice(0, 120))} (damaged?)`);
  const numbers = (shape!.match(/\d+/g) ?? []).map(Number);
  return { descr: descr!.slice(1, -1), fortranOrder: order === 'True', shape: numbers };
}

function refuse(name: string, what: string): EigentraceError {
  return new EigentraceError('input', `${name}: ${what}`);
}
