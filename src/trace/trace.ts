/**
 * The main job: every checkpoint of a series, one measurement each. What is there with the same key is reused; a
 * checkpoint that fails is recorded and doesn't stop the others; each measurement is stored before the next starts,
 * so that whatever ends the process loses at most the one under way.
 */
import { flagCodes } from '../audit/index.js';
import { selectRevisions, whatChanged, type Series, type SeriesEntry } from '../checkpoints/index.js';
import type { Sequences } from '../corpus/index.js';
import { EigentraceError, messageOf } from '../errors.js';
import {
  addFailure,
  addRequest,
  findReusable,
  openRun,
  replaceFlags,
  writeMeasurement,
  type MeasurementRef,
  type Run,
  type RunRecord,
  type RunRequest,
  type StoredMeasurement,
} from '../record/index.js';
import { kindOf, sweepScratch } from '../bytes/index.js';
import { refuseUnknownDevice } from '../runtime/index.js';
import { Alerts, checkAlerts } from './alerts.js';
import { checkRequest } from './check-request.js';
import { controlsOf, type Control } from './control.js';
import { measureFeatures } from './features.js';
import { flagged, type Flagged } from './flagged.js';
import { measure, type Measured } from './measure.js';
import { measureNoise } from './noise.js';
import { draftOf, resultOf, runRequest, variantOf } from './recording.js';
import type {
  CheckpointResult,
  SkippedCheckpoint,
  TraceEvent,
  TraceHooks,
  TraceRequest,
  TraceResult,
} from './request.js';
import { openSource, type Identified, type Opened, type SubjectSource } from './source.js';
import { ProgressFile } from './progress-file.js';
import { keeping, planOf, survey, type Surveyed } from './survey.js';
import type { OpenedSubject } from './subject.js';
import { versions } from './versions.js';
import { Workshop } from './workshop.js';

/** Measures what is not measured yet. Rejects only when nothing can be done at all: no series, no corpus, no RUN. */
export async function trace(request: TraceRequest, hooks: TraceHooks = {}): Promise<TraceResult> {
  checkRequest(request);
  if (hooks.alerts) checkAlerts(hooks.alerts);
  await refuseUnknownDevice(request.device);
  const job = await Job.open(request, hooks);
  try {
    return await job.run();
  } finally {
    await job.close();
  }
}

/** What a job works on, where that is not what the request's SERIES holds now. */
export interface JobSource {
  readonly series: Series;
  readonly subjects: SubjectSource;
  /** Whether the series still grows: `run.json` then keeps one request with all that was seen, and what went away is missed. */
  readonly isGone: (entry: SeriesEntry) => Promise<boolean>;
}

export class Job {
  readonly #request: TraceRequest;
  readonly #hooks: TraceHooks;
  #series: Series;
  #entries: readonly SeriesEntry[];
  #audited: Flagged;
  readonly #run: Run;
  /** Of the real measurements. Until the request is in `run.json` it is what that said when it was opened. */
  #main: string | null;
  readonly #versions: Record<string, string>;
  /** Its checkpoints carry the audit's flags; those of `#bare` don't. */
  #subjects: SubjectSource;
  readonly #bare: SubjectSource;
  readonly #progressFile: ProgressFile;
  readonly #workshop: Workshop;
  readonly #alerts: Alerts | null;
  readonly #isGone: JobSource['isGone'] | null;
  /** Checkpoints and nulls. */
  #total: number;
  /** How many were done in rounds before this one. */
  #before = 0;

