/**
 * A PyTorch state dict from its pickle: names, shapes and places of tensors, never their bytes. The names that state
 * dicts need are listed here and stand for the few objects below; every other is refused by name, and nothing is run.
 * A tensor is a view of a storage (offset, sizes, strides in elements); several tensors may share one storage.
 */
import { PickleName, readPickle, type PickleRules } from '../bytes/index.js';
import { EigentraceError } from '../errors.js';

/** A run of bytes that tensors are views of. */
export interface TorchStorage {
  readonly key: string;
  /** Null: bytes without a type, as newer dtypes have. */
  readonly dtype: string | null;
  /** Bytes an element of the storage, and how many elements. */
  readonly elementSize: number;
  readonly count: number;
  /** Bytes from the start of the storage that is kept to that of this view (old files only). */
  readonly skip: number;
}

export interface TorchTensor {
  readonly storage: TorchStorage;
  readonly dtype: string;
  readonly shape: number[];
  /** From the start of the kept storage. */
  readonly byteOffset: number;
  readonly byteLength: number;
}

export interface TorchState {
  readonly tensors: Map<string, TorchTensor>;
  /** Every storage that was mentioned, by key. */
  readonly storages: ReadonlyMap<string, TorchStorage>;
  /** Entries that hold no tensor. */
  readonly others: readonly string[];
  /** The byte after the pickle. */
  readonly end: number;
}

/** safetensors' name and bytes an element, by torch's. */
const dtypes: Readonly<Record<string, readonly [string, number]>> = {
  float64: ['F64', 8],
  float32: ['F32', 4],
  float16: ['F16', 2],
  bfloat16: ['BF16', 2],
  int64: ['I64', 8],
  int32: ['I32', 4],
  int16: ['I16', 2],
  int8: ['I8', 1],
  uint8: ['U8', 1],
  uint16: ['U16', 2],
  uint32: ['U32', 4],
  uint64: ['U64', 8],
  bool: ['BOOL', 1],
  complex64: ['C64', 8],
  float8_e4m3fn: ['F8_E4M3', 1],
  float8_e5m2: ['F8_E5M2', 1],
};

const storageTypes: Readonly<Record<string, string>> = {
  'torch.DoubleStorage': 'float64',
  'torch.FloatStorage': 'float32',
  'torch.HalfStorage': 'float16',
  'torch.BFloat16Storage': 'bfloat16',
  'torch.LongStorage': 'int64',
  'torch.IntStorage': 'int32',
  'torch.ShortStorage': 'int16',
  'torch.CharStorage': 'int8',
  'torch.ByteStorage': 'uint8',
  'torch.BoolStorage': 'bool',
  'torch.ComplexFloatStorage': 'complex64',
};
const untyped = new Set(['torch.UntypedStorage', 'torch.storage.UntypedStorage', 'torch.storage._UntypedStorage']);

/** More dimensions than torch itself allows. */
const rankLimit = 64;

/** A tensor before it has a name to be blamed by. */
class View {
  readonly storage: TorchStorage;
  readonly dtype: string;
  readonly elementSize: number;
  readonly offset: number;
  readonly size: readonly number[];
  readonly stride: readonly number[];
  constructor(
    storage: TorchStorage,
    dtype: readonly [string, number],
    offset: number,
    size: number[],
    stride: number[],
  ) {
    this.storage = storage;
    [this.dtype, this.elementSize] = dtype;
    this.offset = offset;
    this.size = size;
    this.stride = stride;
  }
}

/** A storage as an object of the pickle. */
class Storage {
  readonly ref: TorchStorage;
  constructor(ref: TorchStorage) {
    this.ref = ref;
  }
}

/** Reads the state dict pickled at `start`. Errors name the file, the tensor or the name that is refused. */
export function readState(bytes: Uint8Array, subject: string, start = 0): TorchState {
  const storages = new Map<string, TorchStorage>();
  const { value, end } = readPickle(bytes, rulesOf(subject, storages), start);
  if (!(value instanceof Map)) throw refuse(subject, 'holds no state dict (expected a dict of tensors by name)');
  const tensors = new Map<string, TorchTensor>();
  const others: string[] = [];
  for (const [key, item] of value as Map<string | number | bigint, unknown>) {
    const name = String(key);
    if (item instanceof View) tensors.set(name, tensorOf(subject, name, item));
    else others.push(name);
  }
  if (tensors.size === 0 && others.length > 0) {
    const shown = others.slice(0, 4).join(', ');
    const advice = 'save its model alone, with `torch.save(checkpoint[KEY], "pytorch_model.bin")` in Python';
    throw refuse(subject, `holds no tensors by name, got a dict of ${shown} (a training checkpoint?); ${advice}`);
  }
  return { tensors, storages, others, end };
}

