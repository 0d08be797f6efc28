/**
 * One measurement: what was found at one checkpoint, as it lies in `RUN/geometry/<series>/<stage>/<revision>.json`.
 * A figure is `layers.<layer>.<name>`, its standard error `<name>_se`; an absent figure is null and
 * `reasons.<layer>.<name>` says why. `figures_sha256` covers the keys of `figureKeys`, `arrays.sha256` the
 * safetensors file beside, `key` the parts in `keyParts`, `provenance_sha256` the provenance: together they let
 * `verify` see tampering.
 * Keys that this version doesn't know are kept and ignored; a higher `version` is refused.
 */
import { z } from 'zod';
import { EigentraceError } from '../errors.js';
import { canonicalSha256 } from './json.js';
import { measurementKey, type ImportedParts, type KeyParts } from './key.js';
import type { MeasurementRef } from './paths.js';

export const measurementFormat = 'eigentrace.measurement' as const;
export const measurementVersion = 1 as const;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().min(0);
const seconds = z.number().min(0);

/** The definitions behind the numbers (`rankme`, `alpha[12-100]`, …). */
export const definitionsSchema = z.looseObject({
  version: z.union([z.string(), z.int()]),
  ids: z.array(z.string()).describe('definition ids of the figures, those of RankMe and α first'),
});

/** What a null is of: tokens permuted, weights drawn anew, or white noise in the rows' place. */
export const controlSchema = z.looseObject({
  kind: z.enum(['shuffled-tokens', 'random-init', 'gaussian']),
  seed: count.describe('of its random numbers'),
});

/** Which option a sweep varied, and its value here. */
export const sweepSchema = z.looseObject({
  over: z.enum(['n', 'length', 'corpus', 'layer', 'position']),
  value: z.union([z.number(), z.string()]),
});

export const filesSchema = z.looseObject({
  sha256,
  files: z.array(z.looseObject({ name: z.string(), sha256, size: count })),
});

export const measurementSchema = z.looseObject({
  format: z.literal(measurementFormat),
  version: z.literal(measurementVersion),
  series: z.string(),
  stage: z.string().describe('`pretrain` for a plain folder of checkpoints'),
  revision: z.string(),
  variant: z.string().nullable().describe("null for the run's main request, else a short hash of the options"),
  control: controlSchema
    .nullable()
    .optional()
    .describe('of a null that stands beside real measurements; absent or null for a real one'),
  sweep: sweepSchema.nullable().optional().describe("of a sweep's point; absent or null for any other"),
  step: count.nullable().describe('null too for a control that belongs to no checkpoint'),
  tokens: count.nullable().describe('training tokens seen so far'),
  parent: z
    .string()
    .nullable()
    .describe('the checkpoint that this one was trained from, when it is not the one before'),
  seed: z.union([z.number(), z.string()]).nullable().describe("the training's seed, as the series names it"),
  position: z.string().describe('`last`, `mean` or `all`; `unknown` where figures were imported without it'),
  layers: z
    .record(z.string(), z.record(z.string(), z.number().nullable()))
    .describe('by layer (`final` or a block number): n rows, d columns, and the figures; absent ones are null'),
  reasons: z.record(z.string(), z.record(z.string(), z.string())).describe('by layer: why a figure is null'),
  replicates: z
    .record(z.string(), z.looseObject({ rankme: z.array(z.number()), alpha: z.array(z.number().nullable()) }))
    .describe('by layer: the leave-one-group-out values of the jackknife; layers without errors are left out'),
  flags: z.array(
    z.looseObject({
      code: z.string(),
      message: z.string(),
      layer: z.string().optional().describe('absent where the flag is about the whole checkpoint'),
      count: count.optional(),
    }),
  ),
  nll: z
    .looseObject({ value: z.number().nullable(), tokens: count, se: z.number().nullable().optional() })
    .nullable()
    .describe('mean negative log-likelihood a token of the corpus in nats; null when it was not asked for'),
  definitions: definitionsSchema,
  key: sha256.describe('sha256 over the canonical JSON of keyParts: everything that determines the numbers'),
  keyParts: z.record(z.string(), z.unknown()),
  provenance: z.looseObject({
    imported: z
      .looseObject({ file: z.string(), sha256 })
      .optional()
      .describe('the file that figures were imported from; absent where they were measured'),
    weights: filesSchema
      .nullable()
      .describe('null: not known, the representations were made elsewhere, or weights were drawn for a control'),
    features: filesSchema
      .extend({ arrays: z.record(z.string(), z.string().nullable()).describe('by layer: the array in its file') })
      .optional()
      .describe('files of representations made elsewhere; absent where a model was run'),
    model: z
      .looseObject({ architecture: z.string(), parameters: count, non_embedding: count })
      .nullable()
      .optional()
      .describe(
        'model_type, and parameters in all and without embedding and unembedding; null or absent: not known, or none was run',
      ),
    config_sha256: sha256.nullable(),
    tokenizer_sha256: sha256.nullable(),
    corpus: z
      .looseObject({
        name: z.string(),
        sha256: sha256.nullable(),
        rows_sha256: sha256,
        sequences: count,
        tokens: count,
        min_tokens: count.nullable(),
        max_tokens: count.nullable(),
      })
      .nullable()
      .describe('null: not known, the representations were made elsewhere'),
    precision: z.string().nullable().describe('of the forward pass, or of the rows: `float32`, `float16 as stored`'),
    device: z.string().nullable().describe('null: not known'),
    versions: z.record(z.string(), z.string()).describe('eigentrace, node, onnxruntime, …'),
    commit: z.string().nullable().describe('commit of the checkpoint where it came from a Hub'),
    created: z.iso.datetime(),
    seconds: z
      .looseObject({ forward: seconds.nullable(), spectrum: seconds, total: seconds })
      .nullable()
      .describe('null: nothing was measured, the figures were imported'),
  }),
  arrays: z
    .looseObject({ file: z.string(), sha256, bytes: count, tensors: z.array(z.string()) })
    .describe('the safetensors file beside: name, sha256, bytes, names of its tensors'),
  provenance_sha256: sha256.optional().describe('over the canonical JSON of the provenance; absent in early records'),
  figures_sha256: sha256,
});

