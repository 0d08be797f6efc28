/**
 * Where the entries of a zip archive lie, read by byte range: the end record, the central directory (zip64 too), and the
 * local header of each entry that is asked for. Only stored entries have a place in the file; a compressed one is refused
 * when it is located, and nothing is ever inflated. Refused: entries that overlap one another or the directory, names that
 * are there twice, encryption, several disks, bytes before the archive. Source: PKWARE's APPNOTE 6.3.
 */
import { EigentraceError } from '../errors.js';
import type { ByteSource } from './byte-source.js';

/** An entry as the central directory tells of it. */
export interface ZipEntry {
  readonly name: string;
  /** 0 stored, 8 deflate, … */
  readonly method: number;
  /** Bytes in the archive, and once uncompressed. */
  readonly compressedSize: number;
  readonly size: number;
  readonly crc32: number;
  /** Of the local header. */
  readonly headerOffset: number;
}

export interface ZipArchive {
  readonly entries: ReadonlyMap<string, ZipEntry>;
  /** The bytes [start, end) of a stored entry; reads its local header and checks it. */
  locate(name: string): Promise<{ start: number; end: number }>;
  /** The bytes [start, end) of an entry as they lie in the archive, compressed or not; reads and checks its local header. */
  raw(name: string): Promise<{ start: number; end: number }>;
}

/** A directory of more bytes is refused: 64 MiB hold about 700,000 entries. */
const directoryLimit = 64 * 1024 * 1024;
const endSize = 22;
const locatorSize = 20;
const end64Size = 56;
const centralSize = 46;
const localSize = 30;
const methods: Readonly<Record<number, string>> = { 8: 'deflate', 9: 'deflate64', 12: 'bzip2', 14: 'LZMA', 93: 'zstd' };

/** Whether the bytes begin like a zip archive. */
export function looksLikeZip(start: Uint8Array): boolean {
  return start[0] === 0x50 && start[1] === 0x4b && start[2] === 3 && start[3] === 4;
}

/** Reads the directory of an archive. Errors name the file and the entry. */
export async function openZip(source: ByteSource): Promise<ZipArchive> {
  const { count, offset, size, before } = await findDirectory(source);
  if (size > directoryLimit)
    throw refuse(source, `the directory has ${size} bytes (expected at most ${directoryLimit})`);
  if (offset + size > before || count * centralSize > size) {
    throw refuse(source, `the directory of ${count} entries at ${offset} does not fit, got ${size} bytes (damaged?)`);
  }
  const list = readDirectory(source, await source.read(offset, offset + size), count);
  const entries = new Map(list.map((entry) => [entry.name, entry]));
  if (entries.size !== list.length) throw refuse(source, 'the same name is in the archive twice (expected each once)');
  const ends = endsOf(source, list, offset);
  const locate = async (name: string) => {
    const entry = entries.get(name);
    if (!entry) throw refuse(source, `entry ${name} is not in the archive`);
    if (entry.method !== 0) {
      const method = methods[entry.method] ?? `method ${entry.method}`;
      const expected = 'expected it stored, as torch.save does; unpack the archive and zip it with `zip -0`';
      throw refuse(source, `entry ${name} is compressed, got ${method} (${expected})`);
    }
    return raw(name);
  };
  const raw = async (name: string) => {
    const entry = entries.get(name);
    if (!entry) throw refuse(source, `entry ${name} is not in the archive`);
    const { start, isDescribed } = await readLocal(source, entry);
    const end = start + entry.compressedSize;
    const next = ends.get(entry)!;
    if (end > next) throw refuse(source, `entry ${name} overlaps what follows it (damaged?)`);
    // The local header says how far the data are: a damaged length would move them, and leave another gap behind them.
    if (isDescribed ? !(await isDescriptor(source, entry, end, next)) : next !== end) {
      const expected = isDescribed ? 'its checksum and sizes' : 'none';
      const what = `${next - end} bytes lie between (expected ${expected}; damaged?)`;
      throw refuse(source, `entry ${name} is not followed by the next one, ${what}`);
    }
    return { start, end };
  };
  return { entries, locate, raw };
}

