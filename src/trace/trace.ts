/**
 * The main job: every checkpoint of a series, one measurement each. What is there with the same key is reused; a
 * checkpoint that fails is recorded and doesn't stop the others; each measurement is stored before the next starts,
 * so that whatever ends the process loses at most the one under way.
 */
import { openSeries, selectRevisions, type Series, type SeriesEntry } from '../checkpoints/index.js';
import { EigentraceError, messageOf } from '../errors.js';
import {
  addFailure,
  addRequest,
  findReusable,
  openRun,
  writeMeasurement,
  type MeasurementRef,
  type Run,
} from '../record/index.js';
import { sweepScratch } from '../bytes/index.js';
import { ModelProcess } from '../runtime/index.js';
import { openKernel, type Kernel } from '../spectrum/index.js';
import { cacheFolder } from './cache.js';
import { startThread } from './kernel-threads.js';
import { measure, type Measured } from './measure.js';
import { draftOf, resultOf, runRequest, variantOf } from './recording.js';
import type { CheckpointResult, TraceHooks, TraceRequest, TraceResult } from './request.js';
import { Subjects, type Subject } from './subject.js';
import { versions } from './versions.js';

/** Measures what is not measured yet. Rejects only when nothing can be done at all: no series, no corpus, no RUN. */
export async function trace(request: TraceRequest, hooks: TraceHooks = {}): Promise<TraceResult> {
  checkRequest(request);
  const job = await Job.open(request, hooks);
  try {
    return await job.run();
  } finally {
    await job.close();
  }
}

/** What can be refused without looking at anything. */
export function checkRequest(request: TraceRequest): void {
  if (request.saveFeatures && request.position === 'all') {
    throw new EigentraceError(
      'usage',
      '--save-features: can not be kept for every token, got --position all (expected last or mean); ' +
        'use `eigentrace represent` for a checkpoint',
    );
  }
  if (!Number.isInteger(request.threads) || request.threads < 1) {
    throw new EigentraceError('usage', `--threads: got ${request.threads} (expected a whole number of at least 1)`);
  }
}

class Job {
  readonly #request: TraceRequest;
  readonly #hooks: TraceHooks;
  readonly #series: Series;
  readonly #entries: readonly SeriesEntry[];
  readonly #run: Run;
  readonly #variant: string | null;
  readonly #versions: Record<string, string>;
  readonly #subjects: Subjects;
  #child: ModelProcess | null = null;
  #kernel: Kernel | null = null;
  #recorded = false;

  private constructor(
    request: TraceRequest,
    hooks: TraceHooks,
    parts: { series: Series; entries: readonly SeriesEntry[]; run: Run; versions: Record<string, string> },
  ) {
    this.#request = request;
    this.#hooks = hooks;
    this.#series = parts.series;
    this.#entries = parts.entries;
    this.#run = parts.run;
    this.#versions = parts.versions;
    this.#variant = variantOf(parts.run.record, parts.series.name, request);
    this.#subjects = new Subjects(request, parts.series, cacheFolder());
  }

  static async open(request: TraceRequest, hooks: TraceHooks): Promise<Job> {
    const series = await openSeries(request.series);
    const entries = selectRevisions(series.entries, request.revisions);
    const run = await openRun(request.out, { create: true });
    await sweepScratch(request.out);
    for (const message of series.notes) hooks.onEvent?.({ type: 'note', message });
    return new Job(request, hooks, { series, entries, run, versions: await versions() });
  }

