/** `run.json` verified: its own hash, and each measurement against the request that asked for it. */
import { canonicalJson } from './json.js';
import type { Measurement } from './measurement.js';
import type { RunRecord, RunRequest } from './run.js';

/** What is kept of a measurement while the others are read. */
export type Measured = Pick<
  Measurement,
  'series' | 'stage' | 'revision' | 'variant' | 'step' | 'tokens' | 'parent' | 'seed' | 'position'
> & {
  readonly file: string;
  readonly imported: boolean;
  /** Whether it is a null. */
  readonly control: boolean;
  readonly hashedProvenance: boolean;
  readonly definitions: string;
  readonly corpus: Measurement['provenance']['corpus'];
  readonly tokenizer: string | null;
  readonly keyParts: Readonly<Record<string, unknown>>;
};

export function summaryOf(measurement: Measurement, file: string): Measured {
  const { series, stage, revision, variant, step, tokens, parent, seed, position, keyParts, provenance } = measurement;
  return {
    ...{ series, stage, revision, variant, step, tokens, parent, seed, position, file, keyParts },
    imported: keyParts['imported'] !== undefined,
    control: (measurement.control ?? null) !== null,
    hashedProvenance: measurement.provenance_sha256 !== undefined,
    definitions: String(measurement.definitions.version),
    corpus: provenance.corpus,
    tokenizer: provenance.tokenizer_sha256,
  };
}

/** Why no request of the run can have made the measurement; null when one can. */
export function requestProblem(record: RunRecord, measured: Measured, tokenizers: number): string | null {
  const requests = record.requests.filter(
    ({ series, variant }) => series.name === measured.series && variant === measured.variant,
  );
  if (requests.length === 0) {
    const what = measured.variant === null ? 'main request' : `request of variant ${measured.variant}`;
    return `run.json holds no ${what} of series ${measured.series}`;
  }
  let nearest: string[] | null = null;
  for (const request of requests) {
    const misfits = misfitsOf(request, measured, tokenizers);
    if (misfits.length === 0) return null;
    if (nearest === null || misfits.length < nearest.length) nearest = misfits;
  }
  return `no request of run.json fits: ${nearest!.join('; ')}`;
}

function misfitsOf(request: RunRequest, measured: Measured, tokenizers: number): string[] {
  const misfits: string[] = [];
  const same = (what: string, got: unknown, expected: unknown): void => {
    if (canonicalJson(got ?? null) === canonicalJson(expected ?? null)) return;
    misfits.push(`${what} is ${canonicalJson(got ?? null)} (the request says ${canonicalJson(expected ?? null)})`);
  };
  const stage = request.series.stages.find(({ name }) => name === measured.stage);
  const checkpoint = stage?.checkpoints.find(({ revision }) => revision === measured.revision);
  if (!checkpoint) return [`${measured.stage}/${measured.revision} is not in the series`];
  // A null that belongs to no checkpoint is filed under the first, without its step.
  const ofNone = measured.control && measured.step === null && measured.tokens === null;
  const places = ofNone ? [] : (['step', 'tokens', 'parent', 'seed'] as const);
  for (const name of places) same(name, measured[name], checkpoint[name]);
  same('definitions.version', measured.definitions, String(request.definitions.version));
  if (measured.imported) return misfits;
  const { options, corpus } = request;
  if ('position' in options) same('position', measured.position, options['position']);
  for (const name of ['alphaRange', 'errors', 'nll'] as const) {
    if (name in options && name in measured.keyParts) same(name, measured.keyParts[name], options[name]);
  }
  if (!measured.corpus) return misfits;
  same('corpus.sha256', measured.corpus.sha256, corpus.sha256);
  same('corpus.name', measured.corpus.name, corpus.name);
  // A request keeps the rows of its first tokenizer; another one may keep others.
  if (corpus.rows && tokenizers === 1) same('number of sequences', measured.corpus.sequences, corpus.rows.length);
  return misfits;
}

/** Checkpoints that a request for all of a series has neither measured nor failed. */
export function missingCheckpoints(record: RunRecord, measured: readonly Measured[]): string[] {
  const place = (series: string, stage: string, revision: string, variant: string | null): string =>
    JSON.stringify([series, stage, revision, variant]);
  const seen = new Set([
    ...measured.map((m) => place(m.series, m.stage, m.revision, m.variant)),
    ...record.failures.map((f) => place(f.series, f.stage, f.revision, f.variant)),
  ]);
  const missing = new Set<string>();
  for (const { series, variant, options } of record.requests) {
    if (options['revisions'] !== 'all' && options['imported'] === undefined) continue;
    for (const stage of series.stages) {
      for (const { revision } of stage.checkpoints) {
        const name = [series.name, stage.name, revision, ...(variant === null ? [] : [variant])].join('/');
        if (!seen.has(place(series.name, stage.name, revision, variant))) missing.add(name);
      }
    }
  }
  return [...missing];
}
