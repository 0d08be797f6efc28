/**
 * Selected sequences on disk, so that a corpus is tokenised once a tokenizer. A file's name is a hash over the
 * request: tokenizer, library, Unicode tables, filter, field and paths. On a hit the content that was used is read
 * and hashed again, which takes a hundredth of the time of tokenising it; that is left out only where path, size,
 * modification time and inode are as they were and the file was already a minute old when the entry was written.
 * A damaged entry, or one whose corpus changed, is as good as none. Any file here may be deleted at any time.
 *
 * Layout: `EIGENTOK`, uint32 length of the header, header (JSON), ids (int32), sha256 of all before; little-endian.
 */
import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import * as z from 'zod';
import { FileSource, sweepTemporary, writeAtomic } from '../bytes/index.js';
import { EigentraceError } from '../errors.js';
import { fileDocuments, type OpenedFile } from './documents.js';
import { toLittleEndian, type Sequences } from './sequences.js';
import { identityOf, type CorpusFile } from './source.js';
import { Tally } from './tally.js';
import { tokenizerLibrary } from './tokenizer.js';

/** What determines the sequences, apart from the corpus's content. */
export interface TokenRequest {
  tokenizer: string;
  field: string;
  sequences: number | null;
  minTokens: number | null;
  maxTokens: number;
  seed: number | null;
  rows: readonly number[] | null;
  files: readonly CorpusFile[];
}

const magic = 'EIGENTOK';
/** Larger selections are tokenised each time. */
const sizeLimit = 1024 ** 3;
/** A file younger than this could change again without its times showing it. */
const settledAfterMs = 60_000;

const count = z.int().min(0);
const headerSchema = z.object({
  written: z.number(),
  rows: z.array(count),
  lengths: z.array(count),
  asked: count.nullable(),
  truncated: count,
  scanned: count,
  flags: z.array(z.object({ code: z.string(), message: z.string() })),
  sha256: z.string(),
  tokenizerSha256: z.string(),
  sources: z.array(
    z.object({
      path: z.string(),
      identity: z.object({ path: z.string(), size: count, mtimeNs: z.string(), inode: z.string() }).nullable(),
      documents: count,
      complete: z.boolean(),
      bytes: count,
      sha256: z.string(),
    }),
  ),
});
type Header = z.infer<typeof headerSchema>;

/** Where the sequences of a request are kept. */
export function tokenCachePath(folder: string, request: TokenRequest): string {
  const key = JSON.stringify({ format: 1, library: tokenizerLibrary, unicode: process.versions.unicode, ...request });
  return join(folder, `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.tokens`);
}

/** The sequences kept for a request, or null when there are none that still hold. */
export async function loadTokens(
  path: string,
  name: string,
  request: TokenRequest,
  signal?: AbortSignal,
): Promise<Sequences | null> {
  try {
    const entry = unpack(await readEntry(path));
    if (!entry || !(await stillHolds(entry.header, request, signal))) return null;
    const { header, ids } = entry;
    const { rows, asked, truncated, scanned, flags, sha256, tokenizerSha256 } = header;
    const sources = header.sources.map((source) => ({
      name: basename(source.path),
      bytes: source.bytes,
      sha256: source.sha256,
    }));
    const tokens = header.lengths.reduce((sum, length) => sum + length, 0);
    const found = rows.length;
    return { name, ids, rows, tokens, asked, found, truncated, scanned, flags, sha256, sources, tokenizerSha256 };
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    if (error instanceof EigentraceError && error.code !== 'interrupted') return null;
    throw error;
  }
}

/** Keeps sequences; `opened` are the corpus files that they came from. */
export async function storeTokens(path: string, sequences: Sequences, opened: readonly OpenedFile[]): Promise<void> {
  const { rows, ids, asked, truncated, scanned, flags, sha256, tokenizerSha256 } = sequences;
  if (4 * sequences.tokens > sizeLimit / 2 || tokenizerSha256 === null) return;
  const sources = await Promise.all(
    opened.map(async ({ file, identity, tally }) => {
      const now = await identityOf(file);
      const same = JSON.stringify(now) === JSON.stringify(identity);
      const { documents, complete, bytes } = tally;
      return { path: file.path, identity: same ? identity : null, documents, complete, bytes, sha256: tally.sha256() };
    }),
  );
  const lengths = ids.map((sequence) => sequence.length);
  const written = Date.now();
  const header: Header = { written, rows, lengths, asked, truncated, scanned, flags, sha256, tokenizerSha256, sources };
  const json = Buffer.from(JSON.stringify(header));
  const start = Buffer.alloc(12);
  start.write(magic, 'latin1');
  start.writeUInt32LE(json.length, 8);
  const body = Buffer.concat([start, json, ...ids.map(toLittleEndian)]);
  await writeAtomic(path, Buffer.concat([body, createHash('sha256').update(body).digest()]));
  await sweepTemporary(join(path, '..'));
}

async function readEntry(path: string): Promise<Buffer> {
  const source = await FileSource.open(path);
  try {
    if (source.byteLength > sizeLimit) return Buffer.alloc(0);
    const bytes = await source.read(0, source.byteLength);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  } finally {
    await source.close();
  }
}

function unpack(bytes: Buffer): { header: Header; ids: Int32Array[] } | null {
  if (bytes.length < 44 || bytes.toString('latin1', 0, 8) !== magic) return null;
  const body = bytes.subarray(0, -32);
  if (!createHash('sha256').update(body).digest().equals(bytes.subarray(-32))) return null;
  const start = 12 + body.readUInt32LE(8);
  if (start > body.length) return null;
  const parsed = headerSchema.safeParse(JSON.parse(body.toString('utf8', 12, start)));
  if (!parsed.success) return null;
  const { lengths, rows } = parsed.data;
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  if (rows.length !== lengths.length || start + 4 * tokens !== body.length) return null;
  let offset = start;
  const ids = lengths.map((length) => {
    const sequence = Int32Array.from({ length }, (_, i) => body.readInt32LE(offset + 4 * i));
    offset += 4 * length;
    return sequence;
  });
  return { header: parsed.data, ids };
}

/** Whether each file that was used still begins with (or, read to its end, still is) the same content. */
async function stillHolds(header: Header, { files, field }: TokenRequest, signal?: AbortSignal): Promise<boolean> {
  for (const [i, source] of header.sources.entries()) {
    const file = files[i];
    if (file?.path !== source.path) return false;
    const settled = source.identity && Number(source.identity.mtimeNs) / 1e6 < header.written - settledAfterMs;
    if (settled && JSON.stringify(await identityOf(file)) === JSON.stringify(source.identity)) continue;
    const tally = new Tally();
    for await (const _ of fileDocuments(file, field, tally, signal)) {
      if (!source.complete && tally.documents === source.documents) break;
    }
    const { documents, bytes, complete } = tally;
    const same = documents === source.documents && bytes === source.bytes && complete === source.complete;
    if (!same || tally.sha256() !== source.sha256) return false;
  }
  return true;
}
