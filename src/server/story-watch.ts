/**
 * Runs that are looked at once a second: their story as JSON with a version that grows when something changed, and the
 * progress of a trace that writes into one of them. Folders are listed rather than watched: that also works over NFS.
 */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { messageOf } from '../errors.js';
import { readProgress, type RunProgress } from '../record/index.js';
import { StoryReader, type ReadStory, type StoryOptions } from '../report/index.js';

/** A story as it is sent. */
export interface SentStory {
  readonly version: number;
  readonly etag: string;
  readonly json: Buffer;
  /** Compressed in the background; null until then. */
  gzip: Buffer | null;
  readonly read: ReadStory;
}

export type WatchEvent =
  | { readonly type: 'story'; readonly version: number }
  | { readonly type: 'progress'; readonly progress: RunProgress | null };

export interface WatchOptions extends StoryOptions {
  /** Milliseconds between looks. Default 1000. */
  readonly interval?: number;
  readonly onEvent: (event: WatchEvent) => void;
  /** What can't be read at all, once each time it changes. */
  readonly onProblem?: (message: string) => void;
}

const compress = promisify(gzip);

export class StoryWatch {
  readonly #reader: StoryReader;
  readonly #options: WatchOptions;
  #sent: SentStory | null = null;
  #progress: RunProgress | null = null;
  #problem: string | null = null;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  private constructor(runs: readonly string[], options: WatchOptions) {
    this.#reader = new StoryReader(runs, { ...options, wait: true });
    this.#options = options;
  }

  /** Reads the runs for the first time, then again and again until closed. */
  static async open(runs: readonly string[], options: WatchOptions): Promise<StoryWatch> {
    const watch = new StoryWatch(runs, options);
    watch.#take(await watch.#reader.read());
    await watch.#lookAtProgress();
    watch.#wait();
    return watch;
  }

  get story(): SentStory {
    return this.#sent!;
  }

  get progress(): RunProgress | null {
    return this.#progress;
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #wait(): void {
    if (this.#closed) return;
    // One after the other: a slow disk never has two looks under way.
    this.#timer = setTimeout(() => void this.#look().finally(() => this.#wait()), this.#options.interval ?? 1000);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    try {
      const read = await this.#reader.read();
      if (read !== this.#sent?.read) {
        this.#take(read);
        this.#options.onEvent({ type: 'story', version: this.story.version });
      }
      this.#problem = null;
      await this.#lookAtProgress();
    } catch (error) {
      // A folder that went away, a disk that does not answer: what was read stays, and the next look may do better.
      const message = messageOf(error);
      if (message !== this.#problem) this.#options.onProblem?.(message);
      this.#problem = message;
    }
  }

  #take(read: ReadStory): void {
    const json = Buffer.from(JSON.stringify(read.story));
    const etag = `"${createHash('sha256').update(json).digest('hex').slice(0, 20)}"`;
    const sent: SentStory = { version: (this.#sent?.version ?? 0) + 1, etag, json, gzip: null, read };
    this.#sent = sent;
    compress(json, { level: 4 }).then(
      (small) => (sent.gzip = small),
      () => undefined,
    );
  }

  async #lookAtProgress(): Promise<void> {
    let found: RunProgress | null = null;
    for (const run of this.#reader.runs) {
      const progress = await readProgress(run.path);
      // Its name on the page, not its place on this machine.
      if (progress !== null) found ??= { ...progress, run: run.name };
    }
    if (JSON.stringify(found) === JSON.stringify(this.#progress)) return;
    this.#progress = found;
    this.#options.onEvent({ type: 'progress', progress: found });
  }
}
