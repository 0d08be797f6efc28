/**
 * The texts of a parquet page, after its levels: plain, by a dictionary, by their lengths, or by what they share with the
 * text before. Given one at a time, as bytes, since texts that share much are far longer than their page. Every length
 * is held against the page. Source: parquet-format, Encodings.
 */
import type { ByteSource } from '../bytes/index.js';
import { readDeltas, readIndices } from '../bytes/parquet-runs.js';
import { brokenParquet, type ParquetPage } from '../bytes/parquet.js';
import { EigentraceError, messageOf } from '../errors.js';

/** The values of a dictionary page. */
export function readDictionary(source: ByteSource, { body, count }: ParquetPage): Uint8Array[] {
  return attempt(source, () => [...plain(body, count)]);
}

/** The values of a data page in order; null where there is none. */
export function* textsOf(
  source: ByteSource,
  page: ParquetPage,
  dictionary: readonly Uint8Array[] | null,
): Generator<Uint8Array | null> {
  const { count, definition, maxDefinition } = page;
  const isThere = (i: number): boolean => maxDefinition === 0 || definition[i] === maxDefinition;
  let present = 0;
  for (let i = 0; i < count; i++) if (isThere(i)) present++;
  const values = attempt(source, () => valuesOf(page, present, dictionary));
  for (let i = 0; i < count; i++) {
    yield isThere(i) ? attempt(source, () => values.next().value as Uint8Array) : null;
  }
}

function valuesOf(
  { body, encoding }: ParquetPage,
  count: number,
  dictionary: readonly Uint8Array[] | null,
): Iterator<Uint8Array> {
  switch (encoding) {
    case 'PLAIN':
      return plain(body, count);
    case 'PLAIN_DICTIONARY':
    case 'RLE_DICTIONARY':
      if (dictionary === null) throw new Error('a dictionary is missing');
      return indexed(count === 0 ? new Uint32Array(0) : readIndices(body, count, dictionary.length), dictionary);
    case 'DELTA_LENGTH_BYTE_ARRAY': {
      const { values: lengths, rest } = readDeltas(body, count);
      return cut(rest, lengths);
    }
    case 'DELTA_BYTE_ARRAY': {
      const { values: prefixes, rest } = readDeltas(body, count);
      const { values: lengths, rest: suffixes } = readDeltas(rest, count);
      return joined(prefixes, cut(suffixes, lengths));
    }
    default:
      throw new Error(`encoding ${encoding} of texts is not read`);
  }
}

/** A length of 4 bytes before each. */
function* plain(bytes: Uint8Array, count: number): Generator<Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  for (let i = 0; i < count; i++) {
    const start = at + 4;
    const length = start <= bytes.length ? view.getUint32(at, true) : Infinity;
    if (start + length > bytes.length) throw new Error(`text ${i} of ${count} does not fit its page`);
    at = start + length;
    yield bytes.subarray(start, at);
  }
}

function* indexed(indices: Uint32Array, dictionary: readonly Uint8Array[]): Generator<Uint8Array> {
  for (const index of indices) yield dictionary[index]!;
}

function* cut(bytes: Uint8Array, lengths: Int32Array): Generator<Uint8Array> {
  let at = 0;
  for (const [i, length] of lengths.entries()) {
    if (!(length >= 0 && at + length <= bytes.length)) throw new Error(`text ${i} of ${length} bytes does not fit`);
    at += length;
    yield bytes.subarray(at - length, at);
  }
}

function* joined(prefixes: Int32Array, suffixes: Iterator<Uint8Array>): Generator<Uint8Array> {
  let last = new Uint8Array(0);
  for (const [i, length] of prefixes.entries()) {
    if (!(length >= 0 && length <= last.length)) throw new Error(`text ${i} shares ${length} bytes of ${last.length}`);
    const suffix = suffixes.next().value as Uint8Array;
    last = Uint8Array.from(Buffer.concat([last.subarray(0, length), suffix]));
    yield last;
  }
}

function attempt<T>(source: ByteSource, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof EigentraceError) throw error;
    throw brokenParquet(source, messageOf(error), error);
  }
}
