/**
 * A first look at every checkpoint of a request, before anything heavy: headers, config, tokenised corpus, and whether
 * what is stored can be used. Reads no weights: where their hashes aren't remembered, reuse is decided later.
 */
import { flagCodes } from '../audit/index.js';
import { rememberedHashes, type Series, type SeriesEntry } from '../checkpoints/index.js';
import { TokenizerError } from '../corpus/index.js';
import { EigentraceError, messageOf } from '../errors.js';
import { findReusable, type MeasurementRef, type Run, type StoredMeasurement } from '../record/index.js';
import { cacheFolder, hashCache } from './cache.js';
import { estimate, estimateRows, type Estimate } from './estimate.js';
import { openControls, type Control } from './control.js';
import type { TracePlan, TraceRequest } from './request.js';
import type { Opened, SubjectSource } from './source.js';
import type { SubjectHooks } from './subject.js';

const audited: readonly string[] = flagCodes;

export interface Surveyed {
  readonly entry: SeriesEntry;
  /** Of a null; null for the checkpoint as it is. */
  readonly control: Control | null;
  /** Null when it can't be measured; then `error` says why. */
  readonly opened: Opened | null;
  readonly error: unknown;
  /** What can be used as it is, as far as that is known without reading weights. */
  readonly stored: StoredMeasurement | null;
  /** Parts of the key in which what is stored differs. */
  readonly differences: readonly string[];
  /** Whether the weights' hashes are remembered. */
  readonly hashed: boolean;
}

export interface SurveyOptions extends SubjectHooks {
  readonly request: TraceRequest;
  /** The run as it is; null when there is none yet. */
  readonly run: Run | null;
  readonly refOf: (entry: SeriesEntry, control: Control | null) => MeasurementRef;
  /** Whether others of the series were measured before: a tokenizer that does not serve is then this checkpoint's fault. */
  readonly others?: boolean;
  /** Before each checkpoint's corpus is tokenised. */
  readonly onEntry?: (entry: SeriesEntry, index: number) => void;
}

/**
 * Every checkpoint, then the nulls that are asked for. `first` of the series is where those stand that belong to no
 * checkpoint. Rejects for what is the same for every checkpoint: a wrong option, a corpus that can't be read, an interruption. */
export async function survey(
  entries: readonly SeriesEntry[],
  first: SeriesEntry,
  subjects: SubjectSource,
  options: SurveyOptions,
): Promise<Surveyed[]> {
  const surveyed: Surveyed[] = [];
  for (const [index, entry] of entries.entries()) {
    options.onEntry?.(entry, index);
    try {
      surveyed.push(await look(entry, subjects, options));
    } catch (error) {
      const ours = error instanceof EigentraceError;
      if (ours && (error.code === 'usage' || error.code === 'interrupted' || error.code === 'environment')) throw error;
      if (error === subjects.corpusError) throw error;
      surveyed.push({ entry, control: null, opened: null, error, stored: null, differences: [], hashed: false });
    }
  }
  const [one] = surveyed;
  // They all have this tokenizer.
  if (!options.others && one?.error instanceof TokenizerError && surveyed.every(({ error }) => error === one.error))
    throw one.error;
  const opened = surveyed.flatMap((seen) => seen.opened ?? []);
  for (const each of await openControls(options.request, opened, first)) {
    const { opened, ...rest } = each;
    if (opened) surveyed.push(await lookUp(opened, each.control, subjects, options));
    else surveyed.push({ ...rest, opened, stored: null, differences: [], hashed: false });
  }
  return surveyed;
}

async function look(entry: SeriesEntry, subjects: SubjectSource, options: SurveyOptions): Promise<Surveyed> {
  if (options.signal?.aborted) throw new EigentraceError('interrupted', 'interrupted');
  return lookUp(await subjects.open(entry, options), null, subjects, options);
}

