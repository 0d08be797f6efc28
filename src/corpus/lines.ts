/**
 * Lines of a UTF-8 file, plain or gzip (of one or many members), read in chunks and never whole. Lines are cut at
 * the byte 0x0A before they are decoded, so a character across two chunks needs no care; `\r\n` ends a line too,
 * and a byte order mark at the start of the file is dropped.
 */
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { ByteSource } from '../bytes/index.js';
import { EigentraceError, messageOf } from '../errors.js';
import { Tally } from './tally.js';

export interface LineOptions {
  gzip?: boolean;
  /** Longest line in bytes, without its end. Default `documentLimit`. */
  limit?: number;
  /** Counts what is used. */
  tally?: Tally;
}

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Without its end. */
  readonly text: string;
}

/** Longest line or document, in bytes: more is almost surely a file of another kind, and would fill the memory. */
export const documentLimit = 64 * 1024 * 1024;

const chunkSize = 256 * 1024;

export async function* lines(source: ByteSource, options: LineOptions = {}): AsyncGenerator<Line> {
  const { gzip = false, limit = documentLimit, tally = new Tally() } = options;
  const place = gzip ? ' of the uncompressed text' : '';
  let number = 0;
  let offset = 0;
  let pending: Uint8Array[] = [];
  let length = 0;

  const finish = (bytes: Buffer): Line => {
    number++;
    const start = offset === 0 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
    const end = bytes.length - (bytes.at(-1) === 0x0a ? (bytes.at(-2) === 0x0d ? 2 : 1) : 0);
    const text = decode(bytes.subarray(start, Math.max(start, end)), source.name, offset + start, place);
    offset += bytes.length;
    tally.add(bytes);
    return { number, text };
  };

  const counted = tally.counting(source);
  for await (const chunk of gzip ? unzip(counted) : chunks(counted)) {
    let from = 0;
    for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, from)) {
      pending.push(chunk.subarray(from, at + 1));
      from = at + 1;
      yield finish(joined(pending));
      pending = [];
      length = 0;
    }
    if (from === chunk.length) continue;
    pending.push(chunk.subarray(from));
    length += chunk.length - from;
    if (length > limit) {
      const message = `${source.name}: line ${number + 1} is too long, got over ${length} bytes (expected at most ${limit})`;
      throw new EigentraceError('input', message);
    }
  }
  if (pending.length > 0) yield finish(joined(pending));
}

function joined(pieces: Uint8Array[]): Buffer {
  const [first] = pieces;
  return pieces.length === 1 ? Buffer.from(first!.buffer, first!.byteOffset, first!.length) : Buffer.concat(pieces);
}

async function* chunks(source: ByteSource): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < source.byteLength; start += chunkSize) {
    yield await source.read(start, Math.min(start + chunkSize, source.byteLength));
  }
}

async function* unzip(source: ByteSource): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize });
  // One chunk ahead at most; leaving the loop below destroys both ends.
  pipeline(Readable.from(chunks(source), { highWaterMark: 1 }), gunzip, () => undefined);
  try {
    for await (const chunk of gunzip) yield chunk as Buffer;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (!code?.startsWith('Z_')) throw error;
    const message = `${source.name}: the gzip data is damaged or cut off (${messageOf(error)}); fetch or compress the file again`;
    throw new EigentraceError('input', message, { cause: error });
  }
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text of UTF-8 bytes; `offset` is where they stand in the file, for the error. */
export function decode(bytes: Uint8Array, name: string, offset: number, place = ''): string {
  try {
    return strict.decode(bytes);
  } catch {
    const at = invalidAt(bytes);
    const byte = bytes[at]?.toString(16).padStart(2, '0') ?? 'its end';
    const message = `${name}: is not UTF-8, got 0x${byte} at byte ${offset + at}${place} (expected UTF-8 text; convert it first, for instance with iconv)`;
    throw new EigentraceError('input', message);
  }
}

/** Where the first byte sequence stands that is not UTF-8: there the text, decoded and encoded again, differs first. */
function invalidAt(bytes: Uint8Array): number {
  const again = Buffer.from(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
  let at = 0;
  while (at < bytes.length && again[at] === bytes[at]) at++;
  while (at > 0 && (again[at]! & 0xc0) === 0x80) at--;
  return at;
}