  private constructor(
    request: TraceRequest,
    hooks: TraceHooks,
    parts: {
      series: Series;
      subjects: SubjectSource;
      audited: Flagged;
      run: Run;
      versions: Record<string, string>;
      isGone: JobSource['isGone'] | null;
    },
  ) {
    this.#request = request;
    this.#hooks = hooks;
    this.#series = parts.series;
    this.#audited = parts.audited;
    this.#entries = parts.audited.entries;
    this.#run = parts.run;
    this.#versions = parts.versions;
    this.#subjects = parts.audited.subjects;
    this.#bare = parts.subjects;
    this.#progressFile = new ProgressFile(request.out);
    this.#workshop = new Workshop(request.threads, request.out, hooks.signal);
    this.#isGone = parts.isGone;
    this.#alerts = hooks.alerts ? new Alerts(parts.run, hooks.alerts, hooks.signal) : null;
    this.#total = parts.audited.entries.length;
    this.#main = variantOf(parts.run.record, parts.series.name, request, null);
  }

  static async open(request: TraceRequest, hooks: TraceHooks, source: JobSource | null = null): Promise<Job> {
    const { series, subjects } = source ?? (await openSource(request, hooks.signal));
    const chosen = source ? [] : selectRevisions(series.entries, request.revisions);
    const isGone = source?.isGone ?? null;
    const run = await openRun(request.out, { create: true });
    await sweepScratch(request.out);
    // What grows is audited as it comes.
    const audited = source
      ? { entries: chosen, subjects, skipped: [], notes: [], flagsOf: () => [] }
      : await flagged(series, subjects, chosen, request, hooks.signal);
    for (const message of [...series.notes, ...audited.notes]) hooks.onEvent?.({ type: 'note', message });
    return new Job(request, hooks, { series, subjects, audited, run, versions: await versions(), isGone });
  }

