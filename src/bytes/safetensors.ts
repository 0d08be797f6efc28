/**
 * The safetensors format, read by byte range: 8 bytes of header length (little-endian u64), a JSON header
 * `{ name: { dtype, shape, data_offsets: [begin, end] }, "__metadata__": { … } }`, then the tensors' bytes.
 * The rules are those of the reference library, whose readers refuse the rest: offsets start at 0 after the header,
 * tensors follow one another without overlap, without holes, and end where the file ends; the header has at most
 * 100,000,000 bytes. Everything is checked before anything is allocated for it. Little-endian machines only.
 */
import { EigentraceError, messageOf } from '../errors.js';
import type { ByteSource } from './byte-source.js';
import { FileSource } from './file.js';
import { repeatedKey } from './json-keys.js';

/** Where a tensor lies: `start` and `end` are absolute byte offsets in the file, end exclusive. */
export interface SafetensorsRange {
  readonly dtype: string;
  readonly shape: number[];
  readonly start: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  /** By name, in the header's own order. */
  readonly tensors: Map<string, SafetensorsRange>;
  readonly metadata: Record<string, string>;
}

export type TensorData = Float64Array | Float32Array | Int32Array | BigInt64Array | Uint8Array | Uint16Array;

/** A tensor in memory, row-major. F16 and BF16 stay as their 16 bits (Uint16Array); BOOL is a Uint8Array. */
export interface SafetensorsTensor {
  readonly dtype: string;
  readonly shape: number[];
  readonly data: TensorData;
}

/** The reference library's own limit. */
export const headerLimit = 100_000_000;

/** Bits an element, by dtype; the sub-byte ones must fill whole bytes. */
const bitsOf = new Map<string, number>([
  ...['F64', 'I64', 'U64', 'C64'].map((dtype) => [dtype, 64] as const),
  ...['F32', 'I32', 'U32'].map((dtype) => [dtype, 32] as const),
  ...['F16', 'BF16', 'I16', 'U16'].map((dtype) => [dtype, 16] as const),
  ...['BOOL', 'I8', 'U8', 'F8_E4M3', 'F8_E5M2', 'F8_E8M0'].map((dtype) => [dtype, 8] as const),
  ...['F6_E2M3', 'F6_E3M2'].map((dtype) => [dtype, 6] as const),
  ['F4', 4],
]);

/** Bits of one element of a safetensors dtype, or null when the format does not know it. */
export function bitsOfDtype(dtype: string): number | null {
  return bitsOf.get(dtype) ?? null;
}

/**
 * Reads and checks a header: two reads, 8 bytes and the header, never a tensor's bytes.
 * Errors name the file, the tensor and both numbers.
 */
export async function readSafetensorsHeader(source: ByteSource): Promise<SafetensorsHeader> {
  const size = source.byteLength;
  if (size < 8) throw refuse(source, `too short for safetensors, got ${size} bytes (expected at least 8; truncated?)`);
  const prefix = await source.read(0, 8);
  const length = new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(headerLimit)) {
    const more = `(expected at most ${headerLimit}; not a safetensors file, or a damaged one)`;
    throw refuse(source, `header too long, got ${length} bytes ${more}`);
  }
  const dataStart = 8 + Number(length);
  if (dataStart > size) {
    throw refuse(source, `header ends past the file, got ${dataStart} (expected at most ${size} bytes; truncated?)`);
  }
  return parse(source, await source.read(8, dataStart), dataStart);
}

/** Reads every tensor of a (small) file into typed arrays of its own; one read a tensor. Given a path, opens and closes it. */
export async function readSafetensors(
  input: string | ByteSource,
): Promise<{ tensors: Map<string, SafetensorsTensor>; metadata: Record<string, string> }> {
  if (typeof input === 'string') {
    const file = await FileSource.open(input);
    return readSafetensors(file).finally(() => file.close());
  }
  const header = await readSafetensorsHeader(input);
  const tensors = new Map<string, SafetensorsTensor>();
  for (const [name, range] of header.tensors) tensors.set(name, await readSafetensorsTensor(input, name, range));
  return { tensors, metadata: header.metadata };
}

/** Reads one tensor of a header that was read before. */
export async function readSafetensorsTensor(
  source: ByteSource,
  name: string,
  range: SafetensorsRange,
): Promise<SafetensorsTensor> {
  const view = views[range.dtype];
  if (!view) {
    const known = Object.keys(views).join(', ');
    throw refuse(source, `tensor ${name} can't be read into an array, got dtype ${range.dtype} (expected ${known})`);
  }
  const bytes = await source.read(range.start, range.end);
  // A typed array needs an aligned start; a source that hands out its own buffer may not give one.
  const own = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  return { dtype: range.dtype, shape: range.shape, data: view(own.buffer, own.byteOffset, own.byteLength) };
}

