/** From a measured checkpoint to what is stored: the draft of its record, the request in run.json, the table's row. */
import type { Series } from '../checkpoints/index.js';
import type { Sequences } from '../corpus/index.js';
import type { Measurement, MeasurementDraft, RunRecord, RunRequest, SweepRecord } from '../record/index.js';
import { canonicalSha256, variantName } from '../record/index.js';
import { definitionIds, definitionsVersion } from '../spectrum/index.js';
import type { Measured } from './measure.js';
import type { Control } from './control.js';
import type { CheckpointResult, TraceRequest } from './request.js';
import { provenanceOf } from './features.js';
import { wordsOfCheck } from './reduced.js';
import type { NoiseSubject } from './noise.js';
import type { Identified } from './source.js';
import type { Subject } from './subject.js';
import type { SweepPoint } from './sweep-points.js';

/**
 * The variant of a request in a run: null for the main request, and for later ones that measure the same layers at
 * the same position (they replace what has another key); another layer set or position stands beside it, and so do
 * representations made elsewhere beside those of models, and another precision. A null is always a variant.
 */
export function variantOf(
  record: RunRecord | null,
  series: string,
  request: TraceRequest,
  control: Control | null,
): string | null {
  const main = record?.requests.find((r) => r.series.name === series && r.variant === null);
  const elsewhere = request.features === null ? {} : { features: 'made elsewhere' };
  const { precision } = request;
  const reduced = isReduced(precision) ? { precision } : {};
  const scope = { layers: request.layers, position: request.position, ...elsewhere, ...reduced };
  if (control !== null) return variantName({ ...scope, control: { kind: control.kind, seed: control.seed } });
  if (!main) return null;
  const same =
    main.options['layers'] === scope.layers &&
    main.options['position'] === scope.position &&
    ((main.options['features'] ?? null) === null) === (request.features === null) &&
    (main.options['precision'] ?? 'float32') === (precision ?? 'float32');
  return same ? null : variantName(scope);
}

/** Whether the forward pass is not float32's, which needs no telling. */
function isReduced(precision: TraceRequest['precision']): precision is 'int8' {
  return (precision ?? 'float32') !== 'float32';
}

interface RequestContext {
  readonly variant: string | null;
  readonly control: Control | null;
  readonly sweep?: SweepRecord | null;
  readonly versions: Record<string, string>;
}

/** A point's place beside the main measurement: by what is varied, and what a point of the same sweep may have besides. */
export function sweepVariant({ sweep, request }: SweepPoint): string {
  const { layers, position, precision } = request;
  return variantName({ layers, position, sweep: { ...sweep }, ...(isReduced(precision) ? { precision } : {}) });
}

/** The request as `run.json` keeps it: every option that determines numbers, and the whole series. */
export function runRequest(
  request: TraceRequest,
  series: Series,
  sequences: Sequences | null,
  { variant, control, sweep = null, versions }: RequestContext,
): RunRequest {
  // Where things lie, how fast, whether again, what was passed over: not part of what was asked of the numbers.
  const { out: _out, threads: _threads, memory: _memory, force: _force, skipFlagged: _skip, ...asked } = request;
  // Nulls are requests of their own: the main one stays the same whatever stands beside it.
  const { control: _control, controlSeed: _seed, precision, ...options } = asked;
  return {
    variant,
    created: new Date().toISOString(),
    options: {
      ...options,
      ...(isReduced(precision) ? { precision } : {}),
      ...(request.features === null ? {} : unused),
      ...(control ? { control: { ...control } } : {}),
      ...(sweep ? { sweep: { ...sweep } } : {}),
      alphaRange: [...options.alphaRange],
    },
    series: seriesRecord(series),
    corpus: {
      name: sequences?.name ?? (request.features === null ? request.corpus : null),
      sha256: sequences ? corpusSha256(sequences) : null,
      rows: sequences?.rows ?? null,
    },
    definitions: { version: definitionsVersion, ids: definitionIds(request.alphaRange) },
    versions,
  };
}

/** The whole series, as requests keep it. */
export function seriesRecord(series: Series): RunRequest['series'] {
  return {
    name: series.name,
    stages: series.stages.map((stage) => ({
      name: stage.name,
      ...(stage.epochs ? { epochs: [...stage.epochs] } : {}),
      checkpoints: series.entries
        .filter((entry) => entry.stage === stage.name)
        .map(({ revision, step, tokens, parent, seed }) => ({ revision, step, tokens, parent, seed })),
    })),
  };
}

