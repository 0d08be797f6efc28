/** Every point of a sweep at a checkpoint before anything heavy: its sequences, its key, and whether it is measured already. */
import { rememberedHashes, type FileHashes, type Series, type SeriesEntry } from '../checkpoints/index.js';
import { EigentraceError } from '../errors.js';
import { findReusable, type Run, type StoredMeasurement } from '../record/index.js';
import { cacheFolder, hashCache } from './cache.js';
import { Places } from './places.js';
import { sweepVariant } from './recording.js';
import type { TraceRequest } from './request.js';
import { keyPartsOf, Subjects, type OpenedSubject, type Subject, type SubjectHooks } from './subject.js';
import { pointsOf, type SweepPoint } from './sweep-points.js';
import type { SweepRequest } from './sweep.js';

export interface SurveyedPoint {
  readonly point: SweepPoint;
  /** Null when it can't be measured; then `error` says why. */
  readonly subject: Subject | null;
  readonly error: unknown;
  /** What can be used as it is. */
  readonly stored: StoredMeasurement | null;
}

export class SweepSurvey {
  readonly #request: SweepRequest;
  readonly #series: Series;
  /** Null when there is none yet. */
  readonly #run: Run | null;
  /** By filter: what opens checkpoints with these sequences. */
  readonly #subjects = new Map<string, Subjects>();
  /** Brings checkpoints here that are on the Hub. */
  readonly places: Places;
  /** Of the last checkpoint that could be opened. */
  #points: SweepPoint[] | null = null;

  constructor(request: SweepRequest, series: Series, run: Run | null) {
    this.#request = request;
    this.#series = series;
    this.#run = run;
    this.places = new Places(request.base.keep);
  }

  /**
   * The points at a checkpoint. `hash`: reads weights whose hashes are not remembered (default); without it such a point
   * counts as not measured. Rejects for what is wrong with the request, or when not even the first checkpoint opens.
   */
  async of(entry: SeriesEntry, hooks: SubjectHooks, hash = true): Promise<SurveyedPoint[]> {
    const { base, sweeps } = this.#request;
    let opened: OpenedSubject;
    try {
      if (hash) entry = await this.places.fetch(entry, { signal: hooks.signal, onProgress: hooks.onFetch });
      opened = await this.#open(base, entry, hooks);
    } catch (error) {
      if (this.#points === null || isCommon(error)) throw error;
      return this.#points.map((point) => ({ point, subject: null, error, stored: null }));
    }
    const layers = opened.model.parseLayers('all').map(String);
    const points = (this.#points = pointsOf(base, sweeps, { found: opened.sequences.found, layers }));
    const weights = await this.#weights(opened, hooks, hash);
    const surveyed: SurveyedPoint[] = [];
    const byFilter = new Map([[filterOf(base), opened]]);
    for (const point of points) {
      try {
        const filter = filterOf(point.request);
        const own = byFilter.get(filter) ?? (await this.#open(point.request, entry, hooks));
        byFilter.set(filter, own);
        surveyed.push(await this.#look(point, own, weights));
      } catch (error) {
        if (isCommon(error)) throw error;
        surveyed.push({ point, subject: null, error, stored: null });
      }
    }
    return surveyed;
  }

  async #look(point: SweepPoint, opened: OpenedSubject, weights: FileHashes | null): Promise<SurveyedPoint> {
    const own = { ...opened, layers: opened.model.parseLayers(point.request.layers) };
    const keyParts = keyPartsOf(point.request, own, weights?.sha256 ?? null);
    const subject = { ...own, weights, keyParts };
    if (!this.#run || !weights || point.request.force) return { point, subject, error: null, stored: null };
    const { stage, revision } = opened.entry;
    const ref = { series: this.#series.name, stage, revision, variant: sweepVariant(point) };
    const { stored } = await findReusable(this.#run, ref, keyParts);
    return { point, subject, error: null, stored };
  }

  #open(request: TraceRequest, entry: SeriesEntry, hooks: SubjectHooks): Promise<OpenedSubject> {
    const filter = filterOf(request);
    let subjects = this.#subjects.get(filter);
    if (!subjects) {
      // Layers and positions are the point's own: what opens must not refuse them for another's.
      subjects = new Subjects({ ...request, layers: 'final' }, this.#series, cacheFolder(), this.places);
      this.#subjects.set(filter, subjects);
    }
    return subjects.open(entry, hooks);
  }

  async #weights(opened: OpenedSubject, hooks: SubjectHooks, hash: boolean): Promise<FileHashes | null> {
    if (!hash) return rememberedHashes(opened.files, hashCache(cacheFolder()));
    return (await this.#subjects.get(filterOf(this.#request.base))!.identify(opened, hooks)).weights;
  }
}

/** What decides the sequences. */
function filterOf({ corpus, field, sequences, minTokens, maxTokens, seed, rows }: TraceRequest): string {
  return JSON.stringify([corpus, field, sequences, minTokens, maxTokens, seed, rows]);
}

/** The same for every checkpoint. */
function isCommon(error: unknown): boolean {
  return error instanceof EigentraceError && ['usage', 'environment', 'interrupted'].includes(error.code);
}
