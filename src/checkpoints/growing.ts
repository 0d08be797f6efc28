/**
 * A folder into which a training writes checkpoints, looked at again and again: which are whole, which are still being
 * written, which came and went (`save_total_limit`). The folder may be empty, or not there yet.
 */
import { basename, dirname, join, resolve } from 'node:path';
import { kindOf, list } from '../bytes/index.js';
import { EigentraceError } from '../errors.js';
import { parseCheckpointName } from './naming.js';
import { matchesRevisions } from './revisions.js';
import { isSample } from './sample-series.js';
import type { Series, SeriesEntry } from './series.js';
import { compareEntries, entryOf, temporary } from './series-folder.js';
import { stagesOf } from './stages.js';
import { lookAtFiles, missingFrom, noTokenizer, readTrainerState, type FilesSeen } from './wholeness.js';

export interface GrowingOptions {
  /** Which checkpoints: a spec of `--revisions` that does not choose among all of them. */
  readonly revisions: string;
  readonly tokensPerStep: number | null;
  /** The tokenizer for all of them, a folder or a file; null: each has its own, or the folder has one. */
  readonly tokenizer: string | null;
}

/** A checkpoint that is not whole, and why. */
export interface Unfinished {
  readonly entry: SeriesEntry;
  /** `being written` while its files change; else what is missing. */
  readonly reason: string;
}

/** The reason of a checkpoint whose files change, or were not looked at twice yet. */
export const beingWritten = 'being written';

interface Seen {
  readonly entry: SeriesEntry;
  files: FilesSeen | null;
  /** Whether no file changed since the look before. */
  still: boolean;
  /** Why it can't be measured yet; null when it can. */
  reason: string | null;
  /** Weights as they were when it was taken; null while it was not. */
  taken: string | null;
}

export class GrowingSeries {
  readonly root: string;
  readonly #options: GrowingOptions;
  readonly #seen = new Map<string, Seen>();
  /** Every checkpoint that was ever seen. */
  readonly #entries = new Map<string, SeriesEntry>();
  #gone: SeriesEntry[] = [];
  /** Steps that were taken, or went away. */
  readonly #past = new Set<number>();
  #lastStep: number | null = null;
  #isThere = false;

  private constructor(root: string, options: GrowingOptions) {
    this.root = root;
    this.#options = options;
  }

  /** Looks for the first time. What can't be followed is refused: a file, a `series.json`, one checkpoint. */
  static async open(path: string, options: GrowingOptions): Promise<GrowingSeries> {
    const root = resolve(path);
    const expected = 'expected the folder into which a training writes its checkpoints';
    if (isSample(path)) {
      const message = `--follow: can not follow the bundled sample, which is whole, got ${path} (${expected})`;
      throw new EigentraceError('usage', message);
    }
    const kind = await kindOf(root);
    if (kind === 'file')
      throw new EigentraceError('usage', `--follow: can not follow a file, got ${path} (${expected})`);
    if (kind === 'folder' && (await kindOf(join(root, 'series.json'))) === 'file') {
      const message = `--follow: can not follow a series.json, which lists what there is, got ${path} (${expected})`;
      throw new EigentraceError('usage', message);
    }
    const { step } = parseCheckpointName(basename(root));
    if (kind === 'folder' && step !== null && (await kindOf(join(root, 'config.json'))) === 'file') {
      throw new EigentraceError('usage', `--follow: is one checkpoint, got ${path} (${expected}: ${dirname(path)}?)`);
    }
    const growing = new GrowingSeries(root, options);
    await growing.look();
    return growing;
  }

  /** Whether the folder is there. */
  get isThere(): boolean {
    return this.#isThere;
  }

  /** The step at which the training ends, as the newest `trainer_state.json` says; null when none does. */
  get lastStep(): number | null {
    return this.#lastStep;
  }

