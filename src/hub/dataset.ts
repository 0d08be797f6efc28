/**
 * A split of a data set on the Hub, as parquet files in the Hub's cache (Python's layout). The Hub converts every public data
 * set to parquet on the branch `refs/convert/parquet`, laid out `<config>/<split>/0000.parquet`; one without that branch may
 * hold such files itself.
 */
import { FileSource, sizeOf, withFileLock, type ByteSource } from '../bytes/index.js';
import { EigentraceError, nearest } from '../errors.js';
import { fetchBlob } from './blob.js';
import { RepositoryCache } from './cache.js';
import { Gate } from './gate.js';
import { HubHttp, offline } from './http.js';
import { RangeSource } from './range-source.js';
import { HubError } from './refusals.js';
import { oidOf, Repository, type HubFile } from './repository.js';
import { hubSettings } from './settings.js';

export interface DatasetSplit {
  /** `org/name`. */
  readonly id: string;
  /** Null: the only one, or `default`. */
  readonly config: string | null;
  readonly split: string;
}

/** A parquet file of a split, where it is. */
export interface SplitFile {
  /** `hf:ORG/NAME@COMMIT/PATH`: what records and caches call it. */
  readonly name: string;
  readonly size: number;
  /** Of its content: sha256, or git's hash of a small file. */
  readonly oid: string;
  /** Reads it by ranges, or from the cache where it is there. */
  open(signal?: AbortSignal): Promise<ByteSource & { close(): Promise<void> }>;
}

export interface FetchedSplit {
  /** In the order of rows. */
  readonly paths: readonly string[];
  readonly commit: string;
}

const converted = 'refs/convert/parquet';
const connections = 4;
/** Bytes read at least: pages are read one after the other. */
const ahead = 4 << 20;

/** The files of a split, none of them fetched: their bytes come as they are read. Offline takes what is in the cache. */
export async function listDatasetSplit(
  wanted: DatasetSplit,
  { env, signal }: { readonly env?: NodeJS.ProcessEnv; readonly signal?: AbortSignal | undefined } = {},
): Promise<readonly SplitFile[]> {
  const settings = await hubSettings(env);
  const http = new HubHttp(settings);
  const cache = new RepositoryCache(settings.cache, 'datasets', wanted.id, settings.symlinks);
  try {
    const { commit, files } = await listing(
      new Repository(http, 'datasets', wanted.id),
      cache,
      settings.offline,
      signal,
    );
    return filesOf(wanted, files).map((file) => ({
      ...{ name: `hf:${wanted.id}@${commit}/${file.path}`, size: file.size, oid: oidOf(file) },
      open: async (signal) => {
        if (await cache.holds(commit, file)) return FileSource.open(cache.pointer(commit, file.path));
        const own = new HubHttp(settings);
        const repository = new Repository(own, 'datasets', wanted.id);
        if (settings.offline) throw offline(`${repository.subject} ${file.path}`);
        const remote = { url: repository.resolve(commit, file.path), subject: repository.subject };
        const source = new RangeSource(own, { ...remote, asked: file.path, size: file.size }, signal, ahead);
        const read = (start: number, end: number): Promise<Uint8Array> => source.read(start, end);
        return { name: source.name, byteLength: source.byteLength, read, close: () => own.close() };
      },
    }));
  } finally {
    await http.close();
  }
}

