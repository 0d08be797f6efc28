/**
 * The published code's results (`results_<model>.npy`, see published.ts) as measurements of a run. What the file holds is
 * kept: `rankme` is `rankme_published`, `alpha`, `r2`, `r2_100` as they are, the normalised eigenspectrum and the fitted
 * line as arrays `eigenspectrum` and `ypred`. Nothing is computed from them: eigenvalues, rows and columns are not in the
 * file, so every other figure is null with that reason, and the provenance names the file and its sha256 alone.
 */
import { NpyArray, readNpyObject } from '../bytes/index.js';
import { EigentraceError } from '../errors.js';
import type { MeasuredLayer, MeasurementDraft } from './measurement.js';
import { figureColumns } from './table.js';

export interface ImportedFile {
  /** The file's own name, and its sha256. */
  readonly name: string;
  readonly sha256: string;
  readonly series: string;
  readonly stage: string;
  /** Now, ISO 8601. */
  readonly created: string;
  readonly versions: Readonly<Record<string, string>>;
}

const limits = { steps: 100_000, spectrum: 1_000_000 };

/** The measurements in a file's bytes, in its order. Errors name the file and the step. */
export function readPublished(bytes: Uint8Array, subject: string, file: ImportedFile): MeasurementDraft[] {
  const object = readNpyObject(bytes, subject);
  if (!(object instanceof Map) || object.size === 0 || object.size > limits.steps) {
    throw refuse(subject, 'holds no results (expected a dict: step → { eigenspectrum, rankme, alpha, … })');
  }
  const drafts = [...(object as Map<unknown, unknown>)].map(([key, value]) => draftOf(subject, key, value, file));
  const twice = drafts.find(({ revision }, i) => drafts.findIndex((other) => other.revision === revision) < i);
  if (twice) throw refuse(subject, `revision ${twice.revision} is there twice (expected each once)`);
  return drafts;
}

function draftOf(subject: string, key: unknown, value: unknown, file: ImportedFile): MeasurementDraft {
  const place = `step ${String(key).slice(0, 80)}`;
  if (!(value instanceof Map)) throw refuse(subject, `${place} is no dict of results`);
  const entry = value as Map<unknown, unknown>;
  if (!entry.has('rankme') && !entry.has('eigenspectrum')) {
    const got = [...entry.keys()].slice(0, 5).join(', ') || 'nothing';
    throw refuse(subject, `${place} has neither rankme nor eigenspectrum, got ${got}`);
  }
  const step = typeof key === 'number' ? key : (numberOf(subject, place, 'step', entry.get('step')) ?? null);
  if (step !== null && (!Number.isSafeInteger(step) || step < 0)) {
    throw refuse(subject, `${place}: a step is a whole number from 0, got ${step}`);
  }
  const named = entry.get('checkpoint') ?? (typeof key === 'string' ? key : null);
  const revision = typeof named === 'string' && named !== '' ? named : `step${String(key)}`;
  const layer = typeof entry.get('layer') === 'string' ? String(entry.get('layer')) : 'final';
  const definition = entry.get('definition');
  return {
    ...{ series: file.series, stage: file.stage, revision, variant: null, step },
    ...{ tokens: null, parent: null, seed: null, position: 'unknown', nll: null },
    layers: { [layer]: layerOf(subject, place, entry) },
    flags: [{ code: 'imported', message: `imported from ${file.name}: only what it holds is known` }],
    definitions: {
      version: 'imported',
      ids: typeof definition === 'string' ? definition.split('; ') : ['rankme.published', 'alpha'],
    },
    keyParts: { imported: file.sha256, entry: String(key), weights: null },
    provenance: {
      imported: { file: file.name, sha256: file.sha256 },
      ...{ weights: null, config_sha256: null, tokenizer_sha256: null, corpus: null },
      precision: null,
      device: null,
      versions: { ...file.versions },
      commit: null,
      created: file.created,
      seconds: null,
    },
  };
}

function layerOf(subject: string, place: string, entry: Map<unknown, unknown>): MeasuredLayer {
  const given: Record<string, number | null | undefined> = {
    rankme_published: numberOf(subject, place, 'rankme', entry.get('rankme')),
    alpha: numberOf(subject, place, 'alpha', entry.get('alpha')),
    r2: numberOf(subject, place, 'r2', entry.get('r2')),
    r2_100: numberOf(subject, place, 'r2_100', entry.get('r2_100')),
  };
  const names = figureColumns.filter((name) => name !== 'nll');
  const figures = Object.fromEntries(names.map((name) => [name, given[name] ?? null]));
  const reasons: Record<string, string> = {};
  for (const name of names) {
    if (figures[name] !== null) continue;
    reasons[name] = given[name] === null ? 'null or not finite in the imported file' : 'not in the imported file';
  }
  for (const name of ['n', 'd']) reasons[name] = 'not in the imported file';
  const arrays: Record<string, Float64Array> = {};
  for (const name of ['eigenspectrum', 'ypred']) {
    const found = vectorOf(subject, place, name, entry.get(name));
    if (found) arrays[name] = found;
  }
  return { n: null, d: null, figures, reasons, replicates: null, flags: [], arrays };
}

/** Undefined when it is not there, null when it is None or not finite. */
function numberOf(subject: string, place: string, name: string, value: unknown): number | null | undefined {
  if (value === undefined) return undefined;
  const found = value instanceof NpyArray && value.shape.length === 0 ? value.values[0] : value;
  if (found === null) return null;
  if (typeof found !== 'number') throw refuse(subject, `${place}: ${name} is no number`);
  return Number.isFinite(found) ? found : null;
}

function vectorOf(subject: string, place: string, name: string, value: unknown): Float64Array | null {
  if (value === undefined || value === null) return null;
  const values = value instanceof NpyArray && value.shape.length === 1 ? value.values : value;
  const isNumbers =
    values instanceof Float64Array || (Array.isArray(values) && values.every((v) => typeof v === 'number'));
  if (!isNumbers) throw refuse(subject, `${place}: ${name} is no list of numbers`);
  if (values.length > limits.spectrum) {
    throw refuse(subject, `${place}: ${name} has ${values.length} values (expected at most ${limits.spectrum})`);
  }
  return Float64Array.from(values as ArrayLike<number>);
}

function refuse(subject: string, what: string): EigentraceError {
  return new EigentraceError('input', `${subject}: ${what}`);
}
