/**
 * `index build`: a corpus becomes shards. Documents are tokenised one after the other, straight to disk, until a shard is
 * full; its suffixes are sorted in threads while the next is tokenised. A shard's text is recorded when it is whole, its
 * table is there or not: a build that was stopped, however, goes on from there.
 */
import { hostname } from 'node:os';
import {
  kindOf,
  FileSource,
  list,
  makeFolder,
  remove,
  sweepTemporary,
  withFileLock,
  writeAtomic,
} from '../bytes/index.js';
import { documents as readDocuments, tokenizerLibrary, TokenizerError, type Document } from '../corpus/index.js';
import { EigentraceError } from '../errors.js';
import { aboutName, dtypeOf, indexVersion, readAbout, writeAbout, type About } from './about.js';
import { BuildProgress, type BuildEvent } from './build-progress.js';
import { resolveBuild, type BuildRequest, type Resolved } from './build-request.js';
import type { TokenWidth } from './kernel/layout.js';
import { ShardWriter } from './shard-writer.js';
import { pointerWidth, SuffixSorter } from './sort.js';

export interface BuildHooks {
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: BuildEvent) => void) | undefined;
}

export interface BuildResult {
  readonly folder: string;
  readonly tokens: number;
  readonly documents: number;
  readonly shards: number;
  readonly dtype: About['dtype'];
  /** Shards of which text and table were there already. */
  readonly kept: number;
  readonly seconds: number;
}

const ours = /^(?:tokenized|table|offset|metadata|metaoff|unigram)\.\d+$/;

export async function buildIndex(request: BuildRequest, hooks: BuildHooks = {}): Promise<BuildResult> {
  const start = performance.now();
  const resolved = await resolveBuild(request);
  const folder = request.out;
  await makeFolder(folder);
  const build = await alone(folder, async () => {
    const about = await begin(folder, request, resolved);
    const build = new Build(folder, request, resolved, about, hooks);
    try {
      await build.run();
    } finally {
      await build.close();
    }
    return build;
  });
  const { shards, dtype } = build.about;
  return {
    ...{ folder, dtype, shards: shards.length, kept: build.kept, seconds: (performance.now() - start) / 1000 },
    tokens: shards.reduce((sum, { tokens }) => sum + tokens, 0),
    documents: shards.reduce((sum, { documents }) => sum + documents, 0),
  };
}

/** Two builds in one folder would take each other's shards for their own. The lock of one that was killed is gone with it. */
function alone<T>(folder: string, action: () => Promise<T>): Promise<T> {
  return withFileLock(`${folder}/.build.lock`, action, {
    holder: `process ${process.pid} on ${hostname()}, since ${new Date().toISOString()}`,
    refuse: (holder) => {
      const who = holder === '' ? 'another process' : holder;
      const message = `index ${folder}: is being built, got ${who} (expected one build at a time); wait for it, or give another --out`;
      return new EigentraceError('environment', message);
    },
  });
}

/** What to go on from; refuses a folder that holds something else. */
async function begin(folder: string, { force = false }: BuildRequest, resolved: Resolved): Promise<About> {
  const files = (await list(folder)).map(({ name }) => name).filter((name) => ours.test(name));
  const before = force ? null : await readAbout(folder);
  if (before?.request === resolved.hash) {
    await sweepTemporary(folder, 60_000);
    return before;
  }
  if (!force && (before || files.length > 0)) {
    const what = before
      ? `of ${before.corpus.name}, or of the same files as they were`
      : 'that this program did not build';
    const message = `index ${folder}: holds another index, got one ${what} (expected an empty folder); give another --out, or --force to build it anew`;
    throw new EigentraceError('input', message);
  }
  const { corpus, tokenizer, width, field, hash } = resolved;
  const about: About = {
    ...{ format: 1, version: indexVersion, complete: false, dtype: dtypeOf(width) },
    tokenizer: {
      ...{ path: tokenizer.name, sha256: tokenizer.sha256, vocabulary: tokenizer.vocabularySize },
      library: tokenizerLibrary,
    },
    corpus: { name: corpus.name, field, files: corpus.files.map(({ label, bytes }) => ({ path: label, bytes })) },
    ...{ request: hash, shards: [] },
  };
  // First the claim, so that what is left of a build killed here is known as one; a folder that can't be written says so now.
  await writeAbout(folder, about);
  for (const name of files) await remove(`${folder}/${name}`);
  return about;
}

class Build {
  readonly #folder: string;
  readonly #request: BuildRequest;
  readonly #resolved: Resolved;
  readonly #hooks: BuildHooks;
  readonly #progress: BuildProgress;
  readonly #sorter: SuffixSorter;
  /** Ends sorting when tokenising fails, and the other way round. */
  readonly #stop = new AbortController();
  #sorting: Promise<void> = Promise.resolve();
  /** What ended the build, where it was not the signal. */
  #failure: unknown = null;
  about: About;
  kept = 0;

