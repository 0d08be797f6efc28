/** One commit of a repository, as it is to be on this machine: what it holds, what is chosen of it, what is there already. */
import { identify, kindOf, list, readJson, sizeOf } from '../bytes/index.js';
import { EigentraceError } from '../errors.js';
import type { HubPlace } from '../checkpoints/index.js';
import { RepositoryCache } from './cache.js';
import { chooseFiles, type Choice } from './choose.js';
import { offline, type HubHttp } from './http.js';
import { isCommit, oidOf, Repository, type HubFile } from './repository.js';
import { refuseRevision } from './revision.js';

export class Snapshot {
  readonly repository: Repository;
  readonly cache: RepositoryCache;
  readonly commit: string;
  /** All files of the commit, as far as known. */
  readonly files: readonly HubFile[];
  /** What is fetched of it, or why nothing can be. */
  readonly chosen: { readonly choice: Choice } | { readonly error: EigentraceError };

  private constructor(
    repository: Repository,
    cache: RepositoryCache,
    commit: string,
    files: readonly HubFile[],
    chosen: Snapshot['chosen'],
  ) {
    this.repository = repository;
    this.cache = cache;
    this.commit = commit;
    this.files = files;
    this.chosen = chosen;
  }

  /** Finds out what a place stands for. Asks the Hub only for what the cache doesn't know. */
  static async find(http: HubHttp, place: HubPlace, signal?: AbortSignal): Promise<Snapshot> {
    const { cache: folder, offline: isOffline, symlinks } = http.settings;
    const repository = new Repository(http, 'models', place.id);
    const cache = new RepositoryCache(folder, 'models', place.id, symlinks);
    const commit = place.commit ?? (await commitOf(repository, cache, place.revision, isOffline, signal));
    let files = await cache.tree(commit);
    if (files === null && isOffline) files = await filesThere(cache, commit);
    if (files === null) {
      files = await repository.files(commit, signal);
      await cache.writeTree(commit, files);
    }
    if (files.length === 0 && isOffline) throw offline(`${place.id}@${place.revision}`);
    return new Snapshot(repository, cache, commit, files, choose(`${place.id}@${place.revision}`, files));
  }

  get choice(): Choice {
    if ('error' in this.chosen) throw this.chosen.error;
    return this.chosen.choice;
  }

  get folder(): string {
    return this.cache.snapshot(this.commit);
  }

  async missing(files: readonly HubFile[]): Promise<HubFile[]> {
    const there = await Promise.all(files.map((file) => this.cache.holds(this.commit, file)));
    return files.filter((_, i) => !there[i]);
  }

  /** The weights that the index of shards names, once it is here; without one, those that were chosen. */
  async weights(): Promise<readonly HubFile[]> {
    const { index, weights } = this.choice;
    if (index === null || !(await this.cache.holds(this.commit, index))) return weights;
    const json = await readJson(this.cache.pointer(this.commit, index.path)).catch(() => null);
    const map = (json as { weight_map?: unknown } | null)?.weight_map;
    if (typeof map !== 'object' || map === null) return weights;
    const named = new Set(Object.values(map));
    return weights.filter(({ path }) => named.has(path));
  }

  /** Bytes of a file that are in the cache, whole or in part. */
  async cached(file: HubFile): Promise<number> {
    if (await this.cache.holds(this.commit, file)) return file.size;
    const blob = this.cache.blob(oidOf(file));
    if ((await sizeOf(blob)) === file.size) return file.size;
    const partial = (await sizeOf(`${blob}.incomplete`)) ?? 0;
    return partial < file.size ? partial : 0;
  }
}

function choose(subject: string, files: readonly HubFile[]): Snapshot['chosen'] {
  try {
    return { choice: chooseFiles(subject, files) };
  } catch (error) {
    if (error instanceof EigentraceError) return { error };
    throw error;
  }
}

async function commitOf(
  repository: Repository,
  cache: RepositoryCache,
  revision: string,
  isOffline: boolean,
  signal?: AbortSignal,
): Promise<string> {
  if (isCommit(revision)) return revision;
  if (!isOffline)
    return repository
      .commitOf(revision, signal)
      .catch((error: unknown) => refuseRevision(repository, revision, error, signal));
  const refs = await cache.refs();
  const commit = refs.get(revision);
  if (commit !== undefined) return commit;
  throw offline(`${repository.id}@${revision}`);
}

/** What the cache holds of a commit that was never listed (an older Python's, or `--local-files-only`): blobs tell their names. */
async function filesThere(cache: RepositoryCache, commit: string): Promise<HubFile[]> {
  const folder = cache.snapshot(commit);
  if ((await kindOf(folder)) !== 'folder') return [];
  const files: HubFile[] = [];
  for (const { name, kind } of await list(folder)) {
    if (kind !== 'file') continue;
    const { path, size } = await identify(`${folder}/${name}`);
    const oid = /[/\\]blobs[/\\]([0-9a-f]{40}|[0-9a-f]{64})$/.exec(path)?.[1] ?? '';
    files.push({
      path: name,
      size,
      gitOid: oid.length === 40 ? oid : '',
      sha256: oid.length === 64 ? oid : null,
      xetHash: null,
    });
  }
  return files;
}

/** Throws where offline and something is missing: a part of a snapshot is never taken for the whole. */
export function refusePart(subject: string, missing: readonly HubFile[], of: number): void {
  if (missing.length === 0) return;
  const names = missing
    .slice(0, 3)
    .map(({ path }) => path)
    .join(', ');
  throw new EigentraceError(
    'input',
    `${subject}: is not whole in the cache, got ${of - missing.length} of ${of} files (${names}${missing.length > 3 ? ', …' : ''} not there), and HF_HUB_OFFLINE is set; unset it to download the rest`,
  );
}
