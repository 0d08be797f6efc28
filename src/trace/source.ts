/** Where a request's rows come from: models that are run on a corpus, or files of representations made elsewhere. */
import { openSeries, type Series, type SeriesEntry } from '../checkpoints/index.js';
import { EigentraceError } from '../errors.js';
import type { KeyParts } from '../record/index.js';
import { cacheFolder } from './cache.js';
import { openFeatureSeries } from './feature-files.js';
import { FeatureSubjects, type FeatureSubject, type OpenedFeatures } from './features.js';
import type { TraceRequest } from './request.js';
import { Subjects, type OpenedSubject, type Subject, type SubjectHooks } from './subject.js';

export type Opened = OpenedSubject | OpenedFeatures;
export type Identified = Subject | FeatureSubject;

/** Opens the checkpoints of a request, and tells what determines their numbers. */
export interface SubjectSource {
  /** Why no checkpoint can be measured; null while that is not so. */
  readonly corpusError: unknown;
  open(entry: SeriesEntry, hooks?: SubjectHooks): Promise<Opened>;
  identify(opened: Opened, hooks?: SubjectHooks): Promise<Identified>;
  keyParts(opened: Opened, sha256: string): KeyParts;
}

/** The series of a request and what opens its checkpoints. */
export async function openSource(request: TraceRequest): Promise<{ series: Series; subjects: SubjectSource }> {
  const { tokensPerStep, features } = request;
  const series = request.series === null ? null : await openSeries(request.series, { tokensPerStep });
  if (features !== null) {
    const found = await openFeatureSeries(features, series, tokensPerStep);
    return { series: found.series, subjects: new FeatureSubjects(request, found, cacheFolder()) };
  }
  if (series === null) throw new EigentraceError('usage', 'SERIES: is missing (expected one, or --features)');
  return { series, subjects: new Subjects(request, series, cacheFolder()) };
}
