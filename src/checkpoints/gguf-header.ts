/**
 * The header of a GGUF file, versions 2 and 3: metadata by key, and where each tensor lies (the format's specification in
 * ggml's docs/gguf.md). Read in windows through a ByteSource; counts and lengths are checked against the bytes that are
 * left before memory is taken. Limits: little-endian; arrays are not kept beyond a few thousand numbers (vocabularies are
 * walked over); no arrays of arrays.
 */
import type { ByteSource } from '../bytes/index.js';
import { EigentraceError } from '../errors.js';
import { ggmlType, type GgmlType } from './gguf-blocks.js';

/** A list that was too long to keep, or one of texts, is null. */
export type GgufValue = number | boolean | string | readonly number[] | null;

export interface GgufTensor {
  readonly name: string;
  readonly type: GgmlType;
  /** As everywhere else, rows first (the file has it reversed). */
  readonly shape: number[];
  /** First byte in the file, and length. */
  readonly start: number;
  readonly byteLength: number;
}

export interface GgufHeader {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: readonly GgufTensor[];
}

const windowBytes = 1 << 20;
const nameLimit = 65_535;
const textLimit = 1 << 20;
const keptNumbers = 4096;

/** Reads the header. Errors name the file and the key or tensor. */
export async function readGgufHeader(source: ByteSource): Promise<GgufHeader> {
  const cursor = new Cursor(source);
  const magic = source.byteLength < 24 ? '' : await cursor.text(4, 'the magic');
  if (magic !== 'GGUF') throw cursor.fault(`is not a GGUF file, got ${source.byteLength} bytes without its magic`);
  const version = await cursor.uint32();
  if (version !== 0 && version % 65_536 === 0) throw cursor.fault('is big-endian (expected little-endian)');
  if (version !== 2 && version !== 3) throw cursor.fault(`version: got ${version} (expected 2 or 3)`);
  // A tensor takes 24 bytes at least (and 8 a dimension), a key 13.
  const tensorCount = await cursor.count('tensors', 24);
  const keyCount = await cursor.count('keys', 13);
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < keyCount; i++) {
    const key = await cursor.name(`key ${i}`);
    if (metadata.has(key)) throw cursor.fault(`key ${key} is there twice`);
    metadata.set(key, await readValue(cursor, key));
  }
  const alignment = metadata.get('general.alignment') ?? 32;
  if (typeof alignment !== 'number' || !Number.isInteger(Math.log2(alignment)) || alignment < 1 || alignment > 65_536) {
    throw cursor.fault(`general.alignment: got ${String(alignment)} (expected a power of two)`);
  }
  const found = [];
  for (let i = 0; i < tensorCount; i++) found.push(await readTensor(cursor, i));
  const data = Math.ceil(cursor.position / alignment) * alignment;
  const tensors = found.map(({ offset, ...tensor }) => {
    if (offset % alignment !== 0) throw cursor.fault(`tensor ${tensor.name}: offset ${offset} is not aligned`);
    const start = data + offset;
    if (start + tensor.byteLength > source.byteLength) {
      const end = start + tensor.byteLength;
      throw cursor.fault(`tensor ${tensor.name}: ends at byte ${end}, got ${source.byteLength} bytes (truncated?)`);
    }
    return { ...tensor, start };
  });
  checkApart(cursor, tensors);
  return { metadata, tensors };
}

function checkApart(cursor: Cursor, tensors: readonly GgufTensor[]): void {
  const names = new Set(tensors.map(({ name }) => name));
  if (names.size < tensors.length) throw cursor.fault('a tensor is there twice');
  const ordered = [...tensors].sort((a, b) => a.start - b.start);
  for (const [i, { name, start }] of ordered.entries()) {
    const before = ordered[i - 1];
    if (before && before.start + before.byteLength > start) {
      throw cursor.fault(`tensors ${before.name} and ${name} overlap`);
    }
  }
}

async function readTensor(cursor: Cursor, index: number): Promise<Omit<GgufTensor, 'start'> & { offset: number }> {
  const name = await cursor.name(`tensor ${index}`);
  const rank = await cursor.uint32();
  if (rank < 1 || rank > 4) throw cursor.fault(`tensor ${name}: got ${rank} dimensions (expected 1 to 4)`);
  const shape: number[] = [];
  for (let i = 0; i < rank; i++) shape.unshift(await cursor.uint64(`tensor ${name}`));
  const type = ggmlType(`${cursor.subject}: tensor ${name}`, await cursor.uint32());
  const elements = shape.reduce((product, size) => product * size, 1);
  const shown = `[${shape.join(', ')}]`;
  if (elements < 1 || !Number.isSafeInteger(elements * 8)) throw cursor.fault(`tensor ${name}: got shape ${shown}`);
  if (shape.at(-1)! % type.elements !== 0) {
    throw cursor.fault(`tensor ${name}: rows of ${shape.at(-1)} are no whole blocks of ${type.name}, got ${shown}`);
  }
  const byteLength = (elements / type.elements) * type.bytes;
  return { name, type, shape, byteLength, offset: await cursor.uint64(`tensor ${name}`) };
}

