/**
 * Reads the `.npy` of one pickled object, for tests: a stack machine of just the opcodes that such a file may use,
 * and of just the three names that NumPy needs. Written from the pickle protocol's description, apart from the writer.
 */
type Value = unknown;
interface NumpyArray {
  shape: bigint[];
  dtype: { code: string; order: string };
  data: unknown;
}
const mark = Symbol('mark');
const allowed = ['numpy.core.multiarray._reconstruct', 'numpy.ndarray', 'numpy.dtype'];

/** The object in the 0-d array of a `.npy`; float64 arrays as Float64Array, dicts as Map, ints as bigint. */
export function readNpyObject(bytes: Uint8Array): Value {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const latin1 = (from: number, to: number) => Buffer.from(bytes.subarray(from, to)).toString('latin1');
  if (latin1(0, 8) !== '\x93NUMPY\x01\x00') throw new Error('not a .npy of version 1.0');
  const start = 10 + view.getUint16(8, true);
  if (start % 64 !== 0 || latin1(start - 1, start) !== '\n') throw new Error('header is not padded');
  const header = latin1(10, start).trim();
  if (header !== "{'descr': '|O', 'fortran_order': False, 'shape': (), }") throw new Error(`header ${header}`);
  const array = run(bytes, view, start) as NumpyArray;
  if (array.dtype.code !== 'O8' || array.shape.length !== 0) throw new Error('not a 0-d object array');
  return plain((array.data as Value[])[0]);
}

function run(bytes: Uint8Array, view: DataView, start: number): Value {
  const stack: Value[] = [];
  const toMark = () => stack.splice(stack.lastIndexOf(mark)).slice(1);
  let at = start;
  const take = (length: number) => bytes.subarray(at, (at += length));
  const line = () =>
    Buffer.from(take(bytes.indexOf(10, at) + 1 - at))
      .toString('latin1')
      .trimEnd();
  const word = () => view.getUint32((at += 4) - 4, true);
  const steps: Record<string, () => void> = {
    '\x80': () => {
      if (take(1)[0] !== 3) throw new Error('not protocol 3');
    },
    '(': () => stack.push(mark),
    ')': () => stack.push([]),
    ']': () => stack.push([]),
    '}': () => stack.push(new Map()),
    t: () => stack.push(toMark()),
    N: () => stack.push(null),
    '\x88': () => stack.push(true),
    '\x89': () => stack.push(false),
    G: () => stack.push(view.getFloat64((at += 8) - 8)),
    X: () => stack.push(new TextDecoder('utf-8', { fatal: true }).decode(take(word()))),
    B: () => stack.push(take(word())),
    C: () => stack.push(take(take(1)[0]!)),
    '\x8a': () => {
      const digits = [...take(take(1)[0]!)];
      stack.push(
        BigInt.asIntN(
          8 * digits.length,
          digits.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n),
        ),
      );
    },
    c: () => {
      const name = `${line()}.${line()}`;
      if (!allowed.includes(name)) throw new Error(`names ${name}`);
      stack.push(name);
    },
    R: () => {
      const args = stack.pop() as Value[];
      const name = stack.pop();
      stack.push(name === 'numpy.dtype' ? { code: args[0] } : {});
    },
    b: () => {
      const state = stack.pop() as Value[];
      const object = stack.at(-1) as Record<string, Value>;
      Object.assign(
        object,
        'code' in object ? { order: state[1] } : { shape: state[1], dtype: state[2], data: state[4] },
      );
    },
    a: () => {
      const item = stack.pop();
      (stack.at(-1) as Value[]).push(item);
    },
    u: () => {
      const items = toMark();
      const map = stack.at(-1) as Map<Value, Value>;
      for (let i = 0; i < items.length; i += 2) map.set(items[i], items[i + 1]);
    },
  };
  for (;;) {
    const code = String.fromCharCode(bytes[at++]!);
    if (code === '.') {
      if (at !== bytes.length || stack.length !== 1) throw new Error('the pickle does not end where it should');
      return stack[0];
    }
    const step = steps[code];
    if (!step) throw new Error(`opcode ${JSON.stringify(code)} at ${at - 1}`);
    step();
  }
}

function plain(value: Value): Value {
  if (value instanceof Map) return new Map([...(value as Map<Value, Value>)].map(([k, v]) => [k, plain(v)]));
  if (typeof value !== 'object' || value === null || !('dtype' in value)) return value;
  const { dtype, shape, data } = value as NumpyArray;
  if (dtype.code !== 'f8' || dtype.order !== '<' || shape.length !== 1) throw new Error('not a float64 vector');
  const floats = new Float64Array(Uint8Array.from(data as Uint8Array).buffer);
  if (BigInt(floats.length) !== shape[0]) throw new Error('shape does not fit the data');
  return floats;
}