  async run(): Promise<TraceResult> {
    const results: CheckpointResult[] = [];
    const total = this.#entries.length;
    for (const [index, entry] of this.#entries.entries()) {
      if (this.#aborted()) break;
      const { stage, revision, step, tokens } = entry;
      this.#hooks.onEvent?.({ type: 'start', stage, revision, step, tokens, index, total });
      const start = performance.now();
      let result: CheckpointResult;
      try {
        result = await this.#checkpoint(entry, index);
      } catch (error) {
        if (this.#aborted() || (error instanceof EigentraceError && error.code === 'interrupted')) break;
        if (this.#isFatal(error)) throw error;
        result = await this.#failed(entry, error, (performance.now() - start) / 1000);
      }
      results.push(result);
      this.#hooks.onEvent?.({ type: 'done', result, index, total });
    }
    return { run: this.#request.out, results, interrupted: this.#aborted() };
  }

  async close(): Promise<void> {
    this.#child?.kill(new EigentraceError('interrupted', 'interrupted'));
    await this.#kernel?.close();
  }

  #aborted(): boolean {
    return this.#hooks.signal?.aborted ?? false;
  }

  async #checkpoint(entry: SeriesEntry, index: number): Promise<CheckpointResult> {
    const start = performance.now();
    const subject = await this.#subject(entry, index);
    const ref = this.#ref(entry);
    const reusable = await findReusable(this.#run, ref, subject.keyParts, { features: this.#request.saveFeatures });
    if (reusable.stored && !this.#request.force) {
      const { measurement, path } = reusable.stored;
      return resultOf(measurement, path, 'reused', (performance.now() - start) / 1000);
    }
    if (reusable.note && !this.#request.force) {
      this.#hooks.onEvent?.({ type: 'note', message: `${reusable.note}; measuring again` });
    }
    const measured = await this.#measure(subject, index);
    try {
      const seconds = (performance.now() - start) / 1000;
      const context = { series: this.#series.name, variant: this.#variant, versions: this.#versions, seconds };
      const draft = draftOf(subject, measured, this.#request, context);
      const stored = await writeMeasurement(this.#run, draft, measured.features ? { features: measured.features } : {});
      return resultOf(stored.measurement, stored.path, 'measured', seconds);
    } finally {
      await measured.close();
    }
  }

  async #subject(entry: SeriesEntry, index: number): Promise<Subject> {
    const progress = this.#progress(entry, index);
    const { signal } = this.#hooks;
    const hooks = {
      signal,
      onTokenize: ({ found, asked }: { found: number; asked: number | null }) =>
        progress('tokenize', found, asked ?? 0, null),
      onHash: (done: number, of: number) => progress('hash', done, of, null),
    };
    const opened = await this.#subjects.open(entry, hooks);
    if (!this.#recorded) {
      // The request is kept as soon as its corpus is known, so that a run that is killed says what it was to be.
      this.#recorded = true;
      const request = runRequest(this.#request, this.#series, this.#variant, opened.sequences, this.#versions);
      await addRequest(this.#run, request);
    }
    return this.#subjects.identify(opened, hooks);
  }

  async #measure(subject: Subject, index: number): Promise<Measured> {
    if (!this.#child || this.#child.dead) this.#child = ModelProcess.start();
    this.#kernel ??= openKernel({ startThread, threads: this.#request.threads });
    const progress = this.#progress(subject.entry, index);
    let started = 0;
    return measure(subject, this.#request, {
      child: this.#child,
      kernel: this.#kernel,
      scratch: this.#request.out,
      signal: this.#hooks.signal,
      onPhase: (phase, done, of) => {
        if (phase === 'forward' && done === 0) started = performance.now();
        const seconds = (performance.now() - started) / 1000;
        progress(phase, done, of, phase === 'forward' && done > 0 ? done / seconds : null);
      },
    });
  }

  async #failed(entry: SeriesEntry, error: unknown, seconds: number): Promise<CheckpointResult> {
    const message = messageOf(error);
    const code = error instanceof EigentraceError ? error.code : 'internal';
    const text = code === 'internal' && !message.startsWith('internal:') ? `internal: ${message}` : message;
    await addFailure(this.#run, { ...this.#ref(entry), code, message: text, created: new Date().toISOString() });
    const { stage, revision, step, tokens } = entry;
    return {
      ...{ stage, revision, step, tokens, state: 'failed', error: text, seconds, path: null },
      ...{ layers: {}, reasons: {}, n: 0, d: 0, flags: [] },
    };
  }

  /** Whether it would be the same for every other checkpoint: a wrong option, a corpus, a RUN that can't be written. */
  #isFatal(error: unknown): boolean {
    if (error === this.#subjects.corpusError) return true;
    if (!(error instanceof EigentraceError)) return false;
    return error.code === 'usage' || error.code === 'environment';
  }

  #ref({ stage, revision }: SeriesEntry): MeasurementRef {
    return { series: this.#series.name, stage, revision, variant: this.#variant };
  }

  #progress({ revision }: SeriesEntry, index: number) {
    const total = this.#entries.length;
    return (
      phase: 'tokenize' | 'hash' | 'load' | 'forward' | 'spectrum',
      done: number,
      of: number,
      tokensPerSecond: number | null,
    ): void => {
      this.#hooks.onEvent?.({ type: 'progress', revision, index, total, phase, done, of, tokensPerSecond });
    };
  }
}
