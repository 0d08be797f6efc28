/**
 * `sweep`: how the figures of a checkpoint depend on N, sequence length, corpus, layer and position (the paper's Fig 7–10).
 * Each point is what a plain trace with that option would measure, under the same key, stored as a variant; points share
 * forward passes wherever one pass holds their rows.
 */
import { sweepScratch } from '../bytes/index.js';
import { selectRevisions, type Series, type SeriesEntry } from '../checkpoints/index.js';
import { openAnySeries } from './places.js';
import { EigentraceError, messageOf } from '../errors.js';
import { addFailure, addRequest, openRun, writeMeasurement, type MeasurementRef, type Run } from '../record/index.js';
import { refuseUnknownDevice } from '../runtime/index.js';
import { checkRequest } from './check-request.js';
import { passesOf, type ForwardPass } from './forward-passes.js';
import { harvest } from './harvest.js';
import { ProgressFile } from './progress-file.js';
import { draftOf, resultOf, runRequest, sweepVariant } from './recording.js';
import { Differences } from './reduced.js';
import type { CheckpointResult, TraceEvent, TraceHooks, TraceRequest } from './request.js';
import { checkSweeps, type Sweep, type SweepPoint } from './sweep-points.js';
import { SweepSurvey, type SurveyedPoint } from './sweep-survey.js';
import { versions } from './versions.js';
import { Workshop } from './workshop.js';

export interface SweepRequest {
  /** Everything that is not varied. Nulls, the likelihood and the rows themselves are no part of a sweep. */
  readonly base: TraceRequest;
  readonly sweeps: readonly Sweep[];
}

/** How one point ended: a trace's result with its place in the sweep. */
export interface SweepResultRow extends CheckpointResult {
  readonly sweep: SweepPoint['sweep'];
}

export interface SweepResult {
  readonly run: string;
  /** By checkpoint, in the order of the sweeps and their values. */
  readonly results: readonly SweepResultRow[];
  /** How many forward passes were run for what was measured. */
  readonly forwardPasses: number;
  readonly interrupted: boolean;
}

/** What can be refused without looking at anything. */
export function checkSweepRequest({ base, sweeps }: SweepRequest): void {
  checkSweeps(base, sweeps);
  const parts = { '--control': base.control.length > 0, '--nll': base.nll, '--save-features': base.saveFeatures };
  for (const [option, isGiven] of Object.entries({ ...parts, '--features': base.features !== null })) {
    if (isGiven) throw new EigentraceError('usage', `${option}: is no part of a sweep (expected it with trace)`);
  }
  checkRequest(base);
}

/** Measures the points that are not measured yet. A point that fails doesn't stop the others. */
export async function sweep(request: SweepRequest, hooks: TraceHooks = {}): Promise<SweepResult> {
  checkSweepRequest(request);
  await refuseUnknownDevice(request.base.device);
  const { base } = request;
  const series = await openAnySeries(base.series!, { tokensPerStep: base.tokensPerStep, signal: hooks.signal });
  const run = await openRun(base.out, { create: true });
  await sweepScratch(base.out);
  for (const message of series.notes) hooks.onEvent?.({ type: 'note', message });
  const job = new SweepJob(request, series, run, await versions(), hooks);
  try {
    return await job.run(selectRevisions(series.entries, base.revisions));
  } finally {
    await job.close();
  }
}

class SweepJob {
  readonly #request: SweepRequest;
  readonly #series: Series;
  readonly #run: Run;
  readonly #versions: Record<string, string>;
  readonly #hooks: TraceHooks;
  readonly #survey: SweepSurvey;
  readonly #workshop: Workshop;
  readonly #differences = new Differences();
  readonly #progressFile: ProgressFile;
  /** Variants whose request `run.json` has. */
  readonly #requested = new Set<string>();
  #index = 0;
  #total = 0;
  #passes = 0;

  constructor(request: SweepRequest, series: Series, run: Run, versions: Record<string, string>, hooks: TraceHooks) {
    const { threads, out } = request.base;
    this.#request = request;
    this.#series = series;
    this.#run = run;
    this.#versions = versions;
    this.#hooks = hooks;
    this.#survey = new SweepSurvey(request, series, run);
    this.#workshop = new Workshop(threads, out, hooks.signal);
    this.#progressFile = new ProgressFile(out);
  }

