/**
 * A matrix of NumPy's `.npz`, a zip archive of `.npy` files. A stored entry (`np.savez`) is read in place by range; a
 * deflated one (`np.savez_compressed`) can't be read at random, so it is inflated once into a scratch file of the size
 * that the directory tells, no byte more. Checksums are compared before any number is used.
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw } from 'node:zlib';
import { openZip, Scratch, type ByteSource, type ZipArchive, type ZipEntry } from '../bytes/index.js';
import { EigentraceError, messageOf } from '../errors.js';
import { choose, namesOf } from './choice.js';
import { matrixOf, npyHeadBytes, parseNpy } from './npy.js';
import { partOf, type Matrix } from './matrix.js';

/** Deflate makes at most 1032 bytes of one. */
const greatestRatio = 1032;
const piece = 1 << 20;
/** The header of each is read to tell what is there. */
const mostEntries = 1000;

export interface NpzMatrix {
  readonly matrix: Matrix;
  readonly array: string;
  /** The entry's bytes, uncompressed and checked, until `close`; `matrix.start` counts from their first. */
  readonly open: (
    scratch: string,
    signal?: AbortSignal,
  ) => Promise<Pick<ByteSource, 'read'> & { close(): Promise<void> }>;
}

/** Finds the array of a layer and reads its header; `only`: whatever its name, when it is the only matrix. */
export async function readNpz(source: ByteSource, layer: string, only: boolean): Promise<NpzMatrix> {
  const zip = await openZip(source);
  const matrices = new Map<string, { matrix: Matrix; entry: ZipEntry }>();
  const all: string[] = [];
  let problem: EigentraceError | null = null;
  if (zip.entries.size > mostEntries) {
    const message = `${source.name}: too many arrays, got ${zip.entries.size} (expected at most ${mostEntries})`;
    throw new EigentraceError('input', message);
  }
  for (const entry of zip.entries.values()) {
    // Of the others, too: a name that was damaged in the directory isn't that of the local header.
    await zip.raw(entry.name);
    if (!entry.name.endsWith('.npy')) continue;
    const name = entry.name.slice(0, -4);
    const label = labelOf(source, entry);
    const header = parseNpy(label, await headOf(source, zip, entry));
    all.push(`${name} ${header.descr} (${header.shape.join(', ')})`);
    try {
      matrices.set(name, { matrix: matrixOf(label, header, entry.size), entry });
    } catch (error) {
      if (!(error instanceof EigentraceError)) throw error;
      problem ??= error;
    }
  }
  // When nothing can be used, the first array's reason says more than a list.
  if (matrices.size === 0 && problem !== null) throw problem;
  const array = choose(source.name, layer, { usable: [...matrices.keys()], all }, only);
  const { matrix, entry } = matrices.get(array)!;
  const others = namesOf(layer).includes(array) ? [] : [...zip.entries.values()].filter((other) => other !== entry);
  return {
    ...{ matrix, array },
    open: async (scratch, signal) => {
      for (const other of others) await checked(source, zip, other, signal);
      return openEntry(source, zip, entry, scratch, signal);
    },
  };
}

async function openEntry(
  source: ByteSource,
  zip: ZipArchive,
  entry: ZipEntry,
  scratch: string,
  signal: AbortSignal | undefined,
): ReturnType<NpzMatrix['open']> {
  const label = labelOf(source, entry);
  const place = entry.method === 0 ? await zip.raw(entry.name) : null;
  const file = place === null ? await Scratch.create(scratch, entry.size) : null;
  try {
    await checked(source, zip, entry, signal, file);
  } catch (error) {
    await file?.close();
    throw error;
  }
  if (file) return file;
  const part = partOf(source, place!.start, place!.end, label);
  return { read: (start, end) => part.read(start, end), close: () => Promise.resolve() };
}

/** Reads an entry to its end, into `file` if there is one; its size and checksum must be what the directory says. */
async function checked(
  source: ByteSource,
  zip: ZipArchive,
  entry: ZipEntry,
  signal: AbortSignal | undefined,
  file: Scratch | null = null,
): Promise<void> {
  const label = labelOf(source, entry);
  let crc = 0;
  let at = 0;
  for await (const chunk of contentOf(source, zip, entry)) {
    if (signal?.aborted) throw new EigentraceError('interrupted', 'interrupted');
    if (at + chunk.length > entry.size) throw broken(label, `it inflates to more than ${entry.size} bytes`);
    await file?.write(at, chunk);
    crc = crc32(chunk, crc);
    at += chunk.length;
  }
  if (at !== entry.size) throw broken(label, `it inflates to ${at} bytes, not ${entry.size}`);
  if (crc !== entry.crc32) throw broken(label, 'its checksum is another');
}

/** The first bytes of an entry, enough for the header of a `.npy` file. */
async function headOf(source: ByteSource, zip: ZipArchive, entry: ZipEntry): Promise<Uint8Array> {
  const head = Buffer.alloc(Math.min(entry.size, npyHeadBytes));
  let at = 0;
  for await (const chunk of contentOf(source, zip, entry)) {
    at += Buffer.from(chunk).copy(head, at);
    if (at >= head.length) break;
  }
  return head.subarray(0, at);
}

/** The bytes of an entry, uncompressed, as they come. */
async function* contentOf(source: ByteSource, zip: ZipArchive, entry: ZipEntry): AsyncGenerator<Uint8Array> {
  const label = labelOf(source, entry);
  const { start, end } = await zip.raw(entry.name);
  if (entry.method === 0) {
    yield* pieces(source, start, end);
    return;
  }
  if (entry.method !== 8) {
    throw broken(label, `method ${entry.method} of compression is not read`);
  }
  if (entry.size > entry.compressedSize * greatestRatio) {
    throw broken(label, `${entry.compressedSize} bytes can't inflate to the ${entry.size} that it claims`);
  }
  const inflate = createInflateRaw({ chunkSize: 1 << 18 });
  // Errors of either side end the iteration below; the promise must not be left to reject on its own.
  const done = pipeline(Readable.from(pieces(source, start, end)), inflate).catch(() => undefined);
  try {
    for await (const chunk of inflate) yield chunk as Buffer;
  } catch (error) {
    if (error instanceof EigentraceError) throw error;
    throw broken(label, messageOf(error), error);
  } finally {
    inflate.destroy();
    await done;
  }
}

async function* pieces(source: ByteSource, start: number, end: number): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; at += piece) yield await source.read(at, Math.min(end, at + piece));
}

function labelOf(source: ByteSource, entry: ZipEntry): string {
  return `${source.name}: entry ${entry.name}`;
}

function broken(label: string, what: string, cause?: unknown): EigentraceError {
  return new EigentraceError('input', `${label}: can't be read, ${what} (damaged?)`, { cause });
}
