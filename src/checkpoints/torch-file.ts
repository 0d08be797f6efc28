/**
 * Weights as `torch.save` writes them, in place: where each tensor's bytes lie in the file. Two formats: a zip archive of
 * stored entries (`data.pkl`, `data/<key>`), since 2020 the default, and the one before it: five pickles one after another
 * (magic number, protocol, system, state dict, keys of the storages), then the storages in the order of the keys, each an
 * 8-byte count of elements and its bytes. Weights are never read, and no pickle is run (torch-state.ts).
 */
import { crc32 } from 'node:zlib';
import {
  looksLikeZip,
  openZip,
  PickleEnd,
  readPickle,
  type ByteSource,
  type PickleRules,
  type ZipArchive,
} from '../bytes/index.js';
import { EigentraceError } from '../errors.js';
import { readState, type TorchState, type TorchStorage } from './torch-state.js';

/** Absolute byte offsets in the file, end exclusive; `dtype` by safetensors' name. */
export interface TorchRange {
  readonly dtype: string;
  readonly shape: number[];
  readonly start: number;
  readonly end: number;
}

export interface TorchFile {
  readonly tensors: Map<string, TorchRange>;
  readonly notes: readonly string[];
}

/** Bytes of a state dict's pickle at most: a model of 10,000 tensors has 2 MB. */
const pickleLimit = 64 * 1024 * 1024;
/** What the old format starts with, as an integer: 0x1950a86a20f9469cfc6c. */
const magic = 0x1950a86a20f9469cfc6cn;
const protocol = 1001;
const firstRead = 256 * 1024;

/** Reads where tensors lie. Errors name the file and the tensor, entry or name. */
export async function readTorchFile(source: ByteSource): Promise<TorchFile> {
  const start = await source.read(0, Math.min(512, source.byteLength));
  const { state, places } = looksLikeZip(start) ? await readArchive(source) : await readOld(source, start);
  const tensors = new Map<string, TorchRange>();
  for (const [name, { storage, dtype, shape, byteOffset, byteLength }] of state.tensors) {
    const from = places.get(storage.key)! + byteOffset;
    tensors.set(name, { dtype, shape, start: from, end: from + byteLength });
  }
  const { others } = state;
  const shown = others.slice(0, 3).join(', ') + (others.length > 3 ? ', …' : '');
  return {
    tensors,
    notes: others.length > 0 ? [`${source.name}: entries that are no tensors left out: ${shown}`] : [],
  };
}

interface Placed {
  readonly state: TorchState;
  /** Where each storage starts, by key. */
  readonly places: ReadonlyMap<string, number>;
}