  async run(entries: readonly SeriesEntry[]): Promise<SweepResult> {
    const results: SweepResultRow[] = [];
    try {
      for (const [i, entry] of entries.entries()) {
        if (this.#aborted()) break;
        this.#tell({ type: 'start', ...entry, index: this.#index, total: this.#total || entries.length });
        const found = await this.#checkpoint(entry, entries.length - i);
        results.push(...found);
      }
    } catch (error) {
      if (!this.#aborted()) throw error;
    }
    return {
      ...{ run: this.#request.base.out, results },
      ...{ forwardPasses: this.#passes, interrupted: this.#aborted() },
    };
  }

  async close(): Promise<void> {
    await this.#workshop.close();
    await this.#survey.places.close();
    await this.#progressFile.close();
  }

  /** All points of one checkpoint, in their order; `left` counts checkpoints with it. */
  async #checkpoint(entry: SeriesEntry, left: number): Promise<SweepResultRow[]> {
    const { signal } = this.#hooks;
    const surveyed = await this.#survey.of(entry, {
      signal,
      onFetch: ({ done, of, bytesPerSecond, secondsLeft }) =>
        this.#progress(entry)('download', done, of, null, { bytesPerSecond, secondsLeft }),
      onHash: (done, of) => this.#progress(entry)('hash', done, of, null),
    });
    this.#total = this.#index + surveyed.length * left;
    for (const each of surveyed) await this.#addRequest(each);
    const rows = new Map<SweepPoint, SweepResultRow>();
    const done = (point: SweepPoint, result: CheckpointResult): void => {
      const row = { ...result, sweep: point.sweep };
      rows.set(point, row);
      this.#tell({ type: 'done', result: row, index: this.#index++, total: this.#total });
    };
    for (const { point, stored, subject, error } of surveyed) {
      if (stored) done(point, resultOf(stored.measurement, stored.path, 'reused', 0));
      else if (!subject) done(point, await this.#failed(entry, point, error, 0));
    }
    const todo = surveyed.flatMap(({ point, stored, subject }) => (subject && !stored ? [{ point, subject }] : []));
    try {
      for (const pass of passesOf(todo)) {
        if (this.#aborted()) break;
        await this.#pass(entry, pass, done);
      }
    } catch (error) {
      // What is done is kept and told.
      if (!this.#aborted()) throw error;
    }
    await this.#survey.places.finished(entry);
    return surveyed.flatMap(({ point }) => rows.get(point) ?? []);
  }

  /** A pass that fails costs its own points. */
  async #pass(
    entry: SeriesEntry,
    pass: ForwardPass,
    done: (point: SweepPoint, result: CheckpointResult) => void,
  ): Promise<void> {
    const left = new Set(pass.members);
    const start = performance.now();
    try {
      const tools = this.#workshop.tools(this.#progress(entry));
      const gathered = await harvest(pass, tools);
      this.#passes++;
      try {
        for (const member of pass.members) {
          if (this.#aborted()) throw new EigentraceError('interrupted', 'interrupted');
          const from = performance.now();
          const { point, subject } = member;
          const measured = await gathered.measure(member, tools);
          this.#differences.tell(entry.revision, measured.precision, (message) =>
            this.#tell({ type: 'note', message }),
          );
          const seconds = (performance.now() - from) / 1000 + (from - start) / 1000 / pass.members.length;
          const variant = sweepVariant(point);
          const context = {
            ...{ series: this.#series.name, variant, versions: this.#versions, seconds },
            sweep: point.sweep,
          };
          const stored = await writeMeasurement(this.#run, draftOf(subject, measured, point.request, context));
          await measured.close();
          left.delete(member);
          done(point, resultOf(stored.measurement, stored.path, 'measured', seconds));
        }
      } finally {
        await gathered.close();
      }
    } catch (error) {
      const ours = error instanceof EigentraceError;
      if (ours && (error.code === 'usage' || error.code === 'environment' || error.code === 'interrupted')) throw error;
      const seconds = (performance.now() - start) / 1000;
      for (const { point } of left) done(point, await this.#failed(entry, point, error, seconds));
    }
  }

  async #addRequest({ point, subject }: SurveyedPoint): Promise<void> {
    const variant = sweepVariant(point);
    if (this.#requested.has(variant)) return;
    this.#requested.add(variant);
    const context = { variant, control: null, sweep: point.sweep, versions: this.#versions };
    await addRequest(this.#run, () => runRequest(point.request, this.#series, subject?.sequences ?? null, context));
  }

  async #failed(entry: SeriesEntry, point: SweepPoint, error: unknown, seconds: number): Promise<CheckpointResult> {
    const { stage, revision, step, tokens } = entry;
    const code = error instanceof EigentraceError ? error.code : 'internal';
    const message = `${code === 'internal' ? 'internal: ' : ''}${messageOf(error).replace(/^internal: /, '')}`;
    const ref: MeasurementRef = { series: this.#series.name, stage, revision, variant: sweepVariant(point) };
    await addFailure(this.#run, { ...ref, code, message, created: new Date().toISOString() });
    return {
      ...{ stage, revision, control: null, step, tokens, state: 'failed', error: message, seconds, path: null },
      ...{ layers: {}, reasons: {}, n: 0, d: 0, flags: [] },
    };
  }

  #progress({ revision }: SeriesEntry) {
    return (
      phase: 'download' | 'hash' | 'load' | 'forward' | 'spectrum',
      done: number,
      of: number,
      tokensPerSecond: number | null,
      rate: { bytesPerSecond?: number | null; secondsLeft?: number | null } = {},
    ): void => {
      const place = { revision, control: null, index: this.#index, total: Math.max(this.#total, this.#index + 1) };
      this.#tell({ type: 'progress', ...place, phase, done, of, tokensPerSecond, ...rate });
    };
  }

  #tell(event: TraceEvent): void {
    this.#progressFile.event(event);
    this.#hooks.onEvent?.(event);
  }

  #aborted(): boolean {
    return this.#hooks.signal?.aborted ?? false;
  }
}