/** A measurement as it is stored. */
export type Measurement = z.infer<typeof measurementSchema>;
export type Provenance = Measurement['provenance'];
export type Definitions = Measurement['definitions'];
export type Flag = Measurement['flags'][number];
export type ControlRecord = z.infer<typeof controlSchema>;
export type SweepRecord = z.infer<typeof sweepSchema>;

/** What was found at one layer: `src/spectrum`'s LayerMeasurement fits. */
export interface MeasuredLayer {
  /** Rows and columns of the representation; null where they are not known (imported figures). */
  readonly n: number | null;
  readonly d: number | null;
  /** By name; null where there is none, with its reason. */
  readonly figures: Readonly<Record<string, number | null>>;
  readonly reasons: Readonly<Record<string, string>>;
  /** K leave-one-group-out values; null without errors. */
  readonly replicates: { readonly rankme: readonly number[]; readonly alpha: readonly (number | null)[] } | null;
  readonly flags: readonly { readonly code: string; readonly message: string; readonly count?: number }[];
  /** What goes to the safetensors file, as tensors `<name>.<layer>` of float64: `eigenvalues`, … */
  readonly arrays: Readonly<Record<string, Float64Array>>;
}

/** A measurement before it is stored: hashes and format are added then. */
export interface MeasurementDraft extends MeasurementRef {
  /** Of a null; absent or null for a real measurement. */
  readonly control?: ControlRecord | null;
  /** Of a sweep's point; absent or null for any other. */
  readonly sweep?: SweepRecord | null;
  readonly step: number | null;
  readonly tokens: number | null;
  readonly parent: string | null;
  readonly seed: number | string | null;
  readonly position: string;
  /** By layer name: `final`, `0`, `6`, … */
  readonly layers: Readonly<Record<string, MeasuredLayer>>;
  /** Mean negative log-likelihood a token; null when it was not asked for. */
  readonly nll: { readonly value: number | null; readonly tokens: number; readonly se?: number | null } | null;
  /** Flags of the checkpoint as a whole; those of the layers are added. */
  readonly flags: readonly { readonly code: string; readonly message: string; readonly count?: number }[];
  readonly definitions: { readonly version: string | number; readonly ids: readonly string[] };
  readonly keyParts: KeyParts | ImportedParts;
  readonly provenance: Provenance;
}

/**
 * What `figures_sha256` covers: whose figures they are, the figures, and all that goes with them. A key that is absent
 * counts as left out, so that early records keep their hash. Not the provenance, which has a hash of its own: when and how
 * fast a checkpoint was measured is another each time, its figures are not.
 */
export const figureKeys = [
  ...['series', 'stage', 'revision', 'variant', 'step', 'tokens', 'parent', 'seed', 'position', 'layers', 'reasons'],
  ...['replicates', 'flags', 'nll', 'definitions', 'key', 'arrays', 'control', 'sweep'],
] as const;

