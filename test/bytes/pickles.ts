/** Pickles, zip archives and torch files written opcode by opcode, so that tests can make wrong ones. */
import { crc32 } from 'node:zlib';

/** Bytes of parts: strings are Latin-1, numbers single bytes. */
export function bytesOf(...parts: (string | number | Uint8Array)[]): Buffer {
  return Buffer.concat(
    parts.map((part) =>
      typeof part === 'string' ? Buffer.from(part, 'latin1') : typeof part === 'number' ? Buffer.of(part) : part,
    ),
  );
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function text(value: string): Buffer {
  return bytesOf('X', uint32(Buffer.byteLength(value)), Buffer.from(value, 'utf8'));
}

export function int(value: number): Buffer {
  const digits = Buffer.alloc(10);
  digits[0] = 0x8a;
  digits[1] = 8;
  digits.writeBigInt64LE(BigInt(value), 2);
  return digits;
}

const tuple = (items: readonly Uint8Array[]) => bytesOf('(', ...items, 't');

export interface PickledTensor {
  name: string;
  key: string;
  type?: string;
  count: number;
  offset?: number;
  shape: number[];
  strides?: number[];
}

/** A state dict as torch pickles it. */
export function statePickle(tensors: readonly PickledTensor[], before: Uint8Array = Buffer.alloc(0)): Buffer {
  const items = tensors.map(({ name, key, type = 'FloatStorage', count, offset = 0, shape, strides }) => {
    const storage = tuple([text('storage'), bytesOf(`ctorch\n${type}\n`), text(key), text('cpu'), int(count)]);
    const contiguous = shape.map((_, i) => shape.slice(i + 1).reduce((product, n) => product * n, 1));
    const sizes = [shape, strides ?? contiguous].map((list) => tuple(list.map(int)));
    const hooks = bytesOf('ccollections\nOrderedDict\n)R');
    const args = tuple([bytesOf(storage, 'Q'), int(offset), ...sizes, bytesOf(0x89), hooks]);
    return bytesOf(text(name), 'ctorch._utils\n_rebuild_tensor_v2\n', args, 'R');
  });
  return bytesOf(0x80, 2, before, '}(', ...items, 'u.');
}

/** A tensor with its bytes, and what torch calls its storage. */
export interface StoredTensor {
  name: string;
  dtype: 'F32' | 'F16' | 'BF16';
  shape: readonly number[];
  bytes: Uint8Array;
}

const storageTypes = { F32: 'FloatStorage', F16: 'HalfStorage', BF16: 'BFloat16Storage' };
const pickled = (tensors: readonly StoredTensor[]): PickledTensor[] =>
  tensors.map(({ name, dtype, shape }, i) => ({
    ...{ name, key: String(i), type: storageTypes[dtype], shape: [...shape] },
    count: shape.reduce((product, size) => product * size, 1),
  }));

/** A file of torch.save, a storage a tensor. */
export function torchZip(tensors: readonly StoredTensor[]): Buffer {
  const storages = tensors.map(({ bytes }, i) => ({ name: `m/data/${i}`, data: bytes }));
  return zipOf([{ name: 'm/data.pkl', data: statePickle(pickled(tensors)) }, ...storages]);
}

/** The same as torch wrote it before 1.6. */
export function torchOld(tensors: readonly StoredTensor[]): Buffer {
  const all = pickled(tensors);
  return bytesOf(
    bytesOf(0x80, 2, 0x8a, 10, Buffer.from('6cfc9c46f9206aa85019', 'hex'), '.'),
    bytesOf(0x80, 2, int(1001), '.'),
    bytesOf(0x80, 2, '}(', text('little_endian'), 0x88, 'u.'),
    statePickle(all),
    bytesOf(0x80, 2, '](', ...all.map(({ key }) => text(key)), 'e.'),
    ...all.flatMap(({ count }, i) => [int(count).subarray(2), tensors[i]!.bytes]),
  );
}

export interface ZippedEntry {
  name: string;
  data: Uint8Array;
  method?: number;
  crc?: number;
  /** What the directory says instead of the truth. */
  size?: number;
  compressedSize?: number;
  headerOffset?: number;
  localName?: string;
  flags?: number;
}

/** A zip archive of stored entries. */
export function zipOf(entries: readonly ZippedEntry[], count = entries.length): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name, data, method = 0, crc = crc32(data), ...wrong } of entries) {
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(method, 8);
    const localName = Buffer.from(wrong.localName ?? name);
    local.writeUInt16LE(localName.length, 26);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(wrong.flags ?? 0, 8);
    central.writeUInt16LE(method, 10);
    central.writeUInt32LE(crc, 16);
    central.writeUInt32LE(wrong.compressedSize ?? data.length, 20);
    central.writeUInt32LE(wrong.size ?? data.length, 24);
    central.writeUInt16LE(Buffer.byteLength(name), 28);
    central.writeUInt32LE(wrong.headerOffset ?? at, 42);
    locals.push(Buffer.concat([local, localName, data]));
    directory.push(Buffer.concat([central, Buffer.from(name)]));
    at += locals.at(-1)!.length;
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...locals, ...directory, end]);
}

/** The same archive with its directory found through zip64 records, as files past 4 GiB have them. */
export function asZip64(archive: Buffer): Buffer {
  const end = archive.subarray(-22);
  const record = Buffer.alloc(56);
  record.writeUInt32LE(0x06064b50, 0);
  record.writeBigUInt64LE(44n, 4);
  record.writeBigUInt64LE(BigInt(end.readUInt16LE(10)), 24);
  record.writeBigUInt64LE(BigInt(end.readUInt16LE(10)), 32);
  record.writeBigUInt64LE(BigInt(end.readUInt32LE(12)), 40);
  record.writeBigUInt64LE(BigInt(end.readUInt32LE(16)), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(archive.length - 22), 8);
  locator.writeUInt32LE(1, 16);
  const large = Buffer.from(end);
  large.writeUInt32LE(0xffffffff, 16);
  return Buffer.concat([archive.subarray(0, -22), record, locator, large]);
}
