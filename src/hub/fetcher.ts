/**
 * Checkpoints from the Hub: what they need is fetched into the cache that Python shares, the next one while this one is
 * computed, and what was fetched for this work alone is taken away again where the user wants that.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { freeBytes, kindOf, readText, remove, sizeOf, withFileLock, writeAtomic } from '../bytes/index.js';
import type { RemoteWeights, SeriesEntry } from '../checkpoints/index.js';
import { EigentraceError } from '../errors.js';
import { fetchBlob } from './blob.js';
import { Gate } from './gate.js';
import type { FetchHooks, FetchProgress, HubSize } from './hooks.js';
import { HubHttp, interrupted } from './http.js';
import { RangeSource } from './range-source.js';
import { Rate } from './rate.js';
import { oidOf, type HubFile } from './repository.js';
import { hubSettings } from './settings.js';
import { refusePart, Snapshot } from './snapshot.js';

/** What becomes of downloads: deleted after each checkpoint, all but the last, or kept. */
export type Keep = 'none' | 'last' | 'all';

export interface HubFetcherOptions {
  /** Default `process.env`. */
  readonly env?: NodeJS.ProcessEnv;
  /** Default `all`. Only weights are deleted, and only those that this program fetched and no other snapshot names. */
  readonly keep?: Keep;
  /** Where it is remembered, beyond this process, which blobs are ours to delete. Needed unless `keep` is `all`. */
  readonly owned?: string | null;
  /** Told of every large file whose sha256 was found right while it was written. */
  readonly onVerified?: (path: string, sha256: string) => Promise<void>;
  /** Milliseconds of the first pause between two tries, at most; each later one is twice as long. Default 500. */
  readonly pause?: number;
  /** Free bytes of the disk below a folder; tests give their own. */
  readonly freeBytes?: (folder: string) => Promise<number | null>;
}

/** Connections in all, and files at once. */
const connections = 8;
const filesAtOnce = 3;
/** What is left free on the disk. */
const reserve = 64 << 20;

interface Download {
  readonly done: Promise<string>;
  readonly stop: AbortController;
  readonly listeners: Set<(progress: FetchProgress) => void>;
}

export class HubFetcher {
  readonly #options: HubFetcherOptions;
  readonly #keep: Keep;
  readonly #gate = new Gate(connections);
  readonly #files = new Gate(filesAtOnce);
  readonly #snapshots = new Map<string, Promise<Snapshot>>();
  readonly #downloads = new Map<string, Download>();
  #http: Promise<HubHttp> | null = null;
  /** The one that `keep: 'last'` would delete next. */
  #last: SeriesEntry | null = null;

  constructor(options: HubFetcherOptions = {}) {
    this.#options = options;
    this.#keep = options.keep ?? 'all';
  }

  /** The checkpoint's folder, with everything it needs in it. Joins a prefetch that is under way. */
  async fetch(entry: SeriesEntry, hooks: FetchHooks = {}): Promise<string> {
    const download = this.#start(entry);
    const stop = (): void => download.stop.abort();
    if (hooks.signal?.aborted) stop();
    hooks.signal?.addEventListener('abort', stop, { once: true });
    if (hooks.onProgress) download.listeners.add(hooks.onProgress);
    try {
      return await download.done;
    } finally {
      hooks.signal?.removeEventListener('abort', stop);
      if (hooks.onProgress) download.listeners.delete(hooks.onProgress);
    }
  }

  /** Starts to fetch a checkpoint that is needed soon. What goes wrong is said when it is fetched. */
  prefetch(entry: SeriesEntry): void {
    this.#start(entry, true).done.catch(() => undefined);
  }

  /** Config and tokenizer fetched, weights where they are: enough to plan. `remote` is null when the weights are here. */
  async outline(entry: SeriesEntry, hooks: FetchHooks = {}): Promise<{ folder: string; remote: RemoteWeights | null }> {
    const http = await this.#open();
    const snapshot = await this.#snapshot(entry);
    const { small } = snapshot.choice;
    await this.#get(http, snapshot, small, { signal: hooks.signal, onBytes: () => undefined }, false);
    await this.#writeRef(entry, snapshot);
    const weights = await snapshot.weights();
    const missing = await snapshot.missing(weights);
    if (missing.length === 0) return { folder: snapshot.folder, remote: null };
    // An adapter is small, and a GGUF file's header holds its whole vocabulary.
    if (weights.some(({ path }) => /^adapter_model\.|\.gguf$/.test(path))) {
      return { folder: await this.fetch(entry, hooks), remote: null };
    }
    if (http.settings.offline) refusePart(nameOf(entry), missing, small.length + weights.length);
    const { cache, repository, commit } = snapshot;
    const files = new Map(
      missing.map((file) => [file.path, { path: cache.blob(oidOf(file)), size: file.size, sha256: file.sha256 }]),
    );
    const open = (name: string): RangeSource => {
      const remote = {
        url: repository.resolve(commit, name),
        subject: nameOf(entry),
        asked: name,
        size: files.get(name)!.size,
      };
      return new RangeSource(http, remote, hooks.signal);
    };
    return { folder: snapshot.folder, remote: { files, open } };
  }

