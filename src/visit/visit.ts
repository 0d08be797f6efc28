/**
 * The loop that the neighbours of `trace` share: every checkpoint of a series, one finding a part each. What is there with
 * the same key is reused; a checkpoint that fails is recorded and doesn't stop the others; each finding is stored before
 * the next is begun, so that whatever ends the process loses at most the one under way.
 */
import { tmpdir } from 'node:os';
import { sweepScratch } from '../bytes/index.js';
import { selectRevisions, whatChanged, type Series } from '../checkpoints/index.js';
import { EigentraceError, messageOf } from '../errors.js';
import {
  addFindingFailure,
  addFindingRequests,
  canonicalSha256,
  composeFinding,
  findReusableFinding,
  openRun,
  writeFinding,
  type FindingDraft,
  type FindingRef,
  type Run,
} from '../record/index.js';
import { openAnySeries } from '../trace/places.js';
import { ProgressFile } from '../trace/progress-file.js';
import { seriesRecord } from '../trace/recording.js';
import { versions } from '../trace/versions.js';
import { Workshop } from '../trace/workshop.js';
import type {
  VisitBody,
  Visited,
  VisitEvent,
  VisitHooks,
  VisitJob,
  VisitPart,
  VisitPhase,
  VisitRequest,
  VisitResult,
  VisitSubject,
} from './request.js';
import { VisitSubjects, type Place } from './subjects.js';

/** Finds what is not found yet. Rejects only when nothing can be done at all: no series, no RUN, a wrong option. */
export async function visit<P extends VisitPart>(
  request: VisitRequest,
  job: VisitJob<P>,
  hooks: VisitHooks = {},
): Promise<VisitResult> {
  const { threads, out } = request;
  if (!Number.isInteger(threads) || threads < 1) {
    throw new EigentraceError('usage', `--threads: got ${threads} (expected a whole number of at least 1)`);
  }
  const series = await openAnySeries(request.series, {
    ...{ tokensPerStep: request.tokensPerStep, signal: hooks.signal },
  });
  const entries = selectRevisions(series.entries, request.revisions);
  const places: Place[] = entries.map((entry) => ({ entry, control: null }));
  if (request.randomInit !== null && entries[0]) {
    // It belongs to no checkpoint: it stands beside the first, with no step of its own.
    const entry = { ...entries[0], step: null, tokens: null };
    places.push({ entry, control: { kind: 'random-init', seed: request.randomInit } });
  }
  const run = out === null ? null : await openRun(out, { create: true });
  if (out !== null) await sweepScratch(out);
  const progressFile = out === null ? null : new ProgressFile(out);
  const workshop = new Workshop(threads, out ?? tmpdir(), hooks.signal);
  const tell = (event: VisitEvent): void => {
    progressFile?.event(event);
    hooks.onEvent?.(event);
  };
  for (const message of series.notes) tell({ type: 'note', message });
  const loop = new Loop(request, job, {
    series,
    run,
    workshop,
    tell,
    signal: hooks.signal,
    versions: await versions(),
  });
  try {
    return await loop.go(places);
  } finally {
    await workshop.close();
    await loop.close();
    await progressFile?.close();
  }
}

interface Means {
  readonly series: Series;
  readonly run: Run | null;
  readonly workshop: Workshop;
  readonly tell: (event: VisitEvent) => void;
  readonly signal: AbortSignal | undefined;
  readonly versions: Record<string, string>;
}

class Loop<P extends VisitPart> {
  readonly #request: VisitRequest;
  readonly #job: VisitJob<P>;
  readonly #means: Means;
  readonly #subjects: VisitSubjects;
  /** By place and part, in order. */
  readonly #variants: (string | null)[] = [];
  readonly #results: Visited[] = [];
  #total = 0;

  constructor(request: VisitRequest, job: VisitJob<P>, means: Means) {
    this.#request = request;
    this.#job = job;
    this.#means = means;
    this.#subjects = new VisitSubjects(means.series, request.keepDownloads);
  }