/** sha256 over the canonical JSON of a measurement's figures: the object of its keys in `figureKeys`, those that are there. */
export function figuresSha256(measurement: Readonly<Record<string, unknown>>): string {
  const covered = Object.fromEntries(figureKeys.map((key) => [key, measurement[key]]));
  // That there is a hash of the provenance is covered: else it could be taken away unseen.
  const hashed = measurement['provenance_sha256'] === undefined ? {} : { provenance_hashed: true };
  return canonicalSha256({ ...covered, ...hashed });
}

/** The stored form of a draft whose arrays are known. */
export function composeMeasurement(draft: MeasurementDraft, arrays: Measurement['arrays']): Measurement {
  const layers = Object.entries(draft.layers);
  const byLayer = <T>(value: (layer: MeasuredLayer, name: string) => T) =>
    Object.fromEntries(layers.map(([name, layer]) => [name, value(layer, name)]));
  const nll = draft.nll === null ? {} : { nll: draft.nll.value, nll_se: draft.nll.se ?? null };
  const body = {
    format: measurementFormat,
    version: measurementVersion,
    series: draft.series,
    stage: draft.stage,
    revision: draft.revision,
    variant: draft.variant,
    ...(draft.control ? { control: { ...draft.control } } : {}),
    ...(draft.sweep ? { sweep: { ...draft.sweep } } : {}),
    step: draft.step,
    tokens: draft.tokens,
    parent: draft.parent,
    seed: draft.seed,
    position: draft.position,
    // The likelihood is the whole model's: it stands beside the figures of the last layer.
    layers: byLayer(({ n, d, figures }, name) => ({ n, d, ...figures, ...(name === 'final' ? nll : {}) })),
    reasons: byLayer(({ reasons }) => ({ ...reasons })),
    replicates: Object.fromEntries(
      layers.flatMap(([name, { replicates: r }]) =>
        r === null ? [] : [[name, { rankme: [...r.rankme], alpha: [...r.alpha] }]],
      ),
    ),
    flags: [
      ...draft.flags.map((flag) => ({ ...flag })),
      ...layers.flatMap(([layer, { flags }]) => flags.map((flag) => ({ ...flag, layer }))),
    ],
    nll: draft.nll === null ? null : { ...draft.nll },
    definitions: { version: draft.definitions.version, ids: [...draft.definitions.ids] },
    key: measurementKey(draft.keyParts),
    keyParts: draft.keyParts,
    provenance: draft.provenance,
    arrays,
    provenance_sha256: canonicalSha256(draft.provenance),
  };
  const composed = { ...body, figures_sha256: figuresSha256(body) };
  const checked = measurementSchema.safeParse(composed);
  if (checked.success) return checked.data;
  const message = `internal: ${draft.revision}: measurement ${firstIssue(checked.error)}`;
  throw new EigentraceError('internal', message);
}

/**
 * Checks the form of parsed JSON that claims to be a measurement. `name` is the file, for errors: `input` where it was
 * made by a newer version, `integrity` where it is damaged.
 */
export function parseMeasurement(json: unknown, name: string): Measurement {
  refuseNewer(json, measurementFormat, measurementVersion, name);
  const parsed = measurementSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new EigentraceError('integrity', `${name}: not a sound measurement, ${firstIssue(parsed.error)}`);
}

/** Why the figures aren't those that were written; null when they are. */
export function figuresProblem(measurement: Measurement, name: string): string | null {
  const found = figuresSha256(measurement);
  const expected = measurement.figures_sha256;
  if (found === expected) return null;
  return `${name}: figures were changed after they were written, got sha256 ${found.slice(0, 12)}… (expected ${expected.slice(0, 12)}…)`;
}

/** Throws when the JSON is of our format but of a higher version than we can read. */
export function refuseNewer(json: unknown, format: string, version: number, name: string): void {
  const made = (json ?? {}) as { format?: unknown; version?: unknown };
  if (made.format !== format || typeof made.version !== 'number' || made.version <= version) return;
  const message = `${name}: made by a newer version of eigentrace, got format version ${made.version} (expected at most ${version}); update eigentrace`;
  throw new EigentraceError('input', message);
}

/** `provenance.weights.sha256: Invalid input …`: the first thing that a schema found wrong. */
export function firstIssue(error: z.ZodError): string {
  const [issue] = error.issues;
  return `${issue?.path.join('.') || 'the whole'}: ${issue?.message ?? 'invalid'}`;
}