  /** What a checkpoint needs, and what of it is here. Fetches nothing but the listing. */
  async sizeOf(entry: SeriesEntry): Promise<HubSize> {
    const snapshot = await this.#snapshot(entry);
    const files = [...snapshot.choice.small, ...(await snapshot.weights())];
    const cached = await Promise.all(files.map((file) => snapshot.cached(file)));
    return { bytes: sum(files.map(({ size }) => size)), cached: sum(cached) };
  }

  /** All files of the entry's commit, as the Hub lists them. Fetches nothing else. */
  async files(
    entry: SeriesEntry,
  ): Promise<{ commit: string; files: readonly HubFile[]; weights: readonly HubFile[]; problem: string | null }> {
    const { commit, files, chosen } = await this.#snapshot(entry);
    return 'choice' in chosen
      ? { commit, files, weights: chosen.choice.weights, problem: null }
      : { commit, files, weights: [], problem: chosen.error.message };
  }

  /** A small text file of the entry's commit, fetched into the cache; null where the commit has none of that name. */
  async text(entry: SeriesEntry, name: string, signal?: AbortSignal): Promise<string | null> {
    const http = await this.#open();
    const snapshot = await this.#snapshot(entry);
    const file = snapshot.files.find(({ path }) => path === name);
    if (!file) return null;
    await this.#get(http, snapshot, [file], { signal, onBytes: () => undefined }, false);
    return readText(snapshot.cache.pointer(snapshot.commit, name));
  }

  /** To be called when a checkpoint was measured: applies `keep`. */
  async finished(entry: SeriesEntry): Promise<void> {
    const keep = this.#keep;
    if (keep === 'none') await this.drop(entry);
    if (keep !== 'last') return;
    if (this.#last && this.#last.hub !== entry.hub) await this.drop(this.#last);
    this.#last = entry;
  }

  /** Deletes the weights of a checkpoint that we fetched, as far as no other snapshot names them. */
  async drop(entry: SeriesEntry): Promise<void> {
    const snapshot = await this.#snapshot(entry);
    this.#downloads.delete(keyOf(entry));
    const { cache, commit } = snapshot;
    let used: Set<string> | null = null;
    for (const file of await snapshot.weights()) {
      const blob = cache.blob(oidOf(file));
      const owned = this.#owned(blob);
      if (owned === null || (await kindOf(owned)) !== 'file') continue;
      await cache.unlink(commit, file);
      used ??= await cache.usedElsewhere(commit);
      if (used.has(blob)) continue;
      await remove(blob);
      await remove(owned);
    }
  }

  /** Stops what is under way. */
  async close(): Promise<void> {
    const downloads = [...this.#downloads.values()];
    for (const { stop } of downloads) stop.abort();
    await Promise.allSettled(downloads.map(({ done }) => done));
    if (this.#http) await (await this.#http).close();
    this.#http = null;
  }

  #open(): Promise<HubHttp> {
    this.#http ??= hubSettings(this.#options.env).then((settings) => new HubHttp(settings, this.#options.pause));
    return this.#http;
  }

  #snapshot(entry: SeriesEntry): Promise<Snapshot> {
    const key = keyOf(entry);
    let found = this.#snapshots.get(key);
    if (!found) {
      found = this.#open().then((http) => Snapshot.find(http, entry.hub!));
      found.catch(() => this.#snapshots.delete(key));
      this.#snapshots.set(key, found);
    }
    return found;
  }

  #start(entry: SeriesEntry, isAhead = false): Download {
    const key = keyOf(entry);
    const known = this.#downloads.get(key);
    if (known) return known;
    const stop = new AbortController();
    const listeners: Download['listeners'] = new Set();
    const done = this.#download(entry, stop.signal, isAhead, (progress) => {
      for (const listener of listeners) listener(progress);
    });
    const download = { done, stop, listeners };
    this.#downloads.set(key, download);
    // The next one who asks looks again: files may have gone, the network may have come back.
    const forget = (): void => {
      if (this.#downloads.get(key) === download) this.#downloads.delete(key);
    };
    done.then(forget, forget);
    return download;
  }