type View = (buffer: ArrayBufferLike, at: number, bytes: number) => TensorData;
const asUint16: View = (buffer, at, bytes) => new Uint16Array(buffer, at, bytes / 2);
const asUint8: View = (buffer, at, bytes) => new Uint8Array(buffer, at, bytes);
const views: Partial<Record<string, View>> = {
  F64: (buffer, at, bytes) => new Float64Array(buffer, at, bytes / 8),
  F32: (buffer, at, bytes) => new Float32Array(buffer, at, bytes / 4),
  F16: asUint16,
  BF16: asUint16,
  I64: (buffer, at, bytes) => new BigInt64Array(buffer, at, bytes / 8),
  I32: (buffer, at, bytes) => new Int32Array(buffer, at, bytes / 4),
  U16: asUint16,
  U8: asUint8,
  BOOL: asUint8,
};

function parse(source: ByteSource, bytes: Uint8Array, dataStart: number): SafetensorsHeader {
  let text: string;
  let json: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    json = JSON.parse(text);
  } catch (error) {
    const why = error instanceof SyntaxError ? messageOf(error) : 'not UTF-8';
    throw refuse(source, `header is not JSON (${why}); not a safetensors file, or a damaged one`);
  }
  if (!isObject(json)) throw refuse(source, `header is not a JSON object, got ${text.slice(0, 40)}`);
  // JSON.parse keeps the last of two equal keys without a word: a file that means two things is refused.
  const repeated = repeatedKey(text);
  if (repeated !== null) throw refuse(source, `header names ${repeated} twice (expected each key once)`);
  const tensors = new Map<string, SafetensorsRange>();
  let metadata: Record<string, string> = {};
  for (const [name, entry] of Object.entries(json)) {
    if (name === '__metadata__') metadata = checkMetadata(source, entry);
    else tensors.set(name, checkEntry(source, name, entry, dataStart));
  }
  checkLayout(source, tensors, dataStart);
  return { tensors, metadata };
}

function checkMetadata(source: ByteSource, entry: unknown): Record<string, string> {
  if (!isObject(entry)) throw refuse(source, '__metadata__ is not an object (expected names and strings)');
  for (const [key, value] of Object.entries(entry)) {
    if (typeof value !== 'string') {
      throw refuse(source, `__metadata__ ${key} is not a string, got ${JSON.stringify(value).slice(0, 40)}`);
    }
  }
  return entry as Record<string, string>;
}

/** One tensor's entry: known dtype, whole non-negative shape, and a range of exactly the bytes that both ask for. */
function checkEntry(source: ByteSource, name: string, entry: unknown, dataStart: number): SafetensorsRange {
  if (!isObject(entry)) throw refuse(source, `tensor ${name} has no entry (expected dtype, shape and data_offsets)`);
  const { dtype, shape, data_offsets: offsets } = entry;
  const bits = typeof dtype === 'string' ? bitsOfDtype(dtype) : null;
  if (typeof dtype !== 'string' || bits === null) {
    const known = [...bitsOf.keys()].join(', ');
    throw refuse(source, `tensor ${name} has an unknown dtype, got ${JSON.stringify(dtype)} (expected ${known})`);
  }
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    throw refuse(source, `tensor ${name} has shape ${JSON.stringify(shape)} (expected whole numbers from 0)`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw refuse(
      source,
      `tensor ${name} has data_offsets ${JSON.stringify(offsets)} (expected two whole numbers from 0)`,
    );
  }
  const [begin, end] = offsets as [number, number];
  if (end < begin) throw refuse(source, `tensor ${name} ends before it begins, got data_offsets [${begin}, ${end}]`);
  if (dataStart + end > source.byteLength) {
    const room = source.byteLength - dataStart;
    const more = `(expected at most ${room} bytes of data; truncated?)`;
    throw refuse(source, `tensor ${name} lies past the end of the file, got data_offsets [${begin}, ${end}] ${more}`);
  }
  // In BigInt: a product of hostile dimensions passes 2^53.
  const needed = shape.reduce((product: bigint, n: number) => product * BigInt(n), BigInt(bits));
  if (needed !== 8n * BigInt(end - begin)) {
    const asked = needed % 8n === 0n ? `${needed / 8n} bytes` : `${needed} bits`;
    const what = `${dtype} of shape [${shape.join(', ')}] takes ${asked}`;
    throw refuse(source, `tensor ${name}: ${what}, got data_offsets [${begin}, ${end}] of ${end - begin} bytes`);
  }
  return { dtype, shape: shape, start: dataStart + begin, end: dataStart + end };
}

/** No overlap, no hole, no bytes after the last tensor. */
function checkLayout(source: ByteSource, tensors: Map<string, SafetensorsRange>, dataStart: number): void {
  const ordered = [...tensors].sort(([, a], [, b]) => a.start - b.start || a.end - b.end);
  let at = dataStart;
  let before = 'the header';
  for (const [name, { start, end }] of ordered) {
    if (start < at) {
      throw refuse(
        source,
        `tensors ${before} and ${name} overlap, ${name} begins at ${start} where ${before} ends at ${at}`,
      );
    }
    if (start > at) {
      throw refuse(source, `hole of ${start - at} bytes between ${before} and tensor ${name} (expected none)`);
    }
    at = end;
    before = name;
  }
  if (at !== source.byteLength) {
    throw refuse(
      source,
      `got ${source.byteLength} bytes, its tensors end at byte ${at} (expected nothing after them; damaged?)`,
    );
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function refuse(source: ByteSource, what: string): EigentraceError {
  return new EigentraceError('input', `${source.name}: ${what}`);
}
