/**
 * A job of `trace`: every checkpoint of a series in one round, or those of a growing series in a round each. What is there with
 * the same key is reused; a checkpoint that fails is recorded and doesn't stop the others; each measurement is stored before
 * the next starts, so that whatever ends the process loses at most the one under way.
 */
import { sweepScratch } from '../bytes/index.js';
import { selectRevisions, type Series, type SeriesEntry } from '../checkpoints/index.js';
import { openRun } from '../record/index.js';
import { Alerts } from './alerts.js';
import { letGo } from './downloads.js';
import { flagged, type Flagged } from './flagged.js';
import { auditGrown, unaudited } from './grown.js';
import { Ledger } from './ledger.js';
import { ProgressFile } from './progress-file.js';
import type {
  CheckpointResult,
  SkippedCheckpoint,
  TraceEvent,
  TraceHooks,
  TraceRequest,
  TraceResult,
} from './request.js';
import { Differences } from './reduced.js';
import { progressOf, settle, type Round } from './settle.js';
import { openSource, type SubjectSource } from './source.js';
import { planOf, survey, type Surveyed } from './survey.js';
import { Workshop } from './workshop.js';

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
  readonly #ledger: Ledger;
  readonly #isGone: JobSource['isGone'] | null;
  readonly #workshop: Workshop;
  readonly #differences = new Differences();
  readonly #progressFile: ProgressFile;
  readonly #alerts: Alerts | null;
  /** Its checkpoints carry no flags of an audit; those of `#audited` do. */
  readonly #bare: SubjectSource;
  #series: Series;
  #audited: Flagged;
  /** How many were done in rounds before this one. */
  #before = 0;
  /** Checkpoints and nulls. */
  #total: number;

  private constructor(
    request: TraceRequest,
    hooks: TraceHooks,
    parts: {
      series: Series;
      subjects: SubjectSource;
      audited: Flagged;
      ledger: Ledger;
      isGone: JobSource['isGone'] | null;
    },
  ) {
    this.#request = request;
    this.#hooks = hooks;
    this.#series = parts.series;
    this.#audited = parts.audited;
    this.#ledger = parts.ledger;
    this.#bare = parts.subjects;
    this.#isGone = parts.isGone;
    this.#progressFile = new ProgressFile(request.out);
    this.#workshop = new Workshop(request.threads, request.out, hooks.signal);
    this.#alerts = hooks.alerts ? new Alerts(parts.ledger.run, hooks.alerts, hooks.signal) : null;
    this.#total = parts.audited.entries.length;
  }

  static async open(request: TraceRequest, hooks: TraceHooks, source: JobSource | null = null): Promise<Job> {
    const { series, subjects } = source ?? (await openSource(request, hooks.signal));
    const chosen = source ? [] : selectRevisions(series.entries, request.revisions);
    const isGone = source?.isGone ?? null;
    const run = await openRun(request.out, { create: true });
    await sweepScratch(request.out);
    // What grows is audited as it comes.
    const audited = source
      ? unaudited(chosen, subjects)
      : await flagged(series, subjects, chosen, request, hooks.signal);
    for (const message of [...series.notes, ...audited.notes]) hooks.onEvent?.({ type: 'note', message });
    const ledger = await Ledger.open(run, request, series.name);
    return new Job(request, hooks, { series, subjects, audited, ledger, isGone });
  }

  async run(): Promise<TraceResult> {
    const results: CheckpointResult[] = [];
    await this.#go(results, 0);
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
    const means = { request: this.#request, signal: this.#hooks.signal, isGone: this.#isGone };
    const audited = await auditGrown(series, entry, this.#bare, means);
    if (audited === null) return { results, skipped: [] };
    for (const message of audited.notes) this.#tell({ type: 'note', message });
    this.#audited = audited;
    if (audited.entries.length > 0) await this.#go(results, pending);
    this.#before += results.length;
    return { results, skipped: audited.skipped };
  }

  /** Says that nothing is to be done now. */
  wait(event: Extract<TraceEvent, { type: 'waiting' }>): void {
    this.#tell(event);
  }

  async close(): Promise<void> {
    for (const message of (await this.#alerts?.close()) ?? []) this.#tell({ type: 'note', message });
    await this.#workshop.close();
    await this.#bare.places?.close();
    await this.#progressFile.close();
  }

  /** One round. */
  async #go(results: CheckpointResult[], pending: number): Promise<void> {
    try {
      const surveyed = await this.#survey();
      const total = (this.#total = this.#before + surveyed.length + pending);
      const round = this.#round(total);
      for (const [at, seen] of surveyed.entries()) {
        if (this.#aborted() || this.isStopped) break;
        const index = this.#before + at;
        const { stage, revision, step, tokens } = seen.entry;
        this.#tell({ type: 'start', stage, revision, control: seen.control, step, tokens, index, total });
        const next = surveyed.slice(at + 1);
        const result = await settle(seen, index, next, round);
        if (seen.opened && !seen.stored) await letGo(seen.entry, next, this.#audited.subjects.places);
        if (result === null) continue;
        results.push(result);
        this.#tell({ type: 'done', result, index, total });
        if (result.state !== 'failed' && seen.control === null) await this.#alert(seen.entry);
      }
    } catch (error) {
      if (!this.#aborted()) throw error;
    }
  }

  /** Looks at every checkpoint first, so that what is reused, what can't work and how much is left is known at once. */
  async #survey(): Promise<Surveyed[]> {
    const surveyed = await this.#look();
    const opened = surveyed.find((seen) => seen.opened)?.opened ?? null;
    const grows = this.#isGone !== null;
    // What can't be opened says nothing of the corpus; the next that can does.
    if (!opened && grows) return surveyed;
    // Kept before anything is measured, so that a run that is killed says what it was to be.
    const moved = await this.#ledger.ask(this.#series, opened, { grows });
    if (opened && !grows) this.#tell({ type: 'plan', plan: planOf(this.#series, surveyed, this.#request) });
    return moved ? this.#look() : surveyed;
  }

  async #look(): Promise<Surveyed[]> {
    let current: { entry: SeriesEntry; index: number } | null = null;
    const { entries, subjects } = this.#audited;
    const surveyed = await survey(entries, this.#series.entries[0]!, subjects, {
      request: this.#request,
      run: this.#ledger.run,
      refOf: (entry, control) => this.#ledger.ref(entry, control),
      signal: this.#hooks.signal,
      others: this.#before > 0,
      onEntry: (entry, index) => (current = { entry, index }),
      onTokenize: ({ found, asked }) => {
        if (!current) return;
        const round = { total: this.#total, tell: (event: TraceEvent) => this.#tell(event) };
        progressOf(current.entry, null, this.#before + current.index, round)('tokenize', found, asked ?? 0, null);
      },
    });
    if ((this.#request.keep ?? 'all') === 'all' || !subjects.places) return surveyed;
    // Where downloads are deleted, a checkpoint's nulls follow it, so that it is fetched once.
    const places = entries.map(({ hub }) => hub);
    return surveyed.sort((a, b) => places.indexOf(a.entry.hub) - places.indexOf(b.entry.hub));
  }

  #round(total: number): Round {
    return {
      ...{ request: this.#request, series: this.#series.name, audited: this.#audited, ledger: this.#ledger, total },
      ...{ workshop: this.#workshop, differences: this.#differences, signal: this.#hooks.signal, isGone: this.#isGone },
      tell: (event) => this.#tell(event),
    };
  }

  async #alert(entry: SeriesEntry): Promise<void> {
    const fired = (await this.#alerts?.check(this.#ledger.ref(entry, null))) ?? [];
    for (const alert of fired) this.#tell({ type: 'alert', alert });
  }

  #tell(event: TraceEvent): void {
    this.#progressFile.event(event);
    this.#hooks.onEvent?.(event);
  }

  #aborted(): boolean {
    return this.#hooks.signal?.aborted ?? false;
  }
}
