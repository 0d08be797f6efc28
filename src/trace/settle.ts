/** One checkpoint, or one of its nulls, brought to its end: reused, measured or failed. */
import { flagCodes } from '../audit/index.js';
import type { SeriesEntry } from '../checkpoints/index.js';
import { EigentraceError } from '../errors.js';
import { findReusable, replaceFlags, writeMeasurement, type StoredMeasurement } from '../record/index.js';
import type { Control } from './control.js';
import { bring, fetchAhead } from './downloads.js';
import { measureFeatures } from './features.js';
import type { Flagged } from './flagged.js';
import type { Ledger } from './ledger.js';
import { measure, type Measured } from './measure.js';
import { measureNoise } from './noise.js';
import { draftOf, resultOf } from './recording.js';
import type { Differences } from './reduced.js';
import type { CheckpointResult, TraceEvent, TraceRequest } from './request.js';
import type { Identified, Opened } from './source.js';
import { keeping, type Surveyed } from './survey.js';
import type { Workshop } from './workshop.js';

type Progress = Extract<TraceEvent, { type: 'progress' }>;

/** What settling works with; the same for all checkpoints of a round. */
export interface Round {
  readonly request: TraceRequest;
  readonly series: string;
  /** What the audit of the series said, and what opens its checkpoints. */
  readonly audited: Flagged;
  readonly ledger: Ledger;
  readonly workshop: Workshop;
  readonly differences: Differences;
  readonly signal: AbortSignal | undefined;
  readonly tell: (event: TraceEvent) => void;
  /** Checkpoints and nulls, those of other rounds too. */
  readonly total: number;
  /** Whether a checkpoint of a growing series went away; null where none can. */
  readonly isGone: ((entry: SeriesEntry) => Promise<boolean>) | null;
}

/** Null where it went away meanwhile. `next`: what comes after it. Rejects for what would end the others too. */
export async function settle(
  seen: Surveyed,
  index: number,
  next: readonly Surveyed[],
  round: Round,
): Promise<CheckpointResult | null> {
  const { entry, control } = seen;
  const seconds = stopwatch();
  try {
    if (seen.stored) return await reused(seen.stored, entry, control, seconds(), round);
    if (!seen.opened) throw seen.error;
    return await settleOpened(seen.opened, control, index, next, round);
  } catch (error) {
    const ours = error instanceof EigentraceError;
    // A wrong option, or a RUN that can't be written, is the same for every checkpoint.
    if (ours && (error.code === 'usage' || error.code === 'environment' || error.code === 'interrupted')) throw error;
    if (await round.isGone?.(entry)) return null;
    const text = await round.ledger.fail(entry, control, error);
    const { stage, revision, step, tokens } = entry;
    return {
      ...{ stage, revision, control, step, tokens, state: 'failed', error: text, seconds: seconds(), path: null },
      ...{ layers: {}, reasons: {}, n: 0, d: 0, flags: [] },
    };
  }
}

async function settleOpened(
  surveyed: Opened,
  control: Control | null,
  index: number,
  next: readonly Surveyed[],
  round: Round,
): Promise<CheckpointResult> {
  const { request, ledger, signal, tell } = round;
  const { subjects } = round.audited;
  const { entry } = surveyed;
  const seconds = stopwatch();
  const progress = progressOf(entry, control, index, round);
  const opened = await bring(surveyed, subjects, {
    signal,
    onProgress: ({ done, of, bytesPerSecond, secondsLeft }) =>
      progress('download', done, of, null, { bytesPerSecond, secondsLeft }),
  });
  await fetchAhead(entry, next, subjects.places);
  const onHash = (done: number, of: number): void => progress('hash', done, of, null);
  const subject = await subjects.identify(opened, { signal, onHash });
  if (!request.force) {
    const keep = keeping(opened, request);
    const { stored, note } = await findReusable(ledger.run, ledger.ref(entry, control), subject.keyParts, keep);
    if (stored) return await reused(stored, entry, control, seconds(), round);
    if (note) tell({ type: 'note', message: `${note}; measuring again` });
  }
  const measured = await measureOne(subject, progress, round);
  try {
    round.differences.tell(entry.revision, measured.precision, (message) => tell({ type: 'note', message }));
    const place = { series: round.series, variant: ledger.variant(control), versions: ledger.versions };
    const draft = draftOf(subject, measured, request, { ...place, seconds: seconds() });
    const arrays = measured.features ? { features: measured.features } : {};
    const stored = await writeMeasurement(ledger.run, draft, arrays);
    return resultOf(stored.measurement, stored.path, 'measured', seconds());
  } finally {
    await measured.close();
  }
}

/** What is known of the series now may be more than when it was measured. */
async function reused(
  stored: StoredMeasurement,
  entry: SeriesEntry,
  control: Control | null,
  seconds: number,
  { request, audited, ledger }: Round,
): Promise<CheckpointResult> {
  const isOfWeights = request.features === null && (control === null || control.kind === 'shuffled-tokens');
  const flags = isOfWeights ? audited.flagsOf(entry) : [];
  const { measurement, path } = await replaceFlags(ledger.run, stored, flagCodes, flags);
  return resultOf(measurement, path, 'reused', seconds);
}

function measureOne(subject: Identified, progress: Tell, { request, workshop }: Round): Promise<Measured> {
  if (subject.kind === 'model') return measure(subject, request, workshop.tools(progress));
  const tools = workshop.spectrumTools(progress);
  return subject.kind === 'features' ? measureFeatures(subject, request, tools) : measureNoise(subject, request, tools);
}

type Tell = (
  phase: Progress['phase'],
  done: number,
  of: number,
  tokensPerSecond: number | null,
  rate?: Pick<Progress, 'bytesPerSecond' | 'secondsLeft'>,
) => void;

/** Tells how far one checkpoint is. */
export function progressOf(
  { revision }: SeriesEntry,
  control: Control | null,
  index: number,
  { total, tell }: Pick<Round, 'total' | 'tell'>,
): Tell {
  return (phase, done, of, tokensPerSecond, rate = {}) =>
    tell({ type: 'progress', revision, control, index, total, phase, done, of, tokensPerSecond, ...rate });
}

function stopwatch(): () => number {
  const start = performance.now();
  return () => (performance.now() - start) / 1000;
}
