/** Where a request's rows come from: models that are run on a corpus, or files of representations made elsewhere. */
import { openSeries, type Series, type SeriesEntry } from '../checkpoints/index.js';
import { EigentraceError } from '../errors.js';
import type { HubSize } from '../hub/index.js';
import type { KeyParts } from '../record/index.js';
import { cacheFolder } from './cache.js';
import { openFeatureSeries } from './feature-files.js';
import { noiseKeyParts, type NoiseSubject, type OpenedNoise } from './noise.js';
import { FeatureSubjects, type FeatureSubject, type OpenedFeatures } from './features.js';
import type { TraceRequest } from './request.js';
import { Subjects, type OpenedSubject, type Subject, type SubjectHooks } from './subject.js';

export type Opened = OpenedSubject | OpenedFeatures | OpenedNoise;
export type Identified = Subject | FeatureSubject | NoiseSubject;

/** Opens the checkpoints of a request, and tells what determines their numbers. */
export interface SubjectSource {
  /** Why no checkpoint can be measured; null while that is not so. */
  readonly corpusError: unknown;
  open(entry: SeriesEntry, hooks?: SubjectHooks): Promise<Opened>;
  identify(opened: Opened, hooks?: SubjectHooks): Promise<Identified>;
  /** `sha256`: of its files; null where it has none. */
  keyParts(opened: Opened, sha256: string | null): KeyParts;
  /** Of a checkpoint on the Hub: its bytes, and how many of them are here. Absent where nothing is fetched. */
  sizeOf?(entry: SeriesEntry): Promise<HubSize>;
}

/** One source with nulls beside it, which need neither a model nor a file. */
function withNoise(request: TraceRequest, subjects: Subjects | FeatureSubjects): SubjectSource {
  const source: SubjectSource = subjects;
  return {
    get corpusError() {
      return source.corpusError;
    },
    open: (entry, hooks) => source.open(entry, hooks),
    identify: (opened, hooks) =>
      opened.kind === 'noise'
        ? Promise.resolve({ ...opened, keyParts: noiseKeyParts(opened, request) })
        : source.identify(opened, hooks),
    keyParts: (opened, sha256) =>
      opened.kind === 'noise' ? noiseKeyParts(opened, request) : source.keyParts(opened, sha256),
    ...(source.sizeOf ? { sizeOf: (entry: SeriesEntry) => source.sizeOf!(entry) } : {}),
  };
}

/** The series of a request and what opens its checkpoints. */
export async function openSource(request: TraceRequest): Promise<{ series: Series; subjects: SubjectSource }> {
  const { tokensPerStep, features } = request;
  const series = request.series === null ? null : await openSeries(request.series, { tokensPerStep });
  if (features !== null) {
    const found = await openFeatureSeries(features, series, tokensPerStep);
    return { series: found.series, subjects: withNoise(request, new FeatureSubjects(request, found, cacheFolder())) };
  }
  if (series === null) throw new EigentraceError('usage', 'SERIES: is missing (expected one, or --features)');
  return { series, subjects: subjectsOf(request, series) };
}

/** What opens the checkpoints of a series as models. */
export function subjectsOf(request: TraceRequest, series: Series): SubjectSource {
  return withNoise(request, new Subjects(request, series, cacheFolder()));
}