function rulesOf(subject: string, storages: Map<string, TorchStorage>): PickleRules {
  const fault = (what: string) => refuse(subject, what);
  let work = 0;
  const dict = (args: readonly unknown[]): Map<unknown, unknown> => {
    const map = new Map<unknown, unknown>();
    for (const pair of args.length === 0 ? [] : listOf(args[0], fault)) {
      // A list may be referred to again and again: what is copied is bounded in all.
      if (++work > 1_000_000) throw fault('more than 1000000 items in its dicts');
      const [key, item] = listOf(pair, fault);
      if (typeof key !== 'string') throw fault('has a dict whose key is no string');
      map.set(key, item);
    }
    return map;
  };
  const viewOf = (args: readonly unknown[], dtype: readonly [string, number] | null): View => {
    const [storage, offset, size, stride] = args;
    if (!(storage instanceof Storage)) throw fault('makes a tensor of something that is no storage');
    const type = dtype ?? typeOf(storage.ref);
    if (!type) throw fault('makes a tensor of a storage without a dtype');
    const [shape, strides] = [countsOf(size, fault), countsOf(stride, fault)];
    if (strides.length !== shape.length)
      throw fault(`makes a tensor of ${shape.length} sizes and ${strides.length} strides`);
    return new View(storage.ref, type, countOf(offset, fault), shape, strides);
  };
  const tensorIn = (args: readonly unknown[]): View => {
    if (!(args[0] instanceof View)) throw fault('makes a parameter of something that is no tensor');
    return args[0];
  };
  const calls: Readonly<Record<string, (args: readonly unknown[]) => unknown>> = {
    'collections.OrderedDict': dict,
    'torch.Size': (args) => Object.freeze(args.length === 0 ? [] : countsOf(args[0], fault)),
    'torch._utils._rebuild_tensor': (args) => viewOf(args, null),
    'torch._utils._rebuild_tensor_v2': (args) => viewOf(args, null),
    'torch._utils._rebuild_tensor_v3': (args) => {
      const dtype = args[6] instanceof PickleName ? dtypes[args[6].name.replace('torch.', '')] : undefined;
      if (!dtype) throw fault('makes a tensor without a dtype');
      return viewOf(args, dtype);
    },
    'torch._utils._rebuild_parameter': tensorIn,
    'torch._utils._rebuild_parameter_with_state': tensorIn,
  };
  return {
    subject,
    expected: 'tensors of a state dict and nothing else',
    name: (name) => {
      const dtype = name.startsWith('torch.') ? name.slice('torch.'.length) : '';
      if (Object.hasOwn(calls, name)) return new PickleName(name, calls[name]);
      const isKnown = Object.hasOwn(storageTypes, name) || untyped.has(name) || Object.hasOwn(dtypes, dtype);
      return isKnown ? new PickleName(name) : undefined;
    },
    persistent: (id) => {
      const ref = storageOf(id, fault);
      const known = storages.get(ref.key);
      if (known && (known.count !== ref.count || known.elementSize !== ref.elementSize)) {
        throw fault(`storage ${ref.key} is there with two sizes, ${known.count} and ${ref.count} elements (damaged?)`);
      }
      storages.set(ref.key, ref);
      return new Storage(ref);
    },
  };
}

/** `('storage', TYPE, key, location, count)`, in old files with a view `(key, offset, count)` or None after it. */
function storageOf(id: unknown, fault: Fault): TorchStorage {
  const [kind, type, key, , count, view] = listOf(id, fault);
  if (kind !== 'storage' || !(type instanceof PickleName) || (typeof key !== 'string' && typeof key !== 'number')) {
    throw fault(
      `refers to ${typeof kind === 'string' ? `a ${kind.slice(0, 40)}` : 'data'} outside it (expected storages)`,
    );
  }
  const isUntyped = untyped.has(type.name);
  const torchName = storageTypes[type.name];
  if (!isUntyped && torchName === undefined) throw fault(`has a storage of type ${type.name}`);
  const [dtype, elementSize] = isUntyped ? [null, 1] : dtypes[torchName!]!;
  const offset = view === undefined || view === null ? 0 : countOf(listOf(view, fault)[1], fault);
  return { key: String(key), dtype, elementSize, count: countOf(count, fault), skip: offset * elementSize };
}

function typeOf({ dtype, elementSize }: TorchStorage): readonly [string, number] | null {
  return dtype === null ? null : [dtype, elementSize];
}

/** A view checked against its storage; only contiguous ones are byte ranges. */
function tensorOf(subject: string, name: string, view: View): TorchTensor {
  const { storage, dtype, elementSize, size, stride } = view;
  const elements = size.reduce((product, n) => product * n, 1);
  let expected = 1;
  for (let i = size.length - 1; i >= 0 && elements > 0; i--) {
    if (size[i] !== 1 && stride[i] !== expected) {
      const what = `tensor ${name} of shape [${size.join(', ')}] is not contiguous, got strides [${stride.join(', ')}]`;
      throw refuse(subject, `${what} (expected row-major); save it with \`.contiguous()\` in Python`);
    }
    expected *= size[i]!;
  }
  const byteOffset = storage.skip + view.offset * elementSize;
  const byteLength = elements * elementSize;
  const stored = storage.count * storage.elementSize;
  if (!Number.isSafeInteger(byteLength) || !Number.isSafeInteger(byteOffset) || byteOffset + byteLength > stored) {
    const what = `tensor ${name} of shape [${size.join(', ')}] at byte ${byteOffset}`;
    throw refuse(subject, `${what} goes past its storage of ${stored} bytes (damaged?)`);
  }
  return { storage, dtype, shape: [...size], byteOffset, byteLength };
}

type Fault = (what: string) => EigentraceError;

function listOf(value: unknown, fault: Fault): readonly unknown[] {
  if (!Array.isArray(value)) throw fault('has something else where a tuple or list should be (damaged?)');
  return value as readonly unknown[];
}

function countOf(value: unknown, fault: Fault): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    const got = typeof value === 'number' || typeof value === 'bigint' ? String(value) : typeof value;
    throw fault(`has ${got} where a size or an offset should be (damaged?)`);
  }
  return value;
}

function countsOf(value: unknown, fault: Fault): number[] {
  const list = listOf(value, fault);
  if (list.length > rankLimit)
    throw fault(`makes a tensor of ${list.length} dimensions (expected at most ${rankLimit})`);
  return list.map((item) => countOf(item, fault));
}

function refuse(subject: string, what: string): EigentraceError {
  return new EigentraceError('input', `${subject}: ${what}`);
}
