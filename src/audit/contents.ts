/**
 * Which of many files have the same bytes, without reading them all: files of another size differ; so do files whose
 * bytes differ at a few places; only what is alike there is hashed in full, and remembered. So a series of 154
 * checkpoints of 5.6 GB, all of one size, is told apart by 10 MB, and its copies are proven by sha256.
 */
import { createHash } from 'node:crypto';
import { FileSource, identify } from '../bytes/index.js';
import { hashFiles, rememberedHashes, type HashOptions } from '../checkpoints/index.js';
import { EigentraceError } from '../errors.js';

export interface LocalFile {
  readonly name: string;
  /** As it is found; links are followed. */
  readonly path: string;
}

export interface Content {
  readonly size: number;
  /** Where it is known. */
  readonly sha256: string | null;
  /** The same for the same bytes, and for no others. */
  readonly content: string;
}

export interface ContentOptions extends HashOptions {
  /** Files done of files in all, while they are looked at; then bytes of bytes, while copies are proven. */
  readonly onLook?: (done: number, of: number) => void;
  /**
   * Paths that one wants to know about: of files that look alike only these are hashed, and the last of them all. What is like
   * none of these stays unproven, and counts as different. Default: all.
   */
  readonly wanted?: ReadonlySet<string>;
}

const block = 4096;
const places = 16;

/** Contents by path as given. A file that can't be read is left out. */
export async function contentsOf(
  files: readonly LocalFile[],
  options: ContentOptions = {},
): Promise<Map<string, Content>> {
  const real = new Map<string, { path: string; size: number }>();
  for (const { path } of files) {
    const identity = await identify(path).catch(() => null);
    if (identity) real.set(path, { path: identity.path, size: identity.size });
  }
  const sizes = new Map<number, Set<string>>();
  for (const { path, size } of real.values()) sizes.set(size, (sizes.get(size) ?? new Set()).add(path));
  const alike = [...sizes].flatMap(([size, paths]) =>
    paths.size > 1 ? [...paths].map((path) => ({ path, size })) : [],
  );

  const probes = new Map<string, string[]>();
  for (const [at, { path, size }] of alike.entries()) {
    if (options.signal?.aborted) throw new EigentraceError('interrupted', 'interrupted');
    const probe = await probeOf(path, size).catch(() => null);
    if (probe !== null) probes.set(probe, [...(probes.get(probe) ?? []), path]);
    options.onLook?.(at + 1, alike.length);
  }
  const wanted = options.wanted ? new Set([...options.wanted].map((path) => real.get(path)?.path)) : null;
  const proving = new Set([...probes.values()].flatMap((paths) => (paths.length > 1 ? chosen(paths, wanted) : [])));
  const copies = alike.filter(({ path }) => proving.has(path));
  const hashes = await provenBy(copies, options);

  const contents = new Map<string, Content>();
  for (const [given, { path, size }] of real) {
    const sha256 = hashes.get(path) ?? (await remembered(path, options.cacheFolder ?? null));
    contents.set(given, { size, sha256, content: hashes.get(path) ?? `file:${path}` });
  }
  return contents;
}

/** Of paths that look alike those that have to be hashed. */
function chosen(paths: readonly string[], wanted: ReadonlySet<string | undefined> | null): readonly string[] {
  if (wanted === null) return paths;
  const asked = paths.filter((path) => wanted.has(path));
  return asked.length === 0 ? [] : [...asked, paths.at(-1)!];
}

async function remembered(path: string, cacheFolder: string | null): Promise<string | null> {
  if (cacheFolder === null) return null;
  return (await rememberedHashes([{ name: path, path }], cacheFolder).catch(() => null))?.sha256 ?? null;
}

/** Their sha256. One that can't be read to its end is left out: it is no copy of anything. */
async function provenBy(
  files: readonly { path: string; size: number }[],
  options: ContentOptions,
): Promise<Map<string, string>> {
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const hashes = new Map<string, string>();
  let done = 0;
  for (const { path, size } of files) {
    const hashed = await hashFiles([{ name: path, path }], {
      ...options,
      onProgress: (read) => options.onProgress?.(done + read, total),
    }).catch((error: unknown) => {
      if (error instanceof EigentraceError && error.code !== 'input') throw error;
      return null;
    });
    if (hashed) hashes.set(path, hashed.sha256);
    done += size;
  }
  return hashes;
}

/** Hash of the size and of blocks spread evenly over the file, its ends among them. */
async function probeOf(path: string, size: number): Promise<string> {
  const file = await FileSource.open(path);
  try {
    const hash = createHash('sha256').update(String(size));
    const count = Math.min(places, Math.ceil(size / block));
    for (let i = 0; i < count; i++) {
      const start = count === 1 ? 0 : Math.floor(((size - block) * i) / (count - 1));
      hash.update(await file.read(Math.max(0, start), Math.min(size, Math.max(0, start) + block)));
    }
    return hash.digest('hex');
  } finally {
    await file.close();
  }
}