  async go(places: readonly Place[]): Promise<VisitResult> {
    const { parts, kind } = this.#job;
    this.#total = places.length * parts.length;
    await this.#ask(places);
    try {
      for (const [index, place] of places.entries()) {
        if (this.#aborted()) break;
        await this.#checkpoint(place, index * parts.length, places[index + 1] ?? null);
        const { hub } = place.entry;
        // A null of the same checkpoint may come after it.
        if (places[index + 1]?.entry.hub !== hub) await this.#subjects.places.finished(place.entry);
      }
    } catch (error) {
      if (!this.#aborted()) throw error;
    }
    const { run, series } = this.#means;
    return { run: run?.path ?? null, series: series.name, kind, results: this.#results, interrupted: this.#aborted() };
  }

  /** Stops downloads. */
  async close(): Promise<void> {
    await this.#subjects.places.close();
  }

  #aborted(): boolean {
    return this.#means.signal?.aborted ?? false;
  }

  /** Writes the requests before anything is found, so that a run that is killed says what it was to be. */
  async #ask(places: readonly Place[]): Promise<void> {
    const { run, series, versions } = this.#means;
    const controls = [...new Set(places.map(({ control }) => control))];
    const created = new Date().toISOString();
    const requests = controls.flatMap((control) =>
      this.#job.parts.map(({ scope, options }) => ({
        ...{ created, versions, series: seriesRecord(series), scope: control ? { ...scope, control } : scope },
        options: {
          series: this.#request.series,
          revisions: this.#request.revisions,
          ...options,
          ...(control ? { control } : {}),
        },
      })),
    );
    const variants = run ? await addFindingRequests(run, this.#job.kind, requests) : requests.map(() => null);
    const { length } = this.#job.parts;
    for (const { control } of places) {
      const at = controls.indexOf(control) * length;
      this.#variants.push(...variants.slice(at, at + length));
    }
  }

  /** All parts of one checkpoint, the model opened once. Rejects for what would end the others too. */
  async #checkpoint(place: Place, first: number, next: Place | null): Promise<void> {
    let subject: VisitSubject | null = null;
    const used: { isReady: boolean; release: (() => Promise<void>) | null } = { isReady: false, release: null };
    const { workshop, signal } = this.#means;
    try {
      for (const [p, part] of this.#job.parts.entries()) {
        if (this.#aborted()) return;
        const index = first + p;
        const { stage, revision, step, tokens } = place.entry;
        const { control } = place;
        this.#means.tell({ type: 'start', stage, revision, control, step, tokens, index, total: this.#total });
        const start = performance.now();
        let result: Visited;
        try {
          subject ??= await this.#subjects.open(place, {
            signal,
            onHash: (done, of) => this.#progress(place, index, 'hash', done, of),
          });
          const opened = subject;
          result = await this.#part(opened, place, part, index, start, async () => {
            if (used.isReady) return subject ?? opened;
            const here = (subject = await this.#bring(opened, place, index));
            if (next) await this.#subjects.places.prefetch(next.entry);
            used.release = (await here.checkpoint.prepare?.(signal)) ?? null;
            used.isReady = true;
            return here;
          });
        } catch (error) {
          if (this.#endsAll(error)) throw error;
          result = await this.#failed(place, part, index, error, start);
        }
        this.#results.push(result);
        this.#means.tell({ type: 'done', result, index, total: this.#total });
      }
    } finally {
      if (used.isReady && !this.#aborted()) await workshop.releaseChild();
      await used.release?.();
    }
  }

  /** The checkpoint on this machine: what is on the Hub is fetched only when it is to be run. */
  #bring(subject: VisitSubject, place: Place, index: number): Promise<VisitSubject> {
    return this.#subjects.bring(subject, place, {
      signal: this.#means.signal,
      onHash: (done, of) => this.#progress(place, index, 'hash', done, of),
      onFetch: ({ done, of, bytesPerSecond, secondsLeft }) =>
        this.#progress(place, index, 'download', done, of, null, { bytesPerSecond, secondsLeft }),
    });
  }

  async #part(
    known: VisitSubject,
    place: Place,
    part: P,
    index: number,
    start: number,
    ready: () => Promise<VisitSubject>,
  ): Promise<Visited> {
    let subject = known;
    const { run, workshop, signal, tell } = this.#means;
    const ref = this.#ref(place, index);
    const keyParts = {
      kind: this.#job.kind,
      weights: subject.weights?.sha256 ?? null,
      config: canonicalSha256(subject.checkpoint.config),
      tokenizer: subject.tokenizerSha256,
      precision: 'float32',
      ...(subject.control ? { control: subject.control } : {}),
      ...(await this.#job.keyParts(subject, part)),
    };
    const done = (state: 'measured' | 'reused', stored: Pick<Visited, 'path' | 'finding'>): Visited => ({
      ...this.#place(place, part),
      ...{ state, error: null, seconds: (performance.now() - start) / 1000, ...stored },
    });
    if (run && !this.#request.force) {
      const { stored, note } = await findReusableFinding(run, ref, keyParts);
      if (stored) return done('reused', stored);
      if (note) tell({ type: 'note', message: `${note}; finding again` });
    }
    subject = await ready();
    const job = this.#job;
    let stages = 1;
    const body = await job.run(subject, part, {
      get child() {
        return workshop.child;
      },
      get kernel() {
        return workshop.kernel;
      },
      threads: this.#request.threads,
      memory: this.#request.memory ?? null,
      scratch: run?.path ?? tmpdir(),
      signal,
      progress: (phase, done, of, rate = null) => this.#progress(place, index, phase, done, of, rate),
      note: (message) => tell({ type: 'note', message }),
      noteStages: (count) => (stages = Math.max(stages, count)),
    });
    const changed = await whatChanged(subject.checkpoint.files);
    if (changed) {
      throw new EigentraceError(
        'input',
        `checkpoint ${place.entry.revision}: a weight file changed while it was looked at: ${changed}; ` +
          'nothing was recorded, run the same command again when it is written',
      );
    }
    // In stages the model was run some layers at a time, which changes no number beyond float32 rounding.
    const told = stages > 1 ? { ...body, provenance: { ...body.provenance, stages } } : body;
    const draft = this.#draft(subject, part, told, { ref, keyParts, seconds: (performance.now() - start) / 1000 });
    return done('measured', run ? await writeFinding(run, draft) : { path: null, finding: composeFinding(draft) });
  }

  #draft(
    { entry, model, weights, control, checkpoint, tokenizerSha256 }: VisitSubject,
    part: P,
    { provenance = {}, ...body }: VisitBody,
    { ref, keyParts, seconds }: { ref: FindingRef; keyParts: Record<string, unknown>; seconds: number },
  ): FindingDraft {
    const { step, tokens, parent, seed } = entry;
    const { all: parameters, nonEmbedding } = model.parameters;
    const known = [...checkpoint.notes, ...model.notes].map((message) => ({ code: 'note', message }));
    return {
      ...ref,
      ...{ step, tokens, parent, seed, control, options: { ...part.options }, keyParts },
      ...body,
      flags: [...(control ? [] : known), ...(body.flags ?? [])],
      provenance: {
        weights: weights && { sha256: weights.sha256, files: weights.files.map((file) => ({ ...file })) },
        model: { architecture: model.modelType, parameters, non_embedding: nonEmbedding },
        config_sha256: canonicalSha256(checkpoint.config),
        tokenizer_sha256: tokenizerSha256,
        precision: 'float32',
        device: 'cpu',
        versions: this.#means.versions,
        commit: entry.hub?.commit ?? null,
        created: new Date().toISOString(),
        seconds,
        ...provenance,
      },
    };
  }

  /** A wrong option, or a RUN that can't be written, is the same for every checkpoint. */
  #endsAll(error: unknown): boolean {
    if (this.#aborted()) return true;
    return error instanceof EigentraceError && ['usage', 'environment', 'interrupted'].includes(error.code);
  }

  async #failed(place: Place, part: P, index: number, error: unknown, start: number): Promise<Visited> {
    const message = messageOf(error);
    const code = error instanceof EigentraceError ? error.code : 'internal';
    const text = code === 'internal' && !message.startsWith('internal:') ? `internal: ${message}` : message;
    const { run } = this.#means;
    const created = new Date().toISOString();
    if (run) await addFindingFailure(run, { ...this.#ref(place, index), code, message: text, created });
    const seconds = (performance.now() - start) / 1000;
    return { ...this.#place(place, part), state: 'failed', error: text, seconds, path: null, finding: null };
  }

  #place({ entry: { stage, revision, step, tokens }, control }: Place, { name }: P) {
    return { stage, revision, part: name, control, step, tokens };
  }

  #ref({ entry: { stage, revision } }: Place, index: number): FindingRef {
    const variant = this.#variants[index]!;
    return { kind: this.#job.kind, series: this.#means.series.name, stage, revision, variant };
  }

  #progress(
    { entry: { revision }, control }: Place,
    index: number,
    phase: VisitPhase,
    done: number,
    of: number,
    tokensPerSecond: number | null = null,
    rate: { bytesPerSecond?: number | null; secondsLeft?: number | null } = {},
  ): void {
    const total = this.#total;
    this.#means.tell({ type: 'progress', revision, control, index, total, phase, done, of, tokensPerSecond, ...rate });
  }
}
