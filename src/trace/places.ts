/**
 * Where a series and its checkpoints lie: a folder, a file, or the Hub. A checkpoint on the Hub is looked at where it is, by
 * its headers, and fetched when it is to be measured.
 */
import { dirname, join, resolve } from 'node:path';
import type { RevisionSource } from '../audit/index.js';
import { kindOf, readJson } from '../bytes/index.js';
import {
  openSeries,
  parseHubId,
  rememberHash,
  type RemoteWeights,
  type Series,
  type SeriesEntry,
} from '../checkpoints/index.js';
import { EigentraceError } from '../errors.js';
import type { FetchHooks, HubFetcher, Keep } from '../hub/index.js';
import { cacheFolder, hashCache } from './cache.js';

/**
 * Opens a SERIES, wherever it lies. What is there on this machine is meant first; `hf:org/name` always means the Hub. The
 * hub room is loaded only when it is needed. `others`: of a repository also the revisions that are no steps, such as `main`.
 */
export async function openAnySeries(
  path: string,
  options: { tokensPerStep?: number | null; others?: boolean; signal?: AbortSignal | undefined } = {},
): Promise<Series> {
  const { tokensPerStep = null, others = false, signal } = options;
  if (await isOnHub(path)) {
    return (await import('../hub/index.js')).openHubSeries(path, { tokensPerStep, others, signal });
  }
  return openSeries(path, { tokensPerStep });
}

/** Whether a SERIES means the Hub: it can be an id, and neither it nor the folder above is here. */
export async function isOnHub(path: string): Promise<boolean> {
  const id = parseHubId(path);
  if (id === null) return false;
  if (path.startsWith('hf:')) return true;
  const isPath = /^\.{0,2}[/\\]/.test(path) || !id.id.includes('/') || /\.(json|gguf)$/.test(path);
  return !isPath && (await kindOf(resolve(path))) === null && (await kindOf(dirname(resolve(path)))) === null;
}

/** Brings checkpoints of the Hub to this machine, and takes them away again. */
export class Places {
  readonly #keep: Keep;
  #fetcher: Promise<HubFetcher> | null = null;

  constructor(keep: Keep = 'all') {
    this.#keep = keep;
  }

  /** The checkpoint's folder, and where its weights are when they are not in it. For a folder of the user's: that. */
  async outline(
    entry: SeriesEntry,
    hooks: FetchHooks = {},
  ): Promise<{ entry: SeriesEntry; remote: RemoteWeights | null }> {
    if (!isHub(entry)) return { entry, remote: null };
    const { folder, remote } = await (await this.#open()).outline(entry, hooks);
    return { entry: await this.#withBase(entry, folder, hooks), remote };
  }

  /** The checkpoint with all its files. */
  async fetch(entry: SeriesEntry, hooks: FetchHooks = {}): Promise<SeriesEntry> {
    if (!isHub(entry)) return entry;
    return this.#withBase(entry, await (await this.#open()).fetch(entry, hooks), hooks);
  }

  /** Starts to fetch what is needed next. */
  async prefetch(entry: SeriesEntry): Promise<void> {
    if (isHub(entry)) (await this.#open()).prefetch(entry);
  }

  /** Says that a checkpoint was measured: `keep` decides what becomes of it. */
  async finished(entry: SeriesEntry): Promise<void> {
    if (isHub(entry)) await (await this.#open()).finished(entry);
  }

  /** What lists revisions, for audits. */
  get revisions(): RevisionSource {
    return {
      files: async (entry) => (await (await this.#open()).files(entry)).files,
      text: async (entry, path) => (await this.#open()).text(entry, path),
    };
  }

  /** The fetcher itself, for sizes and listings. */
  fetcher(): Promise<HubFetcher> {
    return this.#open();
  }

  async close(): Promise<void> {
    if (this.#fetcher) await (await this.#fetcher).close();
    this.#fetcher = null;
  }

  #open(): Promise<HubFetcher> {
    const cache = cacheFolder();
    this.#fetcher ??= import('../hub/index.js').then(
      ({ HubFetcher: Fetcher }) =>
        new Fetcher({
          keep: this.#keep,
          owned: join(cache, 'downloads'),
          // So that what was hashed while it was written is not read again for its key.
          onVerified: (path, sha256) => rememberHash(path, sha256, hashCache(cache)),
        }),
    );
    return this.#fetcher;
  }

  /** An adapter's base, where its config names a repository. */
  async #withBase(entry: SeriesEntry, folder: string, hooks: FetchHooks): Promise<SeriesEntry> {
    const here = { ...entry, folder };
    const path = join(folder, 'adapter_config.json');
    if (entry.base !== undefined || (await kindOf(path)) !== 'file') return here;
    const named = (await readJson(path, 1 << 20)) as { base_model_name_or_path?: unknown; revision?: unknown } | null;
    const base = typeof named?.base_model_name_or_path === 'string' ? parseHubId(named.base_model_name_or_path) : null;
    if (!base) return here;
    const revision = typeof named?.revision === 'string' && named.revision !== '' ? named.revision : 'main';
    const hub = { id: base.id, revision, commit: null };
    return { ...here, base: await (await this.#open()).fetch({ ...entry, hub }, hooks) };
  }
}

const isHub = ({ folder, hub }: SeriesEntry): boolean => folder === null && hub !== undefined;

/** Whether any checkpoint of a series is on the Hub. */
export function needsHub({ entries }: Series): boolean {
  return entries.some(isHub);
}

/** A blob of the Hub's cache is named by its sha256: refused where its bytes are others. */
export function refuseDamagedBlobs(
  files: readonly { readonly name: string; readonly path: string }[],
  hashes: readonly { readonly name: string; readonly sha256: string }[],
): void {
  for (const { name, path } of files) {
    const promised = /[/\\]blobs[/\\]([0-9a-f]{64})$/.exec(path)?.[1];
    const got = hashes.find((each) => each.name === name)?.sha256;
    if (promised === undefined || got === undefined || got === promised) continue;
    throw new EigentraceError(
      'integrity',
      `${name}: is damaged in the Hub's cache, got sha256 ${got.slice(0, 12)}… (expected ${promised.slice(0, 12)}…); delete ${path} and run again`,
    );
  }
}
