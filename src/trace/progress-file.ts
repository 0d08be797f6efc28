/**
 * Writes `RUN/.progress.json` from the events of a trace: at most twice a second, whole each time, and again every few
 * seconds while nothing is said, so that a long step doesn't look dead. It never fails or delays the work.
 */
import { readJson, remove, removeAtExit, writeAtomic } from '../bytes/index.js';
import { parseProgress, progressName, type RunProgress } from '../record/index.js';
import type { CheckpointResult, TraceEvent } from './request.js';

/** What is looked at of the events: those of other rooms that visit a series fit too. */
export type ProgressEvent =
  Exclude<TraceEvent, { type: 'done' }> | { type: 'done'; result: Pick<CheckpointResult, 'state' | 'seconds'> };

/** Milliseconds between two writes at least, and at most. */
const least = 500;
const most = 5_000;

export class ProgressFile {
  readonly #path: string;
  readonly #run: string;
  readonly #heart: NodeJS.Timeout;
  readonly #forget: () => void;
  #state: Omit<RunProgress, 'updated' | 'secondsLeft'> | null = null;
  #next: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();
  #writtenAt = -Infinity;
  #startedAt = 0;
  #measured = { count: 0, seconds: 0 };
  /** Checkpoints left to measure, the one under way among them. */
  #left = 0;
  #closed = false;

  constructor(run: string) {
    this.#run = run;
    this.#path = `${run}/${progressName}`;
    this.#heart = setInterval(() => this.#schedule(), most);
    this.#heart.unref();
    // A second Ctrl-C ends the process without a word.
    this.#forget = removeAtExit(this.#path);
  }

  /** Takes an event of the trace. */
  event(event: ProgressEvent): void {
    if (event.type === 'plan') {
      this.#left = event.plan.checkpoints.filter((c) => !c.reused && c.problem === null).length;
    } else if (event.type === 'start') {
      const { revision, control = null, index, total } = event;
      this.#startedAt = performance.now();
      this.#set({ revision, control, index, total, phase: 'start', done: 0, of: 0 });
    } else if (event.type === 'progress') {
      const { revision, control = null, index, total, phase, done, of } = event;
      this.#set({ revision, control, index, total, phase, done, of });
    } else if (event.type === 'waiting') {
      const { after, count } = event;
      const last = this.#state?.revision ?? '';
      this.#set({ revision: last, control: null, index: count, total: count, phase: 'wait', after, done: 0, of: 0 });
    } else if (event.type === 'done' && event.result.state !== 'reused') {
      this.#left = Math.max(0, this.#left - 1);
      if (event.result.state !== 'measured') return;
      this.#measured.count++;
      this.#measured.seconds += event.result.seconds;
    }
  }

  /** Takes the file away, unless another process has put its own there. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#heart);
    if (this.#next) clearTimeout(this.#next);
    await this.#writing;
    this.#forget();
    const there = parseProgress(await readJson(this.#path).catch(() => null));
    if (there === null || there.pid === process.pid) await remove(this.#path).catch(() => undefined);
  }

  #set(state: Omit<RunProgress, 'updated' | 'secondsLeft' | 'run' | 'pid'>): void {
    this.#state = { run: this.#run, pid: process.pid, ...state };
    this.#schedule();
  }

  /** Writes now, or when half a second has passed; the newest state is what is written. */
  #schedule(): void {
    if (this.#closed || this.#next !== null || this.#state === null) return;
    const wait = Math.max(0, this.#writtenAt + least - performance.now());
    this.#next = setTimeout(() => {
      // After the one before: two writers of one file could leave the older.
      this.#writing = this.#writing.then(() => this.#write());
    }, wait);
    this.#next.unref();
  }

  async #write(): Promise<void> {
    this.#writtenAt = performance.now();
    const state = this.#state;
    const progress = { ...state, secondsLeft: this.#secondsLeft(), updated: new Date().toISOString() };
    // A full disk fails the measurement that can't be stored, not its progress.
    await writeAtomic(this.#path, `${JSON.stringify(progress)}\n`).catch(() => undefined);
    this.#next = null;
    if (this.#state !== state) this.#schedule();
  }

  /** As the command line's bar tells it: what checkpoints took so far, times those left. */
  #secondsLeft(): number | null {
    const { count, seconds } = this.#measured;
    if (count === 0 || this.#left === 0) return null;
    const each = seconds / count;
    const spent = (performance.now() - this.#startedAt) / 1000;
    return Math.max(0, each - spent) + each * (this.#left - 1);
  }
}