async function readArchive(source: ByteSource): Promise<Placed> {
  const archive = await openZip(source);
  const pickle = [...archive.entries.keys()].find((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickle === undefined) throw refuse(source, 'a zip archive without data.pkl (expected one that torch.save wrote)');
  const root = pickle.slice(0, -'data.pkl'.length);
  if (archive.entries.has(`${root}constants.pkl`)) {
    const advice = 'save its `state_dict()` with torch.save in Python';
    throw refuse(source, `a TorchScript program, got constants.pkl (expected a state dict); ${advice}`);
  }
  await checkOrder(source, archive, `${root}byteorder`);
  const state = readState(await readEntry(source, archive, pickle, pickleLimit), source.name);
  const places = new Map<string, number>();
  for (const [key, storage] of state.storages) {
    const { start, end } = await archive.locate(`${root}data/${key}`);
    checkSize(source, key, storage, end - start);
    places.set(key, start);
  }
  return { state, places };
}

async function readEntry(source: ByteSource, archive: ZipArchive, name: string, limit: number): Promise<Uint8Array> {
  const { start, end } = await archive.locate(name);
  if (end - start > limit) throw refuse(source, `entry ${name} has ${end - start} bytes (expected at most ${limit})`);
  const bytes = await source.read(start, end);
  const { crc32: expected } = archive.entries.get(name)!;
  // torch can be told to write no checksums: they are 0 then.
  if (expected !== 0 && crc32(bytes) !== expected) {
    throw refuse(source, `entry ${name} does not fit its checksum (damaged; download or copy the file again)`);
  }
  return bytes;
}

async function checkOrder(source: ByteSource, archive: ZipArchive, name: string): Promise<void> {
  if (!archive.entries.has(name)) return;
  const order = Buffer.from(await readEntry(source, archive, name, 16)).toString('latin1');
  if (order !== 'little') throw refuse(source, `byte order ${JSON.stringify(order)} (expected little)`);
}

async function readOld(source: ByteSource, start: Uint8Array): Promise<Placed> {
  const plain: PickleRules = {
    subject: source.name,
    expected: 'what torch.save writes',
    name: () => undefined,
  };
  // A pickle tells its length only by being read: more is taken as it turns out to be longer.
  const { state, keys, at } = await readGrowing(source, (bytes) => {
    const first = readMagic(source, bytes, plain, start);
    const version = readPickle(bytes, plain, first);
    if (version.value !== protocol) throw refuse(source, `protocol ${show(version.value)} (expected ${protocol})`);
    const system = readPickle(bytes, plain, version.end);
    if (!(system.value instanceof Map) || system.value.get('little_endian') !== true) {
      throw refuse(source, 'written on a big-endian machine (expected little-endian)');
    }
    const found = readState(bytes, source.name, system.end);
    const list = readPickle(bytes, plain, found.end);
    return { state: found, keys: list.value, at: list.end };
  });
  if (!Array.isArray(keys)) throw refuse(source, 'no list of storages after the state dict (damaged?)');
  const places = new Map<string, number>();
  let next = at;
  for (const key of (keys as unknown[]).map(show)) {
    const storage = state.storages.get(key);
    if (!storage) throw refuse(source, `storage ${key} belongs to no tensor (damaged?)`);
    if (places.has(key)) throw refuse(source, `storage ${key} is there twice (damaged?)`);
    if (next + 8 > source.byteLength) throw refuse(source, `ends before storage ${key} (truncated?)`);
    const head = await source.read(next, next + 8);
    const count = new DataView(head.buffer, head.byteOffset, 8).getBigInt64(0, true);
    if (count !== BigInt(storage.count)) {
      throw refuse(source, `storage ${key} has ${count} elements, its tensors were told ${storage.count} (damaged?)`);
    }
    places.set(key, next + 8);
    next += 8 + storage.count * storage.elementSize;
    if (next > source.byteLength) {
      const size = storage.count * storage.elementSize;
      throw refuse(source, `storage ${key} of ${size} bytes goes past the end, got ${source.byteLength} (truncated?)`);
    }
  }
  for (const key of state.storages.keys()) {
    if (!places.has(key)) throw refuse(source, `storage ${key} is not in the file (truncated?)`);
  }
  return { state, places };
}

async function readGrowing<T>(source: ByteSource, parse: (bytes: Uint8Array) => T): Promise<T> {
  for (let length = firstRead; ; length *= 4) {
    const taken = Math.min(length, pickleLimit, source.byteLength);
    const bytes = await source.read(0, taken);
    try {
      return parse(bytes);
    } catch (error) {
      if (!(error instanceof PickleEnd) || taken === source.byteLength) throw error;
      if (taken === pickleLimit) throw refuse(source, `its pickles have more than ${pickleLimit} bytes`);
    }
  }
}

/** The byte after the magic number; anything else is named for what it seems to be. */
function readMagic(source: ByteSource, bytes: Uint8Array, rules: PickleRules, start: Uint8Array): number {
  const text = Buffer.from(start).toString('latin1');
  if (text.startsWith('version https://git-lfs')) {
    throw refuse(source, 'a pointer of Git LFS, not the file itself; fetch it with `git lfs pull`');
  }
  if (text.slice(257, 262) === 'ustar') {
    const advice = 'load it with an old torch and save it again';
    throw refuse(source, `a tar archive, as torch before 0.2 wrote them (expected a zip archive); ${advice}`);
  }
  const expected = 'expected a zip archive or the older format of torch.save; truncated, or another kind of file';
  if (start[0] !== 0x80) throw refuse(source, `not a file of torch.save (${expected})`);
  const { value, end } = readPickle(bytes, { ...rules, name: () => undefined });
  if (value !== magic) {
    throw refuse(
      source,
      `a pickle that torch.save did not write, got ${show(value)} for its magic number (${expected})`,
    );
  }
  return end;
}

function checkSize(source: ByteSource, key: string, storage: TorchStorage, got: number): void {
  const expected = storage.count * storage.elementSize;
  if (got !== expected) {
    throw refuse(source, `storage ${key} has ${got} bytes, its tensors were told ${expected} (damaged?)`);
  }
}

function show(value: unknown): string {
  const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint';
  return isPlain ? String(value).slice(0, 80) : typeof value;
}

function refuse(source: ByteSource, what: string): EigentraceError {
  return new EigentraceError('input', `${source.name}: ${what}`);
}