/** Bytes of the scalar types by their number; 8 is text, 9 a list. */
const sizes: Readonly<Record<number, number>> = {
  ...{ 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 },
};

async function readValue(cursor: Cursor, key: string): Promise<GgufValue> {
  const type = await cursor.uint32();
  if (type !== 9) return readScalar(cursor, key, type);
  const element = await cursor.uint32();
  const size = element === 8 ? 8 : sizes[element];
  if (size === undefined) throw cursor.fault(`key ${key}: a list of type ${element} is not supported`);
  const length = await cursor.count(`elements of ${key}`, size);
  if (element === 8) {
    for (let i = 0; i < length; i++) {
      // Most of a vocabulary lies in the window: no promise for each.
      if (!cursor.skipText()) await cursor.skip(await cursor.uint64(key), key);
    }
    return null;
  }
  if (length > keptNumbers) {
    await cursor.skip(length * size, key);
    return null;
  }
  const values: number[] = [];
  for (let i = 0; i < length; i++) values.push(Number(await readScalar(cursor, key, element)));
  return values;
}

async function readScalar(cursor: Cursor, key: string, type: number): Promise<GgufValue> {
  if (type === 8) {
    const length = await cursor.uint64(key);
    if (length <= textLimit) return cursor.text(length, `key ${key}`);
    await cursor.skip(length, key);
    return null;
  }
  const size = sizes[type];
  if (size === undefined) throw cursor.fault(`key ${key}: got a value of type ${type} (expected 0 to 12)`);
  const view = await cursor.take(size, `key ${key}`);
  switch (type) {
    case 0:
      return view.getUint8(0);
    case 1:
      return view.getInt8(0);
    case 2:
      return view.getUint16(0, true);
    case 3:
      return view.getInt16(0, true);
    case 4:
      return view.getUint32(0, true);
    case 5:
      return view.getInt32(0, true);
    case 6:
      return view.getFloat32(0, true);
    case 7:
      return view.getUint8(0) !== 0;
    case 10:
      return Number(view.getBigUint64(0, true));
    case 11:
      return Number(view.getBigInt64(0, true));
    default:
      return view.getFloat64(0, true);
  }
}

/** Walks through a source, a window at a time. */
class Cursor {
  readonly #source: ByteSource;
  #window = new Uint8Array(0);
  #start = 0;
  position = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  get subject(): string {
    return this.#source.name;
  }

  fault(what: string): EigentraceError {
    return new EigentraceError('input', `${this.subject}: ${what}`);
  }

  async take(length: number, what: string): Promise<DataView> {
    this.#checkLeft(length, what);
    const at = this.position - this.#start;
    if (at + length > this.#window.length) {
      const end = Math.min(this.#source.byteLength, this.position + Math.max(length, windowBytes));
      this.#window = Uint8Array.from(await this.#source.read(this.position, end));
      this.#start = this.position;
    }
    const view = new DataView(this.#window.buffer, this.position - this.#start, length);
    this.position += length;
    return view;
  }

  skip(length: number, what: string): Promise<void> {
    this.#checkLeft(length, what);
    this.position += length;
    // What lies behind the window is read anew.
    return Promise.resolve();
  }

  /** Steps over a text that lies in the window whole; false, and nothing done, when it doesn't. */
  skipText(): boolean {
    const at = this.position - this.#start;
    if (at + 8 > this.#window.length) return false;
    const view = new DataView(this.#window.buffer, at, 8);
    if (view.getUint32(4, true) !== 0 || at + 8 + view.getUint32(0, true) > this.#window.length) return false;
    this.position += 8 + view.getUint32(0, true);
    return true;
  }

  async uint32(): Promise<number> {
    return (await this.take(4, 'the header')).getUint32(0, true);
  }

  async uint64(what: string): Promise<number> {
    const value = Number((await this.take(8, what)).getBigUint64(0, true));
    if (!Number.isSafeInteger(value)) throw this.fault(`${what}: got ${value} (too large)`);
    return value;
  }

  /** How many things of at least `least` bytes follow. */
  async count(what: string, least: number): Promise<number> {
    const value = await this.uint64(`number of ${what}`);
    const left = this.#source.byteLength - this.position;
    if (value * least > left) throw this.fault(`number of ${what}: got ${value}, more than ${left} bytes hold`);
    return value;
  }

  async name(what: string): Promise<string> {
    const length = await this.uint64(what);
    if (length > nameLimit) throw this.fault(`${what}: a name of ${length} bytes (expected at most ${nameLimit})`);
    return this.text(length, what);
  }

  async text(length: number, what: string): Promise<string> {
    const { buffer, byteOffset } = await this.take(length, what);
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array(buffer, byteOffset, length));
    } catch (error) {
      throw new EigentraceError('input', `${this.subject}: ${what} is not UTF-8 text`, { cause: error });
    }
  }

  #checkLeft(length: number, what: string): void {
    if (this.position + length <= this.#source.byteLength) return;
    throw this.fault(`${what}: needs ${length} bytes at ${this.position}, got ${this.#source.byteLength} in all`);
  }
}