/** Fetches what is not in the cache; offline takes what is. */
export async function fetchDatasetSplit(
  wanted: DatasetSplit,
  { env, signal }: { readonly env?: NodeJS.ProcessEnv; readonly signal?: AbortSignal | undefined } = {},
): Promise<FetchedSplit> {
  const settings = await hubSettings(env);
  const http = new HubHttp(settings);
  try {
    const repository = new Repository(http, 'datasets', wanted.id);
    const cache = new RepositoryCache(settings.cache, 'datasets', wanted.id, settings.symlinks);
    const { commit, files } = await listing(repository, cache, settings.offline, signal);
    const chosen = filesOf(wanted, files);
    const gate = new Gate(connections);
    for (const file of chosen) {
      if (await cache.holds(commit, file)) continue;
      if (settings.offline) throw offline(`${repository.subject} ${file.path}`);
      const oid = oidOf(file);
      const blob = cache.blob(oid);
      const fetchOne = async (): Promise<void> => {
        // Another process may have fetched it while we waited.
        if (await cache.holds(commit, file)) return;
        const isNew = (await sizeOf(blob)) !== file.size;
        if (isNew) {
          const remote = { url: repository.resolve(commit, file.path), subject: repository.subject };
          await fetchBlob(
            http,
            { ...remote, asked: file.path, size: file.size, oid, path: blob, partial: `${blob}.incomplete` },
            { signal, gate, onBytes: () => undefined },
          );
        }
        await cache.link(commit, file, isNew);
      };
      await withFileLock(cache.lock(oid), fetchOne, { signal });
    }
    return { commit, paths: chosen.map((file) => cache.pointer(commit, file.path)) };
  } finally {
    await http.close();
  }
}

/** The converted files, or the repository's own where it has no such branch. */
async function listing(
  repository: Repository,
  cache: RepositoryCache,
  isOffline: boolean,
  signal: AbortSignal | undefined,
): Promise<{ commit: string; files: readonly HubFile[] }> {
  const known = isOffline ? await cache.refs() : await repository.refs(signal);
  let commit = known.get(converted);
  let revision = converted;
  if (commit === undefined && !isOffline) {
    // Branches of that kind are not listed among the others.
    commit = await repository.commitOf(converted, signal).catch((error: unknown) => {
      if (error instanceof HubError && error.reason === 'RevisionNotFound') return undefined;
      throw error;
    });
  }
  if (commit === undefined) {
    revision = 'main';
    commit = known.get('main');
  }
  if (commit === undefined) {
    if (isOffline) throw offline(repository.subject);
    commit = await repository.commitOf('main', signal);
  }
  if (!isOffline) await cache.writeRef(revision, commit);
  let files = await cache.tree(commit);
  if (files === null) {
    if (isOffline) throw offline(repository.subject);
    files = await repository.files(commit, signal);
    await cache.writeTree(commit, files);
  }
  return { commit, files };
}

/** The parquet files of a split, in order; an error names what there is. */
function filesOf({ id, config, split }: DatasetSplit, files: readonly HubFile[]): HubFile[] {
  const named = files.flatMap((file) => {
    // `<config>/<split>/0000.parquet`, or `<config>/<split>-00000-of-00001.parquet` with `data` for no config.
    const [, folder, name] = /^(.+?)\/([^/]+?)(?:\/[^/]*|-\d+-of-\d+[^/]*)?\.parquet$/.exec(file.path) ?? [];
    return folder === undefined || name === undefined ? [] : [{ file, config: folder, split: name }];
  });
  const configs = [...new Set(named.map((each) => each.config))];
  const standard = ['default', 'data'].find((name) => configs.includes(name));
  const chosen = config ?? standard ?? (configs.length === 1 ? configs[0] : undefined);
  const wrong = (what: string, got: string, known: readonly string[]): EigentraceError =>
    new EigentraceError(
      'input',
      `data set ${id}: no ${what}, got ${got} (expected one of: ${nearest(got, known, 6).join(', ') || 'none with parquet files'})`,
    );
  const own = named.filter((each) => each.config === chosen || (standard === 'data' && each.config === 'data'));
  if (own.length === 0) throw wrong('such configuration', config ?? 'none', configs);
  // Of a large set the Hub converts the beginning, and says so in the name.
  const isAsked = (name: string): boolean => name === split || name === `partial-${split}`;
  const found = own.filter((each) => isAsked(each.split)).map(({ file }) => file);
  if (found.length === 0) throw wrong('such split', split, [...new Set(own.map((each) => each.split))]);
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}
