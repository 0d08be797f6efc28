/**
 * NumPy's `.npy` of one pickled object, as `np.save(path, {...})` writes it: dicts, lists, numbers, strings and arrays of
 * numbers, read by the restricted unpickler (pickle.ts). NumPy 1 calls its functions `numpy.core.…`, NumPy 2 `numpy._core.…`;
 * both are known, and nothing else is. Sizes are checked against the bytes that are there before anything is made.
 */
import { EigentraceError } from '../errors.js';
import { PickleName, readPickle } from './pickle.js';

/** An array of the pickle: numbers as float64 whatever their type (integers past 2^53 are rounded), or objects. */
export class NpyArray {
  shape: readonly number[] = [];
  values: Float64Array | readonly unknown[] = [];
}

/** A dtype: `f8` and a byte order. */
class Dtype {
  readonly code: string;
  order = '<';
  constructor(code: string) {
    this.code = code;
  }
}

type Reader = (view: DataView, at: number, isLittle: boolean) => number;
const numbers: Readonly<Record<string, readonly [number, Reader]>> = {
  f8: [8, (view, at, little) => view.getFloat64(at, little)],
  f4: [4, (view, at, little) => view.getFloat32(at, little)],
  i8: [8, (view, at, little) => Number(view.getBigInt64(at, little))],
  u8: [8, (view, at, little) => Number(view.getBigUint64(at, little))],
  i4: [4, (view, at, little) => view.getInt32(at, little)],
  u4: [4, (view, at, little) => view.getUint32(at, little)],
  i2: [2, (view, at, little) => view.getInt16(at, little)],
  u2: [2, (view, at, little) => view.getUint16(at, little)],
  i1: [1, (view, at) => view.getInt8(at)],
  u1: [1, (view, at) => view.getUint8(at)],
  b1: [1, (view, at) => view.getUint8(at)],
};

/** The object: dicts are Maps, arrays `NpyArray`, tuples and lists arrays. `subject`: what errors call the file. */
export function readNpyObject(bytes: Uint8Array, subject: string): unknown {
  const start = objectStart(bytes, subject);
  const { value, end } = readPickle(bytes, rulesOf(subject), start);
  if (end !== bytes.length) throw fault(subject, `${bytes.length - end} bytes after the pickle (expected none)`);
  if (!(value instanceof NpyArray) || value.shape.length !== 0 || !Array.isArray(value.values)) {
    throw fault(subject, 'holds an array of objects (expected one object, as np.save writes a dict)');
  }
  return value.values[0];
}

/** The byte after the header, which must tell of one object. */
function objectStart(bytes: Uint8Array, subject: string): number {
  const latin1 = (from: number, to: number) => Buffer.from(bytes.subarray(from, to)).toString('latin1');
  const version = bytes[6];
  if (bytes.length < 12 || latin1(0, 6) !== '\x93NUMPY' || version === undefined || version < 1 || version > 3) {
    throw fault(subject, 'not a .npy file (expected one that np.save wrote)');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const from = version === 1 ? 10 : 12;
  const start = from + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (start > bytes.length || start - from > 65_536) throw fault(subject, 'its header goes past its end (truncated?)');
  const header = latin1(from, start);
  const descr = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  if (descr !== '|O') {
    throw fault(subject, `holds an array of ${descr ?? 'an unknown type'} (expected one pickled object, '|O')`);
  }
  return start;
}

function rulesOf(subject: string): Parameters<typeof readPickle>[1] {
  const dtype = new PickleName('numpy.dtype', ([code]) => new Dtype(String(code)));
  const codec = (args: readonly unknown[]) => {
    const [text, name] = args;
    if (typeof text !== 'string' || name !== 'latin1') throw fault(subject, 'encodes text otherwise than as latin1');
    return Buffer.from(text, 'latin1');
  };
  const inner: Readonly<Record<string, (args: readonly unknown[]) => unknown>> = {
    'multiarray._reconstruct': () => new NpyArray(),
    'multiarray.scalar': ([type, data]) => numbersOf(subject, type, [], data)[0],
    'numeric._frombuffer': ([data, type, shape]) => {
      const array = new NpyArray();
      array.shape = shapeOf(subject, shape);
      array.values = numbersOf(subject, type, array.shape, data);
      return array;
    },
  };
  return {
    subject,
    expected: 'numbers, strings, dicts and arrays of numbers',
    name: (name) => {
      if (name === 'numpy.dtype') return dtype;
      if (name === 'numpy.ndarray') return new PickleName(name);
      if (name === '_codecs.encode') return new PickleName(name, codec);
      const call = /^numpy\._?core\./.test(name) ? inner[name.replace(/^numpy\._?core\./, '')] : undefined;
      return call && new PickleName(name, call);
    },
    build: (object, state) => {
      if (object instanceof Map) return;
      if (!Array.isArray(state)) throw fault(subject, 'sets a state that is no tuple (damaged?)');
      const parts = state as readonly unknown[];
      if (object instanceof Dtype) object.order = String(parts[1]);
      else if (object instanceof NpyArray) fill(subject, object, parts);
      else throw fault(subject, 'sets the state of something that is no array (damaged?)');
    },
  };
}

/** `(version, shape, dtype, isFortran, data)`. */
function fill(subject: string, array: NpyArray, [, shape, dtype, isFortran, data]: readonly unknown[]): void {
  array.shape = shapeOf(subject, shape);
  if (isFortran === true && array.shape.length > 1) throw fault(subject, 'holds an array in Fortran order');
  if (!(dtype instanceof Dtype) || dtype.code !== 'O8') {
    array.values = numbersOf(subject, dtype, array.shape, data);
    return;
  }
  if (!Array.isArray(data) || data.length !== countOf(array.shape)) {
    throw fault(subject, `an array of shape [${array.shape.join(', ')}] has other than so many objects (damaged?)`);
  }
  array.values = data;
}

function numbersOf(subject: string, dtype: unknown, shape: readonly number[], data: unknown): Float64Array {
  const [size, read] = (dtype instanceof Dtype ? numbers[dtype.code] : undefined) ?? [0, null];
  if (!(dtype instanceof Dtype) || read === null) {
    const got = dtype instanceof Dtype ? dtype.code.slice(0, 20) : typeof dtype;
    throw fault(subject, `an array of type ${got} (expected one of ${Object.keys(numbers).join(', ')})`);
  }
  // Python 2 wrote bytes as strings.
  const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data;
  const count = countOf(shape);
  if (!(bytes instanceof Uint8Array) || bytes.length !== count * size) {
    const got = bytes instanceof Uint8Array ? `${bytes.length} bytes` : typeof bytes;
    throw fault(subject, `an array of ${dtype.code} and shape [${shape.join(', ')}] has ${got} (damaged?)`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float64Array.from({ length: count }, (_, i) => read(view, i * size, dtype.order !== '>'));
}

function shapeOf(subject: string, shape: unknown): readonly number[] {
  const isShape = Array.isArray(shape) && shape.length <= 32 && shape.every((n) => Number.isSafeInteger(n) && n >= 0);
  if (!isShape) throw fault(subject, 'an array whose shape is no tuple of sizes (damaged?)');
  return shape as readonly number[];
}

function countOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

function fault(subject: string, what: string): EigentraceError {
  return new EigentraceError('input', `${subject}: ${what}`);
}