interface Directory {
  readonly count: number;
  readonly offset: number;
  readonly size: number;
  /** The directory ends at most here. */
  readonly before: number;
}

async function findDirectory(source: ByteSource): Promise<Directory> {
  const length = source.byteLength;
  if (length < endSize) throw refuse(source, `too short for a zip archive, got ${length} bytes (truncated?)`);
  // The end record closes the file; a comment of at most 65,535 bytes may follow it.
  const from = Math.max(0, length - endSize - 65_535);
  const tail = viewOf(await source.read(from, length));
  let at = tail.byteLength - endSize;
  while (
    at >= 0 &&
    !(tail.getUint32(at, true) === 0x06054b50 && at + endSize + tail.getUint16(at + 20, true) === tail.byteLength)
  )
    at--;
  if (at < 0) throw refuse(source, 'no end of a zip archive (truncated? download or copy it again)');
  const end = from + at;
  const plain: Directory = {
    count: tail.getUint16(at + 10, true),
    size: tail.getUint32(at + 12, true),
    offset: tail.getUint32(at + 16, true),
    before: end,
  };
  const disks = tail.getUint16(at + 4, true) + tail.getUint16(at + 6, true);
  const isLarge = plain.count === 0xffff || plain.size === 0xffffffff || plain.offset === 0xffffffff;
  if (!isLarge) {
    if (disks !== 0 || tail.getUint16(at + 8, true) !== plain.count)
      throw refuse(source, 'an archive of several disks');
    return plain;
  }
  if (end < locatorSize + end64Size) throw refuse(source, 'no zip64 record before the end of the archive (damaged?)');
  const locator = viewOf(await source.read(end - locatorSize, end));
  const at64 = Number(locator.getBigUint64(8, true));
  if (locator.getUint32(0, true) !== 0x07064b50 || at64 > end - locatorSize - end64Size) {
    throw refuse(source, 'no zip64 record before the end of the archive (damaged?)');
  }
  const record = viewOf(await source.read(at64, at64 + end64Size));
  if (record.getUint32(0, true) !== 0x06064b50) throw refuse(source, 'no zip64 record where it should be (damaged?)');
  return {
    count: count64(source, record, 32),
    size: count64(source, record, 40),
    offset: count64(source, record, 48),
    before: at64,
  };
}

function readDirectory(source: ByteSource, bytes: Uint8Array, count: number): ZipEntry[] {
  const view = viewOf(bytes);
  const entries: ZipEntry[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + centralSize > bytes.length || view.getUint32(at, true) !== 0x02014b50) {
      throw refuse(source, `entry ${i} of ${count} is not in the directory (damaged?)`);
    }
    const nameEnd = at + centralSize + view.getUint16(at + 28, true);
    const extraEnd = nameEnd + view.getUint16(at + 30, true);
    const end = extraEnd + view.getUint16(at + 32, true);
    if (end > bytes.length) throw refuse(source, `entry ${i} goes past the end of the directory (damaged?)`);
    const name = nameOf(bytes.subarray(at + centralSize, nameEnd));
    if ((view.getUint16(at + 8, true) & 0x41) !== 0) throw refuse(source, `entry ${name} is encrypted`);
    const sizes = sizesOf(source, name, view, at, nameEnd, extraEnd);
    const method = view.getUint16(at + 10, true);
    if (method === 0 && sizes.size !== sizes.compressedSize) {
      throw refuse(source, `entry ${name} is stored but has two sizes, ${sizes.size} and ${sizes.compressedSize}`);
    }
    entries.push({ name, method, crc32: view.getUint32(at + 16, true), ...sizes });
    at = end;
  }
  return entries;
}

