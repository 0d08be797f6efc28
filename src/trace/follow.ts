/**
 * A series that is still being trained: checkpoints are measured as they come, earliest first. The folder is looked at every
 * few seconds, while one is measured too, so that the next is known to be whole when its turn comes and what is deleted before
 * (`save_total_limit`) is noticed. What went away is missed, not failed.
 */
import { GrowingSeries, type SeriesEntry } from '../checkpoints/index.js';
import { EigentraceError } from '../errors.js';
import { refuseUnknownDevice } from '../runtime/index.js';
import { checkAlerts } from './alerts.js';
import { checkRequest } from './check-request.js';
import type { CheckpointResult, SkippedCheckpoint, TraceHooks, TraceRequest, TraceResult } from './request.js';
import { subjectsOf } from './source.js';
import { Job } from './job.js';

export interface FollowOptions {
  /** Ends when this step is measured; `last`: the step that `trainer_state.json` calls the training's last; null: never. */
  readonly until: number | 'last' | null;
  /** Seconds between two looks at the folder. */
  readonly poll: number;
}

/** Measures every checkpoint of a folder that a training writes, until told to stop. */
export async function followTrace(
  request: TraceRequest,
  options: FollowOptions,
  hooks: TraceHooks = {},
): Promise<TraceResult> {
  checkRequest(request);
  if (hooks.alerts) checkAlerts(hooks.alerts);
  await refuseUnknownDevice(request.device);
  if (request.series === null || request.features !== null) {
    throw new EigentraceError(
      'usage',
      '--follow: needs checkpoints, got --features (expected the folder into which a training writes its checkpoints)',
    );
  }
  const growing = await GrowingSeries.open(request.series, {
    ...{ revisions: request.revisions, tokensPerStep: request.tokensPerStep, tokenizer: request.tokenizer ?? null },
  });
  const looks = new Looks(growing, options.poll * 1000);
  const subjects = subjectsOf(request, growing.series);
  const isGone = (entry: SeriesEntry) => growing.isGone(entry);
  let job: Job | null = null;
  try {
    job = await Job.open(request, hooks, { series: growing.series, subjects, isGone });
    return await new Follower({ request, options, hooks, growing, looks, job }).run();
  } finally {
    looks.close();
    await job?.close();
  }
}

interface Parts {
  readonly request: TraceRequest;
  readonly options: FollowOptions;
  readonly hooks: TraceHooks;
  readonly growing: GrowingSeries;
  readonly looks: Looks;
  readonly job: Job;
}

class Follower {
  readonly #parts: Parts;
  readonly #results = new Map<string, CheckpointResult>();
  /** By stage and revision: one that is written anew comes again. */
  readonly #skipped = new Map<string, SkippedCheckpoint>();
  readonly #missed = new Map<string, SeriesEntry>();
  /** The last step measured. */
  #after: number | null = null;
  #isThere = true;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async run(): Promise<TraceResult> {
    for (;;) {
      this.#noteGone();
      const until = this.#until();
      const next = this.#aborted() || this.#parts.job.isStopped ? null : this.#parts.growing.next(until);
      if (next) {
        await this.#measure(next, until);
        continue;
      }
      if (this.#aborted() || this.#parts.job.isStopped || (until !== null && this.#parts.growing.isPast(until))) break;
      this.#tellWaiting(until);
      await this.#parts.looks.next(this.#parts.hooks.signal);
    }
    const until = this.#until();
    if (until !== null && !this.#aborted() && !this.#parts.job.isStopped && this.#after !== until)
      this.#note(`step ${until} was not saved, or was missed`);
    const missed = [...this.#missed.values()]
      .map(({ stage, revision, step }) => ({ stage, revision, step }))
      // One that was written anew came again.
      .filter(({ stage, revision }) => !this.#results.has(JSON.stringify([stage, revision, null])));
    return {
      ...{ run: this.#parts.request.out, results: [...this.#results.values()], interrupted: this.#aborted() },
      ...this.#parts.job.alerts,
      ...(missed.length > 0 ? { missed } : {}),
      ...(this.#skipped.size > 0 ? { skipped: [...this.#skipped.values()] } : {}),
    };
  }

  async #measure(entry: SeriesEntry, until: number | null): Promise<void> {
    const pending = this.#parts.growing.waiting(until) - 1;
    // Before, so that weights that are written anew meanwhile come again.
    this.#parts.growing.take(entry);
    const { results, skipped } = await this.#parts.job.more(this.#parts.growing.series, entry, pending);
    for (const result of results) {
      const { stage, revision, control = null } = result;
      this.#results.set(JSON.stringify([stage, revision, control?.kind ?? null]), result);
    }
    for (const each of skipped) this.#skipped.set(JSON.stringify([each.stage, each.revision]), each);
    const own = results.find(({ control }) => !control);
    if (own) this.#after = own.step;
    else if (skipped.length > 0) this.#after = entry.step;
    else if (!this.#aborted()) this.#miss(entry, 'went away while it was measured');
  }

  /** Noted once, though a look in the middle of its deletion can have taken it for one that is written anew. */
  #miss(entry: SeriesEntry, how: string): void {
    const key = JSON.stringify([entry.stage, entry.revision, null]);
    if (!this.#missed.has(key) && !this.#results.has(key)) this.#note(`${entry.revision} ${how}: missed`);
    this.#missed.set(key, entry);
  }

  #noteGone(): void {
    for (const entry of this.#parts.growing.gone()) this.#miss(entry, 'was deleted before it could be measured');
  }

  #until(): number | null {
    const { until } = this.#parts.options;
    return until === 'last' ? this.#parts.growing.lastStep : until;
  }

  #tellWaiting(until: number | null): void {
    if (this.#isThere !== this.#parts.growing.isThere) {
      this.#isThere = this.#parts.growing.isThere;
      const where = this.#parts.growing.root;
      this.#note(this.#isThere ? `${where} is there now` : `${where}: no such folder yet, waiting for it`);
    }
    const unfinished = this.#parts.growing
      .unfinished(until)
      .map(({ entry, reason }) => ({ revision: entry.revision, reason }));
    this.#parts.job.wait({ type: 'waiting', after: this.#after, count: this.#results.size, unfinished });
  }

  #note(message: string): void {
    this.#parts.hooks.onEvent?.({ type: 'note', message });
  }

  #aborted(): boolean {
    return this.#parts.hooks.signal?.aborted ?? false;
  }
}

/** Looks at a folder again and again, one look after the other. */
class Looks {
  readonly #growing: GrowingSeries;
  readonly #ms: number;
  #timer: NodeJS.Timeout | null = null;
  #woken: (() => void)[] = [];
  #closed = false;

  constructor(growing: GrowingSeries, ms: number) {
    this.#growing = growing;
    this.#ms = ms;
    this.#schedule();
  }

  /** When the next look is done, or the signal aborts. */
  async next(signal: AbortSignal | undefined): Promise<void> {
    const looked = new Promise<void>((resolve) => this.#woken.push(resolve));
    const stop = new AbortController();
    const aborted = new Promise<void>((resolve) => {
      if (signal?.aborted) resolve();
      signal?.addEventListener('abort', () => resolve(), { once: true, signal: stop.signal });
    });
    await Promise.race([looked, aborted]);
    stop.abort();
  }

  close(): void {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      // A folder that can't be read now may be read at the next look.
      void this.#growing
        .look()
        .catch(() => undefined)
        .finally(() => {
          const woken = this.#woken;
          this.#woken = [];
          for (const wake of woken) wake();
          this.#schedule();
        });
    }, this.#ms);
  }
}