  async run(): Promise<TraceResult> {
    const results: CheckpointResult[] = [];
    await this.#round(results, 0);
    const skipped = [...this.#audited.skipped];
    return { run: this.#request.out, results, skipped, interrupted: this.#aborted(), ...this.alerts };
  }

  /** What fired, where anything did. */
  get alerts(): Pick<TraceResult, 'alerts'> {
    const fired = this.#alerts?.fired ?? [];
    return fired.length === 0 ? {} : { alerts: [...fired] };
  }

  /** Whether an alert has ended the work. */
  get isStopped(): boolean {
    return this.#alerts?.isStopped ?? false;
  }

  /**
   * Measures one more checkpoint of a series that grows, with its nulls; `pending` others are known to wait. What went away
   * meanwhile has no result.
   */
  async more(
    series: Series,
    entry: SeriesEntry,
    pending: number,
  ): Promise<{ results: CheckpointResult[]; skipped: readonly SkippedCheckpoint[] }> {
    const results: CheckpointResult[] = [];
    this.#series = series;
    const audited = await this.#auditOne(series, entry);
    if (audited === null) return { results, skipped: [] };
    for (const message of audited.notes) this.#tell({ type: 'note', message });
    this.#audited = audited;
    this.#subjects = audited.subjects;
    this.#entries = audited.entries;
    if (audited.entries.length > 0) await this.#round(results, pending);
    this.#before += results.length;
    return { results, skipped: audited.skipped };
  }

  /** Null where it went away meanwhile; what can't be audited is told when it is opened. */
  async #auditOne(series: Series, entry: SeriesEntry): Promise<Flagged | null> {
    try {
      // Against all that is there: what differs from the others is told by the others.
      const there: SeriesEntry[] = [];
      for (const each of series.entries) if ((await kindOf(each.folder!)) === 'folder') there.push(each);
      const request = { ...this.#request, skipFlagged: false };
      const audited = await flagged({ ...series, entries: there }, this.#bare, there, request, this.#hooks.signal);
      const flags = audited.flagsOf(entry);
      const notes = flags.map(({ code, message }) => `${code}: ${entry.revision}: ${message}`);
      if (!this.#request.skipFlagged || flags.length === 0) return { ...audited, entries: [entry], notes };
      const { stage, revision, step, tokens } = entry;
      const left = { stage, revision, step, tokens, flags: flags.map((flag) => ({ ...flag })) };
      return { ...audited, entries: [], skipped: [left], notes };
    } catch (error) {
      if (this.#aborted() || (await this.#isGone?.(entry))) return null;
      if (error instanceof EigentraceError && error.code !== 'input' && error.code !== 'integrity') throw error;
      return { entries: [entry], subjects: this.#bare, skipped: [], notes: [], flagsOf: () => [] };
    }
  }

  /** Says that nothing is to be done now. */
  wait(event: Extract<TraceEvent, { type: 'waiting' }>): void {
    this.#tell(event);
  }

  async #round(results: CheckpointResult[], pending: number): Promise<void> {
    try {
      const surveyed = await this.#survey();
      const total = (this.#total = this.#before + surveyed.length + pending);
      for (const [at, seen] of surveyed.entries()) {
        if (this.#aborted() || this.isStopped) break;
        const index = this.#before + at;
        const { stage, revision, step, tokens } = seen.entry;
        this.#tell({ type: 'start', stage, revision, control: seen.control, step, tokens, index, total });
        const next = surveyed.slice(at + 1);
        const result = await this.#settle(seen, index, next);
        if (seen.opened && !seen.stored) await this.#finished(seen.entry, next);
        if (result === null) continue;
        results.push(result);
        this.#tell({ type: 'done', result, index, total });
        if (result.state !== 'failed' && seen.control === null) await this.#alert(seen.entry);
      }
    } catch (error) {
      if (!this.#aborted()) throw error;
    }
  }

  async #alert(entry: SeriesEntry): Promise<void> {
    for (const alert of (await this.#alerts?.check(this.#ref(entry, null))) ?? []) this.#tell({ type: 'alert', alert });
  }

  async close(): Promise<void> {
    for (const message of (await this.#alerts?.close()) ?? []) this.#tell({ type: 'note', message });
    await this.#workshop.close();
    await this.#bare.places?.close();
    await this.#progressFile.close();
  }

  #tell(event: TraceEvent): void {
    this.#progressFile.event(event);
    this.#hooks.onEvent?.(event);
  }

  #variant(control: Control | null): string | null {
    return control ? variantOf(null, this.#series.name, this.#request, control) : this.#main;
  }

  #aborted(): boolean {
    return this.#hooks.signal?.aborted ?? false;
  }

  /** Looks at every checkpoint first, so that what is reused, what can't work and how much is left is known at once. */
  async #survey(): Promise<Surveyed[]> {
    const surveyed = this.#inTurn(await this.#look());
    const opened = surveyed.find((seen) => seen.opened)?.opened ?? null;
    const sequences = opened?.kind === 'model' ? opened.sequences : null;
    // What can't be opened says nothing of the corpus; the next that can does.
    if (!opened && this.#isGone !== null) return surveyed;
    // Kept before anything is measured, so that a run that is killed says what it was to be.
    const { variant } = await this.#addRequest(null, sequences);
    for (const control of controlsOf(this.#request)) {
      await this.#addRequest(control, control.kind === 'gaussian' ? null : sequences);
    }
    if (opened && this.#isGone === null)
      this.#tell({ type: 'plan', plan: planOf(this.#series, surveyed, this.#request) });
    if (variant === this.#main) return surveyed;
    // Another process has made its request the main one meanwhile: this one's measurements have another place.
    this.#main = variant;
    return this.#inTurn(await this.#look());
  }

  /** Where downloads are deleted, a checkpoint's nulls follow it, so that it is fetched once. */
  #inTurn(surveyed: Surveyed[]): Surveyed[] {
    if ((this.#request.keep ?? 'all') === 'all' || !this.#subjects.places) return surveyed;
    const places = this.#entries.map(({ hub }) => hub);
    return surveyed.sort((a, b) => places.indexOf(a.entry.hub) - places.indexOf(b.entry.hub));
  }

  #addRequest(control: Control | null, sequences: Sequences | null): Promise<RunRequest> {
    const requestOf = (record: RunRecord) => {
      const variant = variantOf(record, this.#series.name, this.#request, control);
      return runRequest(this.#request, this.#series, sequences, { variant, control, versions: this.#versions });
    };
    return addRequest(this.#run, requestOf, { grows: this.#isGone !== null });
  }

  async #look(): Promise<Surveyed[]> {
    let current: { entry: SeriesEntry; index: number } | null = null;
    return survey(this.#entries, this.#series.entries[0]!, this.#subjects, {
      request: this.#request,
      run: this.#run,
      refOf: (entry, control) => this.#ref(entry, control),
      signal: this.#hooks.signal,
      others: this.#before > 0,
      onEntry: (entry, index) => (current = { entry, index }),
      onTokenize: ({ found, asked }) => {
        if (current)
          this.#progress(current.entry, null, this.#before + current.index)('tokenize', found, asked ?? 0, null);
      },
    });
  }

  /** One checkpoint's end: reused, measured or failed; null where it went away. Rejects for what would end the others too. */
  async #settle(seen: Surveyed, index: number, next: readonly Surveyed[]): Promise<CheckpointResult | null> {
    const start = performance.now();
    const seconds = (): number => (performance.now() - start) / 1000;
    try {
      if (seen.stored) return await this.#reused(seen.stored, seen, seconds());
      if (!seen.opened) throw seen.error;
      return await this.#checkpoint(seen.opened, seen.control, index, next);
    } catch (error) {
      const ours = error instanceof EigentraceError;
      // A wrong option, or a RUN that can't be written, is the same for every checkpoint.
      if (ours && (error.code === 'usage' || error.code === 'environment' || error.code === 'interrupted')) throw error;
      if (await this.#isGone?.(seen.entry)) return null;
      return this.#failed(seen.entry, seen.control, error, seconds());
    }
  }

  async #checkpoint(
    surveyed: Opened,
    control: Control | null,
    index: number,
    next: readonly Surveyed[],
  ): Promise<CheckpointResult> {
    const start = performance.now();
    const { entry } = surveyed;
    const progress = this.#progress(entry, control, index);
    const opened = await this.#bring(surveyed, control, index);
    await this.#fetchAhead(entry, next);
    const subject = await this.#subjects.identify(opened, {
      signal: this.#hooks.signal,
      onHash: (done, of) => progress('hash', done, of, null),
    });
    const seconds = (): number => (performance.now() - start) / 1000;
    if (!this.#request.force) {
      const keep = keeping(opened, this.#request);
      const { stored, note } = await findReusable(this.#run, this.#ref(entry, control), subject.keyParts, keep);
      if (stored) return await this.#reused(stored, { entry, control }, seconds());
      if (note) this.#tell({ type: 'note', message: `${note}; measuring again` });
    }
    const measured = await this.#measure(subject, control, index);
    try {
      const context = {
        ...{ series: this.#series.name, variant: this.#variant(control), versions: this.#versions },
        seconds: seconds(),
      };
      const draft = draftOf(subject, measured, this.#request, context);
      const stored = await writeMeasurement(this.#run, draft, measured.features ? { features: measured.features } : {});
      return resultOf(stored.measurement, stored.path, 'measured', seconds());
    } finally {
      await measured.close();
    }
  }

  /** A checkpoint that was looked at where it is, fetched. */
  async #bring(opened: Opened, control: Control | null, index: number): Promise<Opened> {
    const { places } = this.#subjects;
    const { revision, hub, folder } = opened.entry;
    if (places === null || hub === undefined || folder !== null) return opened;
    if (opened.kind !== 'model' || opened.files.length === 0) return opened;
    await places.fetch(opened.entry, {
      signal: this.#hooks.signal,
      onProgress: ({ done, of, bytesPerSecond, secondsLeft }) =>
        this.#tell({
          ...{ type: 'progress', revision, control, index, total: this.#total, phase: 'download', done, of },
          ...{ tokensPerSecond: null, bytesPerSecond, secondsLeft },
        }),
    });
    // It may have gone since it was looked at: another revision of the same commit was deleted.
    if (!opened.checkpoint.isRemote && (await whatChanged(opened.files)) === null) return opened;
    const fresh = await this.#subjects.open(opened.entry, { signal: this.#hooks.signal });
    if (fresh.kind !== 'model') return opened;
    const { checkpoint, files, bytes, model } = fresh;
    return { ...opened, checkpoint, files, bytes, model };
  }

  /** Starts the download of the next checkpoint that will need one. */
  async #fetchAhead({ hub }: SeriesEntry, next: readonly Surveyed[]): Promise<void> {
    const after = next.find(({ entry, opened, stored }) => opened && !stored && isRemote(opened) && entry.hub !== hub);
    if (after) await this.#subjects.places?.prefetch(after.entry);
  }

  /** Deletes what the user doesn't want kept, unless a null needs the same checkpoint. */
  async #finished(entry: SeriesEntry, next: readonly Surveyed[]): Promise<void> {
    if (next.some((other) => other.opened && !other.stored && other.entry.hub === entry.hub)) return;
    await this.#subjects.places?.finished(entry);
  }

  /** What is known of the series now may be more than when it was measured. */
  async #reused(
    stored: StoredMeasurement,
    { entry, control }: { entry: SeriesEntry; control: Control | null },
    seconds: number,
  ): Promise<CheckpointResult> {
    const isOfWeights = this.#request.features === null && (control === null || control.kind === 'shuffled-tokens');
    const flags = isOfWeights ? this.#audited.flagsOf(entry) : [];
    const { measurement, path } = await replaceFlags(this.#run, stored, flagCodes, flags);
    return resultOf(measurement, path, 'reused', seconds);
  }

  #measure(subject: Identified, control: Control | null, index: number): Promise<Measured> {
    const progress = this.#progress(subject.entry, control, index);
    if (subject.kind === 'model') return measure(subject, this.#request, this.#workshop.tools(progress));
    const tools = this.#workshop.spectrumTools(progress);
    return subject.kind === 'features'
      ? measureFeatures(subject, this.#request, tools)
      : measureNoise(subject, this.#request, tools);
  }

  async #failed(
    entry: SeriesEntry,
    control: Control | null,
    error: unknown,
    seconds: number,
  ): Promise<CheckpointResult> {
    const message = messageOf(error);
    const code = error instanceof EigentraceError ? error.code : 'internal';
    const text = code === 'internal' && !message.startsWith('internal:') ? `internal: ${message}` : message;
    await addFailure(this.#run, {
      ...this.#ref(entry, control),
      code,
      message: text,
      created: new Date().toISOString(),
    });
    const { stage, revision, step, tokens } = entry;
    return {
      ...{ stage, revision, control, step, tokens, state: 'failed', error: text, seconds, path: null },
      ...{ layers: {}, reasons: {}, n: 0, d: 0, flags: [] },
    };
  }

  #ref({ stage, revision }: SeriesEntry, control: Control | null): MeasurementRef {
    return { series: this.#series.name, stage, revision, variant: this.#variant(control) };
  }

  #progress({ revision }: SeriesEntry, control: Control | null, index: number) {
    const total = this.#total;
    return (
      phase: 'tokenize' | 'hash' | 'load' | 'forward' | 'spectrum',
      done: number,
      of: number,
      tokensPerSecond: number | null,
    ): void => {
      this.#tell({ type: 'progress', revision, control, index, total, phase, done, of, tokensPerSecond });
    };
  }
}

/** Whether a model's weights are not on this machine yet. */
function isRemote(opened: Opened): opened is OpenedSubject {
  return opened.kind === 'model' && opened.files.length > 0 && opened.checkpoint.isRemote;
}