/** Sizes and offset; those that don't fit 32 bits stand in the zip64 extra field, in this order. */
function sizesOf(source: ByteSource, name: string, view: DataView, at: number, from: number, to: number) {
  const fields = { size: at + 24, compressedSize: at + 20, headerOffset: at + 42 };
  const found = { size: 0, compressedSize: 0, headerOffset: 0 };
  let extra = from;
  while (extra + 4 <= to && view.getUint16(extra, true) !== 1) extra += 4 + view.getUint16(extra + 2, true);
  const extraEnd = extra + 4 <= to ? Math.min(to, extra + 4 + view.getUint16(extra + 2, true)) : 0;
  let wide = extra + 4;
  for (const field of ['size', 'compressedSize', 'headerOffset'] as const) {
    found[field] = view.getUint32(fields[field], true);
    if (found[field] !== 0xffffffff) continue;
    if (wide + 8 > extraEnd) throw refuse(source, `entry ${name} lacks its 64-bit ${field} (damaged?)`);
    found[field] = count64(source, view, wide);
    wide += 8;
  }
  return found;
}

/** Where each entry has to end at most: where the next one or the directory begins. */
function endsOf(source: ByteSource, entries: readonly ZipEntry[], directory: number): Map<ZipEntry, number> {
  const ordered = [...entries].sort((a, b) => b.headerOffset - a.headerOffset);
  const ends = new Map<ZipEntry, number>();
  let next = directory;
  for (const entry of ordered) {
    if (entry.headerOffset + localSize + entry.compressedSize > next) {
      throw refuse(
        source,
        `entry ${entry.name} overlaps what follows it, got ${entry.compressedSize} bytes (damaged?)`,
      );
    }
    ends.set(entry, next);
    next = entry.headerOffset;
  }
  if (next !== 0 && entries.length > 0) throw refuse(source, `${next} bytes before the first entry (expected none)`);
  return ends;
}

/** Where the data begin, and whether a descriptor follows them: bit 3 of the flags. */
async function readLocal(source: ByteSource, entry: ZipEntry): Promise<{ start: number; isDescribed: boolean }> {
  const name = new TextEncoder().encode(entry.name);
  const from = entry.headerOffset;
  const size = localSize + name.length;
  const wrong = () => refuse(source, `entry ${entry.name} is not where the directory says (damaged?)`);
  if (from + size > source.byteLength) throw wrong();
  const bytes = await source.read(from, from + size);
  const local = viewOf(bytes);
  const isIt = local.getUint32(0, true) === 0x04034b50 && local.getUint16(8, true) === entry.method;
  const nameLength = local.getUint16(26, true);
  if (!isIt || nameLength !== name.length || name.some((byte, i) => byte !== bytes[localSize + i])) throw wrong();
  const start = from + localSize + nameLength + local.getUint16(28, true);
  return { start, isDescribed: (local.getUint16(6, true) & 8) !== 0 };
}

/**
 * Whether the bytes after an entry are its data descriptor: checksum and sizes, plain or zip64, with or without its mark
 * (a mark before them belongs to them: without it in their length, the data would be taken from 4 bytes too far on).
 */
async function isDescriptor(source: ByteSource, entry: ZipEntry, start: number, end: number): Promise<boolean> {
  const length = end - start;
  const isWide = length === 20 || length === 24;
  if (!isWide && length !== 12 && length !== 16) return false;
  const from = length === 16 || length === 24 ? start : start - 4;
  const view = viewOf(await source.read(from, end));
  if ((view.getUint32(0, true) === 0x08074b50) !== (from === start)) return false;
  const size = (at: number) => (isWide ? view.getBigUint64(at, true) : BigInt(view.getUint32(at, true)));
  const at = 4;
  return (
    view.getUint32(at, true) === entry.crc32 &&
    size(at + 4) === BigInt(entry.compressedSize) &&
    size(at + (isWide ? 12 : 8)) === BigInt(entry.size)
  );
}

function count64(source: ByteSource, view: DataView, at: number): number {
  const value = view.getBigUint64(at, true);
  if (value > BigInt(source.byteLength)) throw refuse(source, `got ${value} in the directory (damaged?)`);
  return Number(value);
}

/** Names are compared, never followed: no path is made of them. */
function nameOf(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function refuse(source: ByteSource, what: string): EigentraceError {
  return new EigentraceError('input', `${source.name}: ${what}`);
}
