/**
 * The main job: every checkpoint of a series, one measurement each. What is there with the same key is reused; a
 * checkpoint that fails is recorded and doesn't stop the others; each measurement is stored before the next starts,
 * so that whatever ends the process loses at most the one under way.
 */
import { selectRevisions, type Series, type SeriesEntry } from '../checkpoints/index.js';
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
import { ModelProcess, refuseUnknownDevice } from '../runtime/index.js';
import { openKernel, type Kernel } from '../spectrum/index.js';
import { measureFeatures } from './features.js';
import { startThread } from './kernel-threads.js';
import { measure, type Measured } from './measure.js';
import { draftOf, resultOf, runRequest, variantOf } from './recording.js';
import type { CheckpointResult, TraceEvent, TraceHooks, TraceRequest, TraceResult } from './request.js';
import { openSource, type Identified, type Opened, type SubjectSource } from './source.js';
import { ProgressFile } from './progress-file.js';
import { planOf, survey, type Surveyed } from './survey.js';
import { versions } from './versions.js';

/** Measures what is not measured yet. Rejects only when nothing can be done at all: no series, no corpus, no RUN. */
export async function trace(request: TraceRequest, hooks: TraceHooks = {}): Promise<TraceResult> {
  checkRequest(request);
  await refuseUnknownDevice(request.device);
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
  if (request.features === null) {
    const missing = request.series === null ? 'SERIES' : request.corpus === null ? '--corpus' : null;
    if (missing) throw new EigentraceError('usage', `${missing}: is missing (expected it, or --features)`);
  } else {
    refuseModelOptions(request);
  }
  if (!Number.isInteger(request.threads) || request.threads < 1) {
    throw new EigentraceError('usage', `--threads: got ${request.threads} (expected a whole number of at least 1)`);
  }
}

/** What would need a model, or tokens. */
function refuseModelOptions({ corpus, nll, position, device }: TraceRequest): void {
  const wrong =
    corpus !== null
      ? ['--corpus', corpus, 'none: the rows were made on it elsewhere']
      : nll
        ? ['--nll', 'on', 'off: it needs a model']
        : position === 'all'
          ? ['--position', 'all', 'last or mean: one row a sequence, for the rows of one depend on one another']
          : device !== 'cpu'
            ? ['--device', device, 'cpu: there is no forward pass']
            : null;
  if (!wrong) return;
  const [option, got, expected] = wrong;
  throw new EigentraceError('usage', `${option}: can not be used with --features, got ${got} (expected ${expected})`);
}

class Job {
  readonly #request: TraceRequest;
  readonly #hooks: TraceHooks;
  readonly #series: Series;
  readonly #entries: readonly SeriesEntry[];
  readonly #run: Run;
  /** Until the request is in `run.json` it is what that said when it was opened. */
  #variant: string | null;
  readonly #versions: Record<string, string>;
  readonly #subjects: SubjectSource;
  readonly #progressFile: ProgressFile;
  #child: ModelProcess | null = null;
  #kernel: Kernel | null = null;

  private constructor(
    request: TraceRequest,
    hooks: TraceHooks,
    parts: {
      series: Series;
      subjects: SubjectSource;
      entries: readonly SeriesEntry[];
      run: Run;
      versions: Record<string, string>;
    },
  ) {
    this.#request = request;
    this.#hooks = hooks;
    this.#series = parts.series;
    this.#entries = parts.entries;
    this.#run = parts.run;
    this.#versions = parts.versions;
    this.#variant = variantOf(parts.run.record, parts.series.name, request);
    this.#subjects = parts.subjects;
    this.#progressFile = new ProgressFile(request.out);
  }

  static async open(request: TraceRequest, hooks: TraceHooks): Promise<Job> {
    const { series, subjects } = await openSource(request);
    const entries = selectRevisions(series.entries, request.revisions);
    const run = await openRun(request.out, { create: true });
    await sweepScratch(request.out);
    for (const message of series.notes) hooks.onEvent?.({ type: 'note', message });
    return new Job(request, hooks, { series, subjects, entries, run, versions: await versions() });
  }