  async #download(
    entry: SeriesEntry,
    signal: AbortSignal,
    isAhead: boolean,
    tell: (progress: FetchProgress) => void,
  ): Promise<string> {
    const http = await this.#open();
    const snapshot = await this.#snapshot(entry);
    const { small } = snapshot.choice;
    await this.#get(http, snapshot, small, { signal, onBytes: () => undefined }, false);
    const weights = await snapshot.weights();
    const missing = await snapshot.missing(weights);
    if (missing.length > 0) {
      if (http.settings.offline) refusePart(nameOf(entry), missing, small.length + weights.length);
      const there = sum(await Promise.all(missing.map((file) => snapshot.cached(file))));
      const needed = sum(missing.map(({ size }) => size));
      await this.#checkRoom(entry, snapshot, needed - there, isAhead);
      const had = sum(weights.map(({ size }) => size)) - needed + there;
      const rate = new Rate(had, sum(weights.map(({ size }) => size)));
      let told = -Infinity;
      const onBytes = (bytes: number): void => {
        rate.add(bytes);
        if (performance.now() - told < 100) return;
        told = performance.now();
        tell(rate.progress());
      };
      tell(rate.progress());
      await this.#get(http, snapshot, missing, { signal, onBytes }, true);
      tell(rate.progress());
    }
    await this.#writeRef(entry, snapshot);
    return snapshot.folder;
  }

  async #get(
    http: HubHttp,
    snapshot: Snapshot,
    files: readonly HubFile[],
    hooks: { signal: AbortSignal | undefined; onBytes: (bytes: number) => void },
    isWeights: boolean,
  ): Promise<void> {
    const missing = await snapshot.missing(files);
    if (http.settings.offline) refusePart(snapshot.repository.id, missing, files.length);
    // One that fails stops the others, and none is left running.
    const stop = new AbortController();
    const signal = hooks.signal ? AbortSignal.any([hooks.signal, stop.signal]) : stop.signal;
    const results = await Promise.allSettled(
      missing.map((file) =>
        this.#files
          .through(() => this.#getOne(http, snapshot, file, { ...hooks, signal }, isWeights))
          .catch((error: unknown) => {
            if (!stop.signal.aborted) stop.abort();
            throw error;
          }),
      ),
    );
    if (hooks.signal?.aborted) throw interrupted();
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    const first =
      failures.find((error) => !(error instanceof EigentraceError) || error.code !== 'interrupted') ?? failures[0];
    if (first !== undefined) throw first as Error;
  }

  async #getOne(
    http: HubHttp,
    { cache, commit, repository }: Snapshot,
    file: HubFile,
    hooks: { signal: AbortSignal; onBytes: (bytes: number) => void },
    isWeights: boolean,
  ): Promise<void> {
    if (hooks.signal.aborted) throw interrupted();
    const oid = oidOf(file);
    const blob = cache.blob(oid);
    await withFileLock(
      cache.lock(oid),
      async () => {
        // Another process may have fetched it while we waited.
        if (await cache.holds(commit, file)) return;
        const isNew = (await sizeOf(blob)) !== file.size;
        const owned = isWeights ? this.#owned(blob) : null;
        if (isNew) {
          if (owned !== null && this.#keep !== 'all') await writeAtomic(owned, `${blob}\n`);
          const subject = repository.id;
          const request = { url: repository.resolve(commit, file.path), subject, asked: file.path, size: file.size };
          await fetchBlob(
            http,
            { ...request, oid, path: blob, partial: `${blob}.incomplete` },
            { signal: hooks.signal, gate: this.#gate, onBytes: hooks.onBytes },
          );
          if (file.sha256 !== null) await this.#options.onVerified?.(blob, file.sha256);
        }
        // From now on it is the user's, whoever fetched it.
        if (owned !== null && this.#keep === 'all') await remove(owned);
        await cache.link(commit, file, isNew);
      },
      { signal: hooks.signal },
    );
  }

  async #checkRoom(entry: SeriesEntry, { cache }: Snapshot, needed: number, isAhead: boolean): Promise<void> {
    const free = await (this.#options.freeBytes ?? freeBytes)(cache.folder);
    if (free === null || free >= needed + reserve) return;
    const advice = 'free some, or let HF_HUB_CACHE name a folder on a larger disk';
    const drop =
      this.#keep === 'none' || isAhead ? '' : '; with --keep none each checkpoint is deleted when it is measured';
    throw new EigentraceError(
      'environment',
      `${nameOf(entry)}: the disk of ${cache.folder} is too small for this checkpoint, got ${size(free)} free (expected ${size(needed + reserve)}); ${advice}${drop}`,
    );
  }

  async #writeRef({ hub }: SeriesEntry, { cache, commit }: Snapshot): Promise<void> {
    if (hub!.revision !== commit) await cache.writeRef(hub!.revision, commit);
  }

  /** The note that a blob is ours to delete; null when none are kept. */
  #owned(blob: string): string | null {
    const { owned } = this.#options;
    return owned ? join(owned, createHash('sha256').update(blob).digest('hex')) : null;
  }
}

const keyOf = ({ hub }: SeriesEntry): string => `${hub!.id}@${hub!.commit ?? hub!.revision}`;
const nameOf = ({ hub }: SeriesEntry): string => `${hub!.id}@${hub!.revision}`;
const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const at = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  return `${(bytes / 1000 ** at).toFixed(at === 0 ? 0 : 1)} ${units[at]}`;
}