/** Options that have no meaning where representations are read. */
const unused = { corpus: null, field: null, sequences: null, minTokens: null, maxTokens: null, seed: null, rows: null };

/** The files' hashes as one. */
export function corpusSha256(sequences: Pick<Sequences, 'sources'>): string {
  return canonicalSha256(sequences.sources.map(({ sha256 }) => sha256));
}

export function draftOf(
  subject: Identified,
  measured: Measured,
  request: TraceRequest,
  context: {
    series: string;
    variant: string | null;
    versions: Record<string, string>;
    seconds: number;
    sweep?: SweepRecord;
  },
): MeasurementDraft {
  const { entry, keyParts } = subject;
  const { nll } = measured;
  const flags = [...subject.flags];
  if (nll && nll.notFinite > 0) {
    flags.push({ code: 'nll-not-finite', message: `${nll.notFinite} sequences have a likelihood that is not finite` });
  }
  if (measured.precision) flags.push({ code: 'reduced-precision', message: wordsOfCheck(measured.precision) });
  return {
    series: context.series,
    stage: entry.stage,
    revision: entry.revision,
    variant: context.variant,
    control: subject.kind === 'features' ? null : subject.control,
    sweep: context.sweep ?? null,
    step: entry.step,
    tokens: entry.tokens,
    parent: entry.parent,
    seed: entry.seed,
    position: request.position,
    layers: measured.layers,
    nll: nll && { value: nll.value, tokens: nll.tokens, se: nll.se },
    flags,
    definitions: { version: definitionsVersion, ids: definitionIds(request.alphaRange) },
    keyParts,
    provenance: {
      ...provenance(subject, request),
      // In stages the model was run some layers at a time, which changes no number beyond float32 rounding.
      ...((measured.stages ?? 1) > 1 ? { stages: measured.stages } : {}),
      ...(measured.deviceDifference === null ? {} : { device_difference: measured.deviceDifference }),
      ...(measured.precision ? { precision_check: measured.precision } : {}),
      versions: context.versions,
      commit: entry.hub?.commit ?? null,
      created: new Date().toISOString(),
      seconds: { ...measured.seconds, total: context.seconds },
    },
  };
}

function provenance(subject: Identified, request: TraceRequest) {
  if (subject.kind === 'model') return modelProvenance(subject, request);
  return subject.kind === 'features' ? provenanceOf(subject) : drawnProvenance(subject);
}

/** Nothing but the seed made the rows. */
function drawnProvenance({ keyParts }: NoiseSubject) {
  const none = { weights: null, model: null, config_sha256: null, tokenizer_sha256: null, corpus: null };
  return { ...none, precision: keyParts.precision, device: null };
}

function modelProvenance({ model, sequences, weights, keyParts }: Subject, request: TraceRequest) {
  return {
    model: {
      architecture: model.modelType,
      parameters: model.parameters.all,
      non_embedding: model.parameters.nonEmbedding,
    },
    weights: weights && { sha256: weights.sha256, files: weights.files.map((file) => ({ ...file })) },
    config_sha256: keyParts.config,
    tokenizer_sha256: keyParts.tokenizer,
    corpus: {
      name: sequences.name,
      sha256: corpusSha256(sequences),
      rows_sha256: sequences.sha256,
      sequences: sequences.found,
      tokens: sequences.tokens,
      min_tokens: request.rows === null ? request.minTokens : null,
      max_tokens: request.maxTokens,
    },
    precision: keyParts.precision,
    device: request.device,
  };
}

/** A stored measurement as `trace` tells of it. */
export function resultOf(
  measurement: Measurement,
  path: string,
  state: 'measured' | 'reused',
  seconds: number,
): CheckpointResult {
  const first = Object.values(measurement.layers).at(-1);
  return {
    stage: measurement.stage,
    revision: measurement.revision,
    control: measurement.control ?? null,
    step: measurement.step,
    tokens: measurement.tokens,
    state,
    error: null,
    seconds,
    path,
    layers: measurement.layers,
    reasons: measurement.reasons,
    n: first?.['n'] ?? 0,
    d: first?.['d'] ?? 0,
    flags: [...new Set(measurement.flags.map(({ code }) => code))],
  };
}