  async run(): Promise<TraceResult> {
    const results: CheckpointResult[] = [];
    const total = this.#entries.length;
    try {
      const surveyed = await this.#survey();
      for (const [index, seen] of surveyed.entries()) {
        if (this.#aborted()) break;
        const { stage, revision, step, tokens } = seen.entry;
        this.#tell({ type: 'start', stage, revision, control: null, step, tokens, index, total });
        const result = await this.#settle(seen, index);
        results.push(result);
        this.#tell({ type: 'done', result, index, total });
      }
    } catch (error) {
      if (!this.#aborted()) throw error;
    }
    return { run: this.#request.out, results, interrupted: this.#aborted() };
  }

  async close(): Promise<void> {
    this.#child?.kill(new EigentraceError('interrupted', 'interrupted'));
    await this.#kernel?.close();
    await this.#progressFile.close();
  }

  #tell(event: TraceEvent): void {
    this.#progressFile.event(event);
    this.#hooks.onEvent?.(event);
  }

  #aborted(): boolean {
    return this.#hooks.signal?.aborted ?? false;
  }

  /** Looks at every checkpoint first, so that what is reused, what can't work and how much is left is known at once. */
  async #survey(): Promise<Surveyed[]> {
    const surveyed = await this.#look();
    const opened = surveyed.find((seen) => seen.opened)?.opened ?? null;
    const sequences = opened?.kind === 'model' ? opened.sequences : null;
    // Kept before anything is measured, so that a run that is killed says what it was to be.
    const { variant } = await addRequest(this.#run, (record) => {
      const decided = variantOf(record, this.#series.name, this.#request);
      return runRequest(this.#request, this.#series, decided, sequences, this.#versions);
    });
    if (opened) this.#tell({ type: 'plan', plan: planOf(this.#series, surveyed, this.#request) });
    if (variant === this.#variant) return surveyed;
    // Another process has made its request the main one meanwhile: this one's measurements have another place.
    this.#variant = variant;
    return this.#look();
  }

  async #look(): Promise<Surveyed[]> {
    let current: { entry: SeriesEntry; index: number } | null = null;
    return survey(this.#entries, this.#subjects, {
      request: this.#request,
      run: this.#run,
      refOf: (entry) => this.#ref(entry),
      signal: this.#hooks.signal,
      onEntry: (entry, index) => (current = { entry, index }),
      onTokenize: ({ found, asked }) => {
        if (current) this.#progress(current.entry, current.index)('tokenize', found, asked ?? 0, null);
      },
    });
  }

  /** One checkpoint's end: reused, measured or failed. Rejects for what would end the others too. */
  async #settle(seen: Surveyed, index: number): Promise<CheckpointResult> {
    const start = performance.now();
    const seconds = (): number => (performance.now() - start) / 1000;
    try {
      if (seen.stored) return resultOf(seen.stored.measurement, seen.stored.path, 'reused', seconds());
      if (!seen.opened) throw seen.error;
      return await this.#checkpoint(seen.opened, index);
    } catch (error) {
      const ours = error instanceof EigentraceError;
      // A wrong option, or a RUN that can't be written, is the same for every checkpoint.
      if (ours && (error.code === 'usage' || error.code === 'environment' || error.code === 'interrupted')) throw error;
      return this.#failed(seen.entry, error, seconds());
    }
  }

  async #checkpoint(opened: Opened, index: number): Promise<CheckpointResult> {
    const start = performance.now();
    const { entry } = opened;
    const progress = this.#progress(entry, index);
    const subject = await this.#subjects.identify(opened, {
      signal: this.#hooks.signal,
      onHash: (done, of) => progress('hash', done, of, null),
    });
    const seconds = (): number => (performance.now() - start) / 1000;
    if (!this.#request.force) {
      const keep = { features: this.#request.saveFeatures };
      const { stored, note } = await findReusable(this.#run, this.#ref(entry), subject.keyParts, keep);
      if (stored) return resultOf(stored.measurement, stored.path, 'reused', seconds());
      if (note) this.#tell({ type: 'note', message: `${note}; measuring again` });
    }
    const measured = await this.#measure(subject, index);
    try {
      const context = {
        ...{ series: this.#series.name, variant: this.#variant, versions: this.#versions },
        seconds: seconds(),
      };
      const draft = draftOf(subject, measured, this.#request, context);
      const stored = await writeMeasurement(this.#run, draft, measured.features ? { features: measured.features } : {});
      return resultOf(stored.measurement, stored.path, 'measured', seconds());
    } finally {
      await measured.close();
    }
  }

  async #measure(subject: Identified, index: number): Promise<Measured> {
    this.#kernel ??= openKernel({ startThread, threads: this.#request.threads });
    const progress = this.#progress(subject.entry, index);
    let started = 0;
    const tools = {
      kernel: this.#kernel,
      scratch: this.#request.out,
      signal: this.#hooks.signal,
      onPhase: (phase: 'load' | 'forward' | 'spectrum', done: number, of: number): void => {
        if (phase === 'forward' && done === 0) started = performance.now();
        const seconds = (performance.now() - started) / 1000;
        progress(phase, done, of, phase === 'forward' && done > 0 ? done / seconds : null);
      },
    };
    if (subject.kind === 'features') return measureFeatures(subject, this.#request, tools);
    if (!this.#child || this.#child.dead) this.#child = ModelProcess.start();
    return measure(subject, this.#request, { ...tools, child: this.#child });
  }

  async #failed(entry: SeriesEntry, error: unknown, seconds: number): Promise<CheckpointResult> {
    const message = messageOf(error);
    const code = error instanceof EigentraceError ? error.code : 'internal';
    const text = code === 'internal' && !message.startsWith('internal:') ? `internal: ${message}` : message;
    await addFailure(this.#run, { ...this.#ref(entry), code, message: text, created: new Date().toISOString() });
    const { stage, revision, step, tokens } = entry;
    return {
      ...{ stage, revision, control: null, step, tokens, state: 'failed', error: text, seconds, path: null },
      ...{ layers: {}, reasons: {}, n: 0, d: 0, flags: [] },
    };
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
      this.#tell({ type: 'progress', revision, control: null, index, total, phase, done, of, tokensPerSecond });
    };
  }
}
