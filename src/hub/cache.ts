/**
 * The cache that Python's huggingface_hub keeps, in its layout: `models--org--name/{blobs,refs,snapshots,trees}` and
 * `.locks/models--org--name/<etag>.lock`. A blob is named by its content (sha256 of large files, git's sha1 of small ones),
 * a snapshot is a folder of links to blobs, a ref a file that holds a commit; `trees/<commit>.json` lists what a commit holds,
 * so that a snapshot that is not whole is known as such without the network.
 */
import { join } from 'node:path';
import * as z from 'zod';
import { identify, kindOf, linkFile, list, readJson, readText, remove, sizeOf, writeAtomic } from '../bytes/index.js';
import { isCommit, isSafePath, oidOf, type HubFile, type RepositoryKind } from './repository.js';

const treeFileSchema = z.looseObject({
  format_version: z.literal(1),
  files: z.record(
    z.string(),
    z.looseObject({
      size: z.int().min(0),
      blob_id: z.string().regex(/^[0-9a-f]{40}$/),
      lfs_sha256: z
        .string()
        .regex(/^[0-9a-f]{64}$/)
        .nullish(),
      lfs_size: z.int().min(0).nullish(),
      xet_hash: z.string().nullish(),
    }),
  ),
});

export class RepositoryCache {
  /** `models--org--name`. */
  readonly folder: string;
  readonly #locks: string;
  readonly #symlinks: boolean;

  constructor(cache: string, kind: RepositoryKind, id: string, symlinks: boolean) {
    const name = [kind, ...id.split('/')].join('--');
    this.folder = join(cache, name);
    this.#locks = join(cache, '.locks', name);
    this.#symlinks = symlinks;
  }

  blob(oid: string): string {
    return join(this.folder, 'blobs', oid);
  }

  lock(oid: string): string {
    return join(this.#locks, `${oid}.lock`);
  }

  snapshot(commit: string): string {
    return join(this.folder, 'snapshots', commit);
  }

  /** Where a file of a snapshot lies. */
  pointer(commit: string, path: string): string {
    return join(this.snapshot(commit), ...path.split('/'));
  }

  /** Branches and tags that were met, with their commits. */
  async refs(): Promise<Map<string, string>> {
    const refs = new Map<string, string>();
    const root = join(this.folder, 'refs');
    const walk = async (folder: string, prefix: string): Promise<void> => {
      if ((await kindOf(folder)) !== 'folder') return;
      for (const { name, kind } of await list(folder)) {
        if (kind === 'folder') await walk(join(folder, name), `${prefix}${name}/`);
        else if (!name.endsWith('.tmp') && !name.startsWith('.')) {
          const commit = (await readText(join(folder, name), 1024).catch(() => '')).trim();
          if (isCommit(commit)) refs.set(prefix + name, commit);
        }
      }
    };
    await walk(root, '');
    return refs;
  }

  async writeRef(revision: string, commit: string): Promise<void> {
    if (revision === commit || !isSafePath(revision)) return;
    const path = join(this.folder, 'refs', ...revision.split('/'));
    if ((await readText(path, 1024).catch(() => '')) !== commit) await writeAtomic(path, commit);
  }

  /** What a commit holds, where it was listed before; null otherwise. */
  async tree(commit: string): Promise<HubFile[] | null> {
    const path = this.#tree(commit);
    if ((await kindOf(path)) !== 'file') return null;
    const parsed = treeFileSchema.safeParse(await readJson(path).catch(() => null));
    if (!parsed.success) return null;
    return Object.entries(parsed.data.files).flatMap(([file, entry]) => {
      if (!isSafePath(file)) return [];
      const sha256 = entry.lfs_sha256 ?? null;
      const size = sha256 === null ? entry.size : (entry.lfs_size ?? entry.size);
      return [{ path: file, size, gitOid: entry.blob_id, sha256, xetHash: entry.xet_hash ?? null }];
    });
  }

  async writeTree(commit: string, files: readonly HubFile[]): Promise<void> {
    const entries = [...files]
      .sort((a, b) => (a.path < b.path ? -1 : 1))
      .map((file) => [
        file.path,
        {
          size: file.size,
          blob_id: file.gitOid,
          ...(file.sha256 === null ? {} : { lfs_sha256: file.sha256, lfs_size: file.size }),
          // Python takes a listing with a hash of another form for broken.
          ...(file.xetHash !== null && /^[0-9a-f]{64}$/.test(file.xetHash) ? { xet_hash: file.xetHash } : {}),
        },
      ]);
    const json = JSON.stringify({ format_version: 1, files: Object.fromEntries(entries) as unknown }, null, 1);
    // It saves requests; nothing depends on it.
    await writeAtomic(this.#tree(commit), json).catch(() => undefined);
  }

  /** Whether a file of a snapshot is there, whole. */
  async holds(commit: string, file: HubFile): Promise<boolean> {
    return (await sizeOf(this.pointer(commit, file.path))) === file.size;
  }

  /** Gives a blob its name in a snapshot. */
  async link(commit: string, file: HubFile, isNew: boolean): Promise<void> {
    const options = { symlinks: this.#symlinks, move: isNew };
    await linkFile(this.blob(oidOf(file)), this.pointer(commit, file.path), options);
  }

  /** Real paths of what the snapshots but one name. */
  async usedElsewhere(commit: string): Promise<Set<string>> {
    const used = new Set<string>();
    const walk = async (folder: string): Promise<void> => {
      for (const { name, kind } of await list(folder)) {
        const path = join(folder, name);
        if (kind === 'folder') await walk(path);
        else used.add((await identify(path)).path);
      }
    };
    const root = join(this.folder, 'snapshots');
    if ((await kindOf(root)) !== 'folder') return used;
    for (const { name, kind } of await list(root))
      if (kind === 'folder' && name !== commit) await walk(join(root, name));
    return used;
  }

  async unlink(commit: string, file: HubFile): Promise<void> {
    await remove(this.pointer(commit, file.path));
  }

  #tree(commit: string): string {
    return join(this.folder, 'trees', `${commit}.json`);
  }
}