  /** All checkpoints ever seen, those that went away too. */
  get series(): Series {
    const entries = [...this.#entries.values()].sort(compareEntries);
    return {
      ...{
        name: basename(this.root) || 'series',
        root: this.root,
        source: 'folder',
        tokenizer: null,
        notes: [],
        entries,
      },
      ...{ tokensPerStep: this.#options.tokensPerStep, stages: stagesOf(entries) },
    };
  }

  /** Looks at the folder once. Where it can't be read, what was seen stays. */
  async look(): Promise<void> {
    const inside = await list(this.root).catch(() => null);
    this.#isThere = inside !== null;
    if (inside === null) return;
    const names = inside.filter(({ kind }) => kind === 'folder').map(({ name }) => name);
    const above = await lookAtFiles(
      this.root,
      inside.filter(({ name, kind }) => kind === 'file' && /^(tokenizer|config)/.test(name)).map(({ name }) => name),
    );
    for (const name of names) {
      if (temporary.test(name) || parseCheckpointName(name).step === null) continue;
      const entry = this.#seen.get(name)?.entry ?? entryOf(join(this.root, name), this.#options.tokensPerStep);
      if (!matchesRevisions(entry, this.#options.revisions)) continue;
      this.#entries.set(name, entry);
      await this.#lookAt(name, entry, above?.all ?? '');
    }
    for (const [name, { entry, taken }] of this.#seen) {
      if (names.includes(name)) continue;
      this.#seen.delete(name);
      if (taken === null) this.#gone.push(entry);
      this.#past.add(entry.step!);
    }
  }

  /** The earliest whole checkpoint that was not taken, and not after step `until`; null when there is none now. */
  next(until: number | null): SeriesEntry | null {
    for (const { entry, reason, taken, still } of this.#inOrder(until)) {
      if (taken !== null) continue;
      if (reason === null) return entry;
      // One that is being written comes first; one that nobody writes to any more must not hold up the others.
      if (!still) return null;
    }
    return null;
  }

  /** Marks a checkpoint as taken: it comes again only when its weights are written anew. */
  take(entry: SeriesEntry): void {
    this.#past.add(entry.step!);
    const seen = this.#seen.get(entry.revision);
    if (seen) seen.taken = seen.files?.weights ?? '';
  }

  /** Whole checkpoints that are not taken. */
  waiting(until: number | null): number {
    return this.#inOrder(until).filter(({ reason, taken }) => reason === null && taken === null).length;
  }

  /** Checkpoints that are not whole. */
  unfinished(until: number | null): Unfinished[] {
    return this.#inOrder(until).flatMap(({ entry, reason, taken, still }) =>
      reason === null || taken !== null ? [] : [{ entry, reason: still ? reason : beingWritten }],
    );
  }

  /**
   * Whether nothing up to step `until` is to come: that step is taken, or a later one is there and all before it are taken,
   * or are written to by nobody.
   */
  isPast(until: number): boolean {
    const own = this.#inOrder(until);
    if (own.some(({ taken, reason, still }) => taken === null && (reason === null || !still))) return false;
    return this.#past.has(until) || [...this.#entries.values()].some(({ step }) => step! > until);
  }

  /** Checkpoints that went away before they were taken, since this was last asked. */
  gone(): SeriesEntry[] {
    const gone = this.#gone;
    this.#gone = [];
    return gone;
  }

  /** Whether a checkpoint's folder is there no more, or no longer holds what it did. */
  async isGone(entry: SeriesEntry): Promise<boolean> {
    const files = this.#seen.get(entry.revision)?.files;
    const inside = await list(entry.folder!).catch(() => null);
    if (inside === null || !files) return true;
    const names = new Set(inside.map(({ name }) => name));
    return files.names.some((name) => !names.has(name));
  }

  async #lookAt(name: string, entry: SeriesEntry, above: string): Promise<void> {
    const folder = entry.folder!;
    const inside = await list(folder).catch(() => null);
    if (inside === null) return;
    const files = inside.filter(({ kind }) => kind === 'file').map((file) => file.name);
    const found = await lookAtFiles(folder, files);
    // It is being written or deleted this moment: the next look tells.
    if (found === null) return;
    const now = { ...found, all: `${above}\n${found.all}` };
    const before = this.#seen.get(name);
    const still = before?.files?.all === now.all;
    if (before && before.taken !== null && before.taken === now.weights) {
      Object.assign(before, { files: now, still });
      return;
    }
    // Judged when it was first found unchanged.
    if (before?.still && still) return;
    const state = await readTrainerState(folder, files);
    if (state?.last !== null && state !== null) this.#lastStep = state.last;
    const missing = await missingFrom(folder, files, {
      ...{ fallbackFolders: [this.root], tokenizer: this.#options.tokenizer },
    });
    const reason = this.#judge(missing, state !== null, still);
    // It may have been taken while this looked.
    const taken = this.#seen.get(name)?.taken ?? null;
    this.#seen.set(name, { entry, files: now, still, reason, taken: taken === now.weights ? taken : null });
  }

  #judge(missing: string | null, isClosed: boolean, still: boolean): string | null {
    if (missing === null) return isClosed || still ? null : beingWritten;
    // Its writer came to the end and nobody writes: it stays as it is, and whoever opens it says what is wrong.
    return isClosed && still && missing !== noTokenizer ? null : missing;
  }

  #inOrder(until: number | null): Seen[] {
    const all = [...this.#seen.values()].sort((a, b) => compareEntries(a.entry, b.entry));
    return until === null ? all : all.filter(({ entry }) => entry.step! <= until);
  }
}
