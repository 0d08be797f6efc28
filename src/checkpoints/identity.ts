/**
 * What a file's bytes are, without reading them twice: (real path, size, mtimeNs, inode) → sha256, kept in a cache folder,
 * one small file a key. The identity is compared before and after, so that a file which is written meanwhile is refused.
 * Limits: a file overwritten in place with its old size and mtime put back is not noticed. One whose mtime is younger than
 * two seconds is hashed but not remembered: a second write within the clock's tick would look the same.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { identify, kindOf, readJson, streamFile, writeAtomic, type FileIdentity } from '../bytes/index.js';
import { EigentraceError, messageOf } from '../errors.js';
import type { WeightFile } from './weights.js';

export interface HashOptions {
  /** Where hashes are remembered; null (default) remembers nothing. */
  cacheFolder?: string | null;
  signal?: AbortSignal;
  /** Bytes dealt with so far, remembered files included, of the bytes in all. */
  onProgress?: (done: number, of: number) => void;
}

export interface FileHashes {
  /** Of one file its own sha256 (the Hub's LFS id); of several, sha256 of their hashes in order of name, one a line. Lower-case hex. */
  readonly sha256: string;
  /** In order of name. */
  readonly files: readonly { readonly name: string; readonly sha256: string; readonly size: number }[];
  /** Bytes that were read, 0 when all was remembered. */
  readonly bytesRead: number;
  /** Why the cache could not be used, if so. */
  readonly notes: readonly string[];
}

/** Hashes files (a checkpoint's `files`, or any others). The result depends on their bytes and the order of their names only. */
export async function hashFiles(
  files: readonly { readonly name: string; readonly path: string }[],
  options: HashOptions = {},
): Promise<FileHashes> {
  const ordered = inOrder(files);
  const identities: FileIdentity[] = [];
  for (const { path } of ordered) identities.push(await identify(path));
  const total = identities.reduce((sum, { size }) => sum + size, 0);
  const notes = new Set<string>();
  const hashed: { name: string; sha256: string; size: number }[] = [];
  let done = 0;
  let bytesRead = 0;
  for (const [i, { name }] of ordered.entries()) {
    const identity = identities[i]!;
    const cache = options.cacheFolder ? cachePath(options.cacheFolder, identity) : null;
    let sha256 = cache === null ? null : await recall(cache, identity);
    if (sha256 === null) {
      const start = done;
      sha256 = await hashFile(identity, Date.now(), cache, notes, options.signal, (read) =>
        options.onProgress?.(start + read, total),
      );
      bytesRead += identity.size;
    }
    done += identity.size;
    options.onProgress?.(done, total);
    hashed.push({ name, sha256, size: identity.size });
  }
  return { sha256: joined(hashed), files: hashed, bytesRead, notes: [...notes] };
}

/**
 * The hashes as `hashFiles` would give them, where every file's is remembered, or promised of a file that is not here yet;
 * null otherwise. Reads no weights.
 */
export async function rememberedHashes(
  files: readonly {
    readonly name: string;
    readonly path: string;
    readonly size?: number;
    readonly promised?: string | null;
  }[],
  cacheFolder: string,
): Promise<FileHashes | null> {
  const hashed: { name: string; sha256: string; size: number }[] = [];
  for (const { name, path, size, promised } of inOrder(files)) {
    if (promised === null) return null;
    if (promised !== undefined) {
      hashed.push({ name, sha256: promised, size: size ?? 0 });
      continue;
    }
    const identity = await identify(path);
    const sha256 = await recall(cachePath(cacheFolder, identity), identity);
    if (sha256 === null) return null;
    hashed.push({ name, sha256, size: identity.size });
  }
  return { sha256: joined(hashed), files: hashed, bytesRead: 0, notes: [] };
}

/** Remembers a hash that was taken while the file was written, so that it is not read again. A cache that can't be written is none. */
export async function rememberHash(path: string, sha256: string, cacheFolder: string): Promise<void> {
  const identity = await identify(path);
  const line = `${JSON.stringify({ ...identity, sha256 })}\n`;
  await writeAtomic(cachePath(cacheFolder, identity), line).catch(() => undefined);
}

function inOrder<T extends { readonly name: string }>(files: readonly T[]): T[] {
  return [...files].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function joined(files: readonly { readonly sha256: string }[]): string {
  if (files.length === 1) return files[0]!.sha256;
  return createHash('sha256')
    .update(files.map(({ sha256 }) => `${sha256}\n`).join(''))
    .digest('hex');
}

async function hashFile(
  identity: FileIdentity,
  now: number,
  cache: string | null,
  notes: Set<string>,
  signal: AbortSignal | undefined,
  onRead: (bytes: number) => void,
): Promise<string> {
  const hash = createHash('sha256');
  let read = 0;
  for await (const chunk of streamFile(identity.path)) {
    if (signal?.aborted) throw new EigentraceError('interrupted', 'interrupted');
    hash.update(chunk);
    onRead((read += chunk.length));
  }
  const after = await identify(identity.path);
  if (read !== identity.size || !unchanged(identity, after)) {
    throw new EigentraceError('input', `${identity.path}: ${difference(identity, after)} while it was read`);
  }
  const sha256 = hash.digest('hex');
  const settled = BigInt(now) * 1_000_000n - BigInt(identity.mtimeNs) > 2_000_000_000n;
  if (cache !== null && settled) {
    // Remembering is a convenience: a cache that can't be written must not stop the work.
    await writeAtomic(cache, `${JSON.stringify({ ...identity, sha256 })}\n`).catch((error: unknown) => {
      notes.add(`hashes of weights are not remembered (${messageOf(error)})`);
    });
  }
  return sha256;
}

const rememberedSchema = z.object({
  path: z.string(),
  size: z.number(),
  mtimeNs: z.string(),
  inode: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

function cachePath(folder: string, { path, size, mtimeNs, inode }: FileIdentity): string {
  const key = createHash('sha256').update([path, size, mtimeNs, inode].join('\0')).digest('hex');
  return join(folder, `${key}.json`);
}

/** A remembered hash; null when there is none, or one that can't be read or is of another file: it is made anew. */
async function recall(path: string, identity: FileIdentity): Promise<string | null> {
  if ((await kindOf(path)) !== 'file') return null;
  const parsed = rememberedSchema.safeParse(await readJson(path, 65_536).catch(() => null));
  return parsed.success && unchanged(identity, parsed.data) ? parsed.data.sha256 : null;
}

/** Whether two identities are the same file in the same state, as far as its size, mtime and inode tell. */
export function unchanged(before: FileIdentity, after: FileIdentity): boolean {
  return (
    before.path === after.path &&
    before.size === after.size &&
    before.mtimeNs === after.mtimeNs &&
    before.inode === after.inode
  );
}

/** What became of the first of a checkpoint's weight files that is not as it was when it was opened; null when all are. */
export async function whatChanged(files: readonly WeightFile[]): Promise<string | null> {
  for (const { name, ...before } of files) {
    const after = await identify(before.path).catch((error: unknown) => messageOf(error));
    if (typeof after === 'string') return `${name}: is gone (${after})`;
    if (!unchanged(before, after)) return `${name}: ${difference(before, after)}`;
  }
  return null;
}

function difference(before: FileIdentity, after: FileIdentity): string {
  if (before.size !== after.size) return `changed, got ${after.size} bytes (expected ${before.size})`;
  if (before.inode !== after.inode || before.path !== after.path) return 'was replaced by another file';
  return 'was written to';
}
