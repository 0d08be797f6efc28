/**
 * NumPy's `.npy` of one Python object, as `np.save(path, {...})` writes it and
 * `np.load(path, allow_pickle=True).item()` reads it: the header of a 0-d object array, then that array pickled.
 * The pickle (protocol 3, Python 3.0 and later) holds only dicts, lists, tuples, str, int, float, None and float64
 * arrays, and names only `numpy.ndarray`, `numpy.dtype` and `numpy.core.multiarray._reconstruct`, which NumPy 1 and 2
 * both resolve. Written only; we never unpickle.
 */
import { npyHeader } from '../bytes/index.js';
import { EigentraceError } from '../errors.js';

/** A bigint becomes an int, a number a float, a Map a dict, a Float64Array a one-dimensional float64 array. */
export type PythonValue = null | string | number | bigint | Float64Array | Map<string | bigint, PythonValue>;

/** The bytes of a `.npy` file that holds one object. */
export function encodeNpyObject(value: PythonValue): Uint8Array {
  const pickle = new Pickle();
  pickle.array([], objectType, () => {
    pickle.op(']');
    pickle.value(value);
    pickle.op('a');
  });
  return Buffer.concat([npyHeader('|O', []), Buffer.from([0x80, 3]), ...pickle.parts, Buffer.from('.')]);
}

/** Arguments of `numpy.dtype` and its state: byte order and flags. */
const objectType = { code: 'O8', order: '|', flags: 63n } as const;
const floatType = { code: 'f8', order: '<', flags: 0n } as const;

class Pickle {
  readonly parts: Uint8Array[] = [];

  op(code: string, bytes: Uint8Array = new Uint8Array()): void {
    this.parts.push(Buffer.from(code, 'latin1'), bytes);
  }

  value(value: PythonValue | boolean): void {
    if (value === null) this.op('N');
    else if (typeof value === 'boolean') this.op(value ? '\x88' : '\x89');
    else if (typeof value === 'string') this.#text(value);
    else if (typeof value === 'bigint') this.#integer(value);
    else if (typeof value === 'number') this.#float(value);
    else if (value instanceof Float64Array) this.#floats(value);
    else this.#dict(value);
  }

  /** `_reconstruct(ndarray, (0,), b'b')`, then its state `(1, shape, dtype, False, data)`. */
  array(shape: readonly bigint[], type: typeof objectType | typeof floatType, data: () => void): void {
    this.op('cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n');
    this.#tuple([0n]);
    this.op('C', Buffer.from([1, 0x62]));
    this.op('tR(');
    this.value(1n);
    this.#tuple(shape);
    this.op('cnumpy\ndtype\n');
    this.#tuple([type.code, false, true]);
    this.op('R');
    this.#tuple([3n, type.order, null, null, null, -1n, -1n, type.flags]);
    this.op('b');
    this.value(false);
    data();
    this.op('tb');
  }

  #tuple(items: readonly (PythonValue | boolean)[]): void {
    this.op('(');
    for (const item of items) this.value(item);
    this.op('t');
  }

  #dict(map: Map<string | bigint, PythonValue>): void {
    this.op('}(');
    for (const [key, value] of map) {
      this.value(key);
      this.value(value);
    }
    this.op('u');
  }

  #text(text: string): void {
    const bytes = Buffer.from(text, 'utf8');
    this.op('X', uint32(bytes.length));
    this.parts.push(bytes);
  }

  #integer(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) {
      throw new EigentraceError(
        'internal',
        `internal: an integer of at most 64 bits is needed, got ${value.toString()}`,
      );
    }
    const bytes = Buffer.alloc(9, 8);
    bytes.writeBigInt64LE(value, 1);
    this.op('\x8a', bytes);
  }

  #float(value: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value);
    this.op('G', bytes);
  }

  #floats(values: Float64Array): void {
    this.array([BigInt(values.length)], floatType, () => {
      this.op('B', uint32(values.byteLength));
      this.parts.push(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    });
  }
}

function uint32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
