/** Measurements of one series and variant, in order, as one curve of checkpoints. */
import {
  curvesOf,
  measurementStem,
  type Measurement,
  type RunRecord,
  type RunRequest,
  type StoredMeasurement,
} from '../record/index.js';
import type { CheckpointStory, Control, CorpusStory, SeriesStory, StageStory, Sweep } from '../story/index.js';
import { columnsOf, layersOf } from './columns.js';
import { labelOf } from './label.js';
import { phasesOfCurve } from './phases.js';

export interface SeriesSource {
  readonly id: string;
  /** Id of the run. */
  readonly run: string;
  /** At least one. */
  readonly measurements: readonly StoredMeasurement[];
}

export function seriesOf({ id, run, measurements }: SeriesSource, record: RunRecord): SeriesStory {
  const all = measurements.map(({ measurement }) => measurement);
  const first = all[0]!;
  // What the last one says: a run that was gone on with was gone on with by the newer version.
  const last = all.reduce((a, b) => (b.provenance.created > a.provenance.created ? b : a));
  const requests = record.requests.filter((r) => r.series.name === first.series && r.variant === first.variant);
  const main = record.requests.find((r) => r.series.name === first.series && r.variant === null);
  const layers = layersOf(all);
  const checkpoints = all.map((measurement) => checkpointOf(measurement));
  const only = { measurements: [...measurements], problems: [] };
  const { curves } = curvesOf(only, first.variant === null ? {} : { variant: first.variant });
  const created = all.map(({ provenance }) => provenance.created).sort();
  const [control, sweep] = [controlOf(first), sweepOf(first)];
  return {
    ...{ id, run, name: first.series, variant: first.variant, control, sweep },
    label: labelOf(first, { request: requests.at(-1) ?? null, main: main ?? null, control, sweep }),
    position: first.position,
    n: common(all.flatMap((m) => Object.values(m.layers).map((layer) => layer['n'] ?? null))),
    d: common(all.flatMap((m) => Object.values(m.layers).map((layer) => layer['d'] ?? null))),
    ...modelOf(all),
    corpus: corpusOf(last),
    definitions: { version: String(last.definitions.version), ids: last.definitions.ids },
    alphaRange: alphaRangeOf(last),
    unpaired: curves.at(-1)?.unpaired ?? null,
    precision: last.provenance.precision,
    device: last.provenance.device,
    versions: last.provenance.versions,
    created: [created[0]!, created.at(-1)!],
    stages: stagesOf(all, requests),
    checkpoints,
    layers,
    curves: Object.fromEntries(layers.map((layer) => [layer, columnsOf(all, layer)])),
    phases: Object.fromEntries(curves.flatMap(phasesOfCurve)),
    logs: [],
    downstream: [],
  };
}

/** The value that all share; null where they differ. */
function common<T>(values: readonly T[]): T | null {
  return values.every((value) => value === values[0]) ? (values[0] ?? null) : null;
}

function checkpointOf(measurement: Measurement): CheckpointStory {
  const { stage, revision, step, tokens, parent, seed, flags, provenance } = measurement;
  return {
    ...{ stage, revision, step, tokens, parent, seed },
    flags: flags.map(({ code, message, layer }) => ({ code, message, ...(layer === undefined ? {} : { layer }) })),
    weights: provenance.weights?.sha256 ?? null,
    seconds: provenance.seconds?.total ?? null,
    file: fileOf(measurement),
  };
}

function fileOf(measurement: Measurement): string {
  return `${measurementStem(measurement)}.json`;
}

/** `provenance.model`, where the trace that measured it wrote it. */
function modelOf(all: readonly Measurement[]): Pick<SeriesStory, 'parameters' | 'architecture'> {
  const models = all.map(({ provenance }) => (provenance['model'] ?? {}) as Record<string, unknown>);
  const parameters = common(models.map((model) => (isCount(model['parameters']) ? model['parameters'] : null)));
  const names = models.map((model) => (typeof model['architecture'] === 'string' ? model['architecture'] : null));
  return { parameters, architecture: common(names) };
}

const controls = ['shuffled-tokens', 'random-init', 'gaussian'] as const;

/** `control: { kind, seed }` of a measurement of nulls. */
function controlOf(measurement: Measurement): Control | null {
  const given = measurement['control'] as { kind?: unknown; seed?: unknown } | null | undefined;
  const kind = controls.find((name) => name === given?.kind);
  if (kind === undefined) return null;
  return { kind, seed: typeof given?.seed === 'number' ? given.seed : 0 };
}

/** `sweep: { over, value }` of a sweep's point. */
function sweepOf(measurement: Measurement): Sweep | null {
  const given = measurement['sweep'] as { over?: unknown; value?: unknown } | null | undefined;
  const value = given?.value;
  if (typeof given?.over !== 'string' || (typeof value !== 'number' && typeof value !== 'string')) return null;
  return { over: given.over, value };
}

function corpusOf({ provenance: { corpus } }: Measurement): CorpusStory | null {
  if (corpus === null) return null;
  return {
    ...{ name: corpus.name, sha256: corpus.sha256, rowsSha256: corpus.rows_sha256 },
    ...{ sequences: corpus.sequences, tokens: corpus.tokens },
    ...{ minTokens: corpus.min_tokens, maxTokens: corpus.max_tokens },
  };
}

function alphaRangeOf({ keyParts }: Measurement): readonly [number, number] {
  const range = keyParts['alphaRange'];
  return Array.isArray(range) && isCount(range[0]) && isCount(range[1]) ? [range[0], range[1]] : [12, 100];
}

/** Stages in the order of their checkpoints, with the epochs that the series gives. */
function stagesOf(all: readonly Measurement[], requests: readonly RunRequest[]): StageStory[] {
  const known = requests.flatMap((request) => request.series.stages);
  return [...new Set(all.map(({ stage }) => stage))].map((name) => ({
    name,
    epochs: known.findLast((stage) => stage.name === name && stage.epochs !== undefined)?.epochs ?? [],
  }));
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