/** What is stored of it that can be used. */
async function lookUp(
  opened: Opened,
  control: Control | null,
  subjects: SubjectSource,
  { request, run, refOf }: SurveyOptions,
): Promise<Surveyed> {
  const { entry } = opened;
  const hashes = await rememberedHashes(opened.files, hashCache(cacheFolder()));
  const seen = { entry, control, opened, error: null, hashed: hashes !== null };
  if (!run || !hashes || request.force) return { ...seen, stored: null, differences: [] };
  // What is drawn has no files.
  const parts = subjects.keyParts(opened, opened.files.length === 0 ? null : hashes.sha256);
  const found = await findReusable(run, refOf(entry, control), parts, keeping(opened, request));
  return { ...seen, stored: found.stored, differences: found.differences };
}

/** What a stored measurement must hold to be used again: white noise needs no rows, it can be drawn again. */
export function keeping(opened: Opened, request: TraceRequest): { features: boolean } {
  return { features: request.saveFeatures && opened.kind !== 'noise' };
}

/** The plan that a survey amounts to; `seconds` is left null. */
export function planOf(series: Series, surveyed: readonly Surveyed[], request: TraceRequest): TracePlan {
  const real = surveyed.filter(({ control }) => control === null);
  const example = real.find(({ opened, stored }) => opened && !stored) ?? real.find(({ opened }) => opened);
  if (!example?.opened) {
    const error = real.find((seen) => seen.error !== null)?.error;
    if (error instanceof Error) throw error;
    throw new EigentraceError('input', `${series.name}: no checkpoints`);
  }
  const notes = new Set(series.notes);
  const problems = new Set<string>();
  for (const { opened } of surveyed) {
    // What the audit found has been said for all of them at once.
    for (const { code, message } of opened?.flags ?? []) if (!audited.includes(code)) notes.add(message);
  }
  const unknown = real.filter(({ opened, hashed }) => opened && !hashed).length;
  if (unknown > 0) {
    const what = example.opened.kind === 'model' ? 'weights' : 'files';
    const weights = unknown === 1 ? `1 checkpoint's ${what} are` : `${unknown} checkpoints' ${what} are`;
    notes.add(`${weights} not hashed yet: whether a stored measurement can be reused is seen when they are`);
  }
  for (const { differences } of surveyed) for (const difference of differences) problems.add(difference);
  const { each, rows, corpus } = sizesOf(example.opened, request);
  const checkpoints = surveyed.map(({ entry, control, opened, error, stored }) => ({
    ...{ stage: entry.stage, revision: entry.revision, control, step: entry.step, tokens: entry.tokens },
    reused: stored !== null,
    bytes: opened?.bytes ?? 0,
    problem: opened ? null : messageOf(error),
  }));
  const todo = checkpoints.filter(({ reused, problem }) => !reused && problem === null);
  return {
    series: series.name,
    checkpoints,
    corpus,
    rows,
    flops: { forward: each.forward, spectrum: each.spectrum },
    bytesToRead: todo.reduce((sum, { bytes }) => sum + bytes, 0),
    seconds: null,
    peakMemory: each.peakMemory,
    stages: each.stages,
    differences: [...problems],
    notes: [...notes],
  };
}

/** What a plan says of one checkpoint's work. */
function sizesOf(
  opened: Opened,
  request: TraceRequest,
): { each: Estimate; rows: TracePlan['rows']; corpus: TracePlan['corpus'] } {
  if (opened.kind !== 'model') {
    const { n, d } = opened;
    const layers = opened.kind === 'noise' ? 1 : opened.layers.size;
    return { each: estimateRows(n, d, layers, request), rows: { n, d }, corpus: null };
  }
  const { model, layers, sequences } = opened;
  const { name, asked, found, tokens } = sequences;
  const lengths = sequences.ids.map((ids) => ids.length);
  return {
    each: estimate(model, layers, lengths, request),
    rows: { n: request.position === 'all' ? tokens : found, d: model.width },
    corpus: { name, asked, found, tokens },
  };
}