  constructor(folder: string, request: BuildRequest, resolved: Resolved, about: About, hooks: BuildHooks) {
    this.#folder = folder;
    this.#request = request;
    this.#resolved = resolved;
    this.about = about;
    this.#hooks = hooks;
    this.#progress = new BuildProgress(resolved.corpus.files, hooks.onEvent);
    this.#sorter = new SuffixSorter(resolved.threads);
    hooks.signal?.addEventListener('abort', this.#abort);
    if (hooks.signal?.aborted) this.#abort();
  }

  readonly #abort = (): void => this.#stop.abort();

  async run(): Promise<void> {
    const { width } = this.#resolved;
    this.#progress.goOnFrom(this.about.shards.reduce((sum, { tokens }) => sum + tokens, 0));
    for (const [number, { tokens }] of this.about.shards.entries()) {
      await this.#check(number, tokens * width);
      const table = `${this.#folder}/table.${number}`;
      if ((await sizeOf(table)) === tokens * pointerWidth(tokens * width)) {
        this.kept++;
        this.#progress.sorted(tokens);
      } else await this.#sort(number, tokens);
    }
    if (!this.about.complete) {
      await this.#tokenise();
      await this.#sorting;
      this.about = { ...this.about, complete: true };
      await writeAbout(this.#folder, this.about);
      await sweepTemporary(this.#folder, 0);
    }
    await this.#sorting;
  }

  async close(): Promise<void> {
    this.#hooks.signal?.removeEventListener('abort', this.#abort);
    this.#abort();
    await this.#sorting.catch(() => undefined);
    await this.#sorter.close();
    this.#progress.close();
  }

  async #tokenise(): Promise<void> {
    const { width, shardTokens, tokenizer, field, corpus } = this.#resolved;
    const labels = new Map(corpus.files.map(({ path, label }) => [path, label]));
    const done = this.about.shards.at(-1);
    let next = done ? done.from + done.documents : 0;
    let writer: ShardWriter | null = null;
    let scanned = 0;
    try {
      const options = { field, signal: this.#stop.signal };
      for await (const document of readDocuments(this.#request.corpus, options)) {
        scanned++;
        this.#progress.read(document.path, document.bytesRead);
        if (document.index < next) continue;
        const ids = encode(tokenizer, document, width);
        if (writer && writer.tokensWith(ids) > shardTokens) {
          await this.#close(writer, next);
          next += writer.documents;
          writer = null;
        }
        writer ??= await ShardWriter.open(this.#folder, this.about.shards.length, width, !this.#request.skipMetadata);
        if (writer.tokensWith(ids) > shardTokens) throw tooLong(document, ids.length + 1, shardTokens);
        const { path, line: linenum, rest: metadata } = document;
        await writer.add(ids, { path: labels.get(path) ?? path, linenum, metadata });
        if (this.#progress.tokenised(ids.length + 1)) await pause();
      }
      if (scanned === 0) {
        const message = `corpus ${this.#request.corpus}: is empty (expected at least one document)`;
        throw new EigentraceError('input', message);
      }
      if (writer) await this.#close(writer, next);
      writer = null;
    } catch (error) {
      this.#abort();
      if (this.#hooks.signal?.aborted) throw new EigentraceError('interrupted', 'interrupted', { cause: error });
      // Tokenising was only told to stop because sorting failed.
      if (this.#failure !== null) throw this.#failure as Error;
      // An index of nothing is none.
      if (scanned === 0) await remove(`${this.#folder}/${aboutName}`);
      throw error;
    } finally {
      await writer?.discard();
    }
  }

  /** A shard's text is whole: it is recorded, and sorted as soon as the one before is. */
  async #close(writer: ShardWriter, from: number): Promise<void> {
    const sha256 = await writer.commit();
    const { documents, tokens, number } = writer;
    this.about = { ...this.about, shards: [...this.about.shards, { from, documents, tokens, sha256 }] };
    await writeAbout(this.#folder, this.about);
    await this.#sort(number, tokens);
  }

  /** Starts to sort a shard when the one before is done. */
  async #sort(number: number, tokens: number): Promise<void> {
    await this.#sorting;
    this.#sorting = this.#sortNow(number, tokens);
    // It is awaited later; until then it must not count as unhandled.
    this.#sorting.catch((error: unknown) => {
      if (!this.#stop.signal.aborted) this.#failure = error;
      this.#abort();
    });
  }

  async #sortNow(number: number, tokens: number): Promise<void> {
    const text = await FileSource.open(`${this.#folder}/tokenized.${number}`);
    try {
      await this.#sorter.sort(text, this.#resolved.width, {
        signal: this.#stop.signal,
        onProgress: (done, of) => this.#progress.sorting(number, (tokens * done) / of),
      });
      await writeAtomic(`${this.#folder}/table.${number}`, this.#sorter.table());
      this.#progress.sorted(tokens);
    } finally {
      await text.close();
    }
  }

  async #check(number: number, bytes: number): Promise<void> {
    const path = `${this.#folder}/tokenized.${number}`;
    const size = await sizeOf(path);
    if (size === bytes) return;
    const message = `${path}: is not as the stopped build left it, got ${size ?? 'no'} bytes (expected ${bytes}); build anew with --force`;
    throw new EigentraceError('integrity', message);
  }
}

function encode(tokenizer: Resolved['tokenizer'], document: Document, width: TokenWidth): Int32Array {
  const ids = tokenizer.encodePlain(document.text);
  for (const id of ids) {
    if (id >= 0 && id < 256 ** width - 1) continue;
    const message = `tokenizer ${tokenizer.name}: gave id ${id} in row ${document.index}, outside its vocabulary of ${tokenizer.vocabularySize}`;
    throw new TokenizerError('input', message);
  }
  return ids;
}

function tooLong({ path, index }: Document, tokens: number, most: number): EigentraceError {
  const message = `${path}: document ${index} is larger than a shard, got ${tokens} tokens (expected at most ${most}); raise --memory or --shard-tokens`;
  return new EigentraceError('input', message);
}

/** Lets messages of the threads, signals and timers through: tokenising blocks. */
function pause(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function sizeOf(path: string): Promise<number | null> {
  if ((await kindOf(path)) !== 'file') return null;
  const source = await FileSource.open(path);
  await source.close();
  return source.byteLength;
}
