/**
 * One finding: what a neighbour of `trace` found at one checkpoint (tasks, memorization, an ablation, generated text), as
 * it lies in `RUN/<kind>/<series>/<stage>/<revision>[.<variant>].json`. `values` are its numbers, one a row of the long
 * table; `detail` is what they were made from, in the kind's own form (scores of items, bars, texts). As in a
 * measurement `key` is the hash of `keyParts`, and two hashes let `verify` see tampering: `values_sha256` over the keys
 * of `valueKeys`, `provenance_sha256` over the provenance. Keys that this version doesn't know are kept and ignored.
 */
import { z } from 'zod';
import { EigentraceError } from '../errors.js';
import { canonicalJson, canonicalSha256 } from './json.js';
import { controlSchema, filesSchema, firstIssue, refuseNewer } from './measurement.js';
import type { MeasurementRef } from './paths.js';

export const findingFormat = 'eigentrace.finding' as const;
export const findingVersion = 1 as const;

/** The rooms of a run beside `geometry`, each the name of its folder and of its table. */
export const findingKinds = ['tasks', 'memorization', 'ablation', 'samples', 'posttraining', 'directions'] as const;
export type FindingKind = (typeof findingKinds)[number];

/** Characters of JSON that a detail may have: a reader takes a finding into memory whole. */
export const detailLimit = 32 * 1024 * 1024;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().min(0);

const valueSchema = z.looseObject({
  name: z.string().describe('what it is of: a task, `top-10 removed`, a prompt'),
  metric: z.string().describe('`acc`, `rho`, …'),
  value: z.number().nullable(),
  se: z.number().nullable().describe('standard error; null where there is none'),
  n: count.nullable().describe('how many items it is over'),
  definition: z.string().describe('what the number means: an id with its version'),
  reason: z.string().optional().describe('why the value is null'),
});

export const findingSchema = z.looseObject({
  format: z.literal(findingFormat),
  version: z.literal(findingVersion),
  kind: z.enum(findingKinds),
  series: z.string(),
  stage: z.string().describe('`pretrain` for a plain folder of checkpoints'),
  revision: z.string(),
  variant: z
    .string()
    .nullable()
    .describe('null for the first request of its kind, else a short hash of what was asked'),
  control: controlSchema.nullable().optional().describe('of a null; absent or null for the checkpoint as it is'),
  step: count.nullable(),
  tokens: count.nullable().describe('training tokens seen so far'),
  parent: z.string().nullable(),
  seed: z.union([z.number(), z.string()]).nullable(),
  options: z.record(z.string(), z.unknown()).describe('every option that determines the numbers, resolved'),
  values: z.array(valueSchema).describe('the numbers, in the order of the table'),
  detail: z
    .record(z.string(), z.unknown())
    .nullable()
    .describe("what the numbers were made from; its form is the kind's"),
  flags: z.array(z.looseObject({ code: z.string(), message: z.string(), count: count.optional() })),
  key: sha256.describe('sha256 over the canonical JSON of keyParts: everything that determines the numbers'),
  keyParts: z.record(z.string(), z.unknown()),
  provenance: z.looseObject({
    weights: filesSchema.nullable().describe('null where weights were drawn for a control'),
    model: z.looseObject({ architecture: z.string(), parameters: count, non_embedding: count }),
    config_sha256: sha256,
    tokenizer_sha256: sha256.nullable(),
    precision: z.string(),
    device: z.string(),
    versions: z.record(z.string(), z.string()),
    commit: z.string().nullable().describe('commit of the checkpoint where it came from a Hub'),
    created: z.iso.datetime(),
    seconds: z.number().min(0),
  }),
  provenance_sha256: sha256,
  values_sha256: sha256,
});

/** A finding as it is stored. */
export type Finding = z.infer<typeof findingSchema>;
export type FindingValue = Finding['values'][number];
export type FindingFlag = Finding['flags'][number];

/** Which finding. */
export interface FindingRef extends MeasurementRef {
  readonly kind: FindingKind;
}

/** A finding before it is stored: format, key and hashes are added then. */
export type FindingDraft = FindingRef &
  Pick<Finding, 'step' | 'tokens' | 'parent' | 'seed' | 'provenance' | 'keyParts'> &
  FindingBody & { readonly control: Finding['control']; readonly options: Finding['options'] };

/** What a neighbour found. */
export interface FindingBody {
  readonly values: readonly FindingValue[];
  readonly detail: Readonly<Record<string, unknown>> | null;
  readonly flags?: readonly FindingFlag[];
}

/** What `values_sha256` covers: all but the provenance, which has a hash of its own, and the form. */
export const valueKeys = [
  ...['kind', 'series', 'stage', 'revision', 'variant', 'control', 'step', 'tokens', 'parent', 'seed'],
  ...['options', 'values', 'detail', 'flags', 'key'],
] as const;

export function valuesSha256(finding: Readonly<Record<string, unknown>>): string {
  return canonicalSha256(Object.fromEntries(valueKeys.map((key) => [key, finding[key]])));
}

/** The key: sha256 over the canonical JSON of the parts. */
export function findingKey(parts: Readonly<Record<string, unknown>>): string {
  return canonicalSha256(parts);
}

/** The stored form of a draft. What can't be stored (NaN, a detail past its limit) is a bug of whoever made it. */
export function composeFinding(draft: FindingDraft): Finding {
  const body = {
    format: findingFormat,
    version: findingVersion,
    kind: draft.kind,
    series: draft.series,
    stage: draft.stage,
    revision: draft.revision,
    variant: draft.variant,
    ...(draft.control ? { control: { ...draft.control } } : {}),
    step: draft.step,
    tokens: draft.tokens,
    parent: draft.parent,
    seed: draft.seed,
    options: draft.options,
    values: draft.values.map((value) => ({ ...value })),
    detail: draft.detail,
    flags: (draft.flags ?? []).map((flag) => ({ ...flag })),
    key: findingKey(draft.keyParts),
    keyParts: draft.keyParts,
    provenance: draft.provenance,
    provenance_sha256: canonicalSha256(draft.provenance),
  };
  const size = canonicalJson(body.detail).length;
  const internal = (what: string): EigentraceError =>
    new EigentraceError('internal', `internal: ${draft.revision}: ${draft.kind} ${what}`);
  if (size > detailLimit)
    throw internal(`detail is too long, got ${size} characters (expected at most ${detailLimit})`);
  const checked = findingSchema.safeParse({ ...body, values_sha256: valuesSha256(body) });
  if (checked.success) return checked.data;
  throw internal(firstIssue(checked.error));
}

/** Checks the form of parsed JSON that claims to be a finding. `name` is the file, for errors. */
export function parseFinding(json: unknown, name: string): Finding {
  refuseNewer(json, findingFormat, findingVersion, name);
  const parsed = findingSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new EigentraceError('integrity', `${name}: not a sound finding, ${firstIssue(parsed.error)}`);
}

/** What doesn't fit of a finding's hashes, one sentence each; empty when it is as it was written. */
export function findingProblems(finding: Finding, name: string): string[] {
  const problems: string[] = [];
  const hold = (what: string, found: string, expected: string): void => {
    if (found === expected) return;
    problems.push(`${name}: ${what}, got ${found.slice(0, 12)}… (expected ${expected.slice(0, 12)}…)`);
  };
  hold('values were changed after they were written', valuesSha256(finding), finding.values_sha256);
  hold('keyParts were changed after they were written', findingKey(finding.keyParts), finding.key);
  hold('provenance was changed after it was written', canonicalSha256(finding.provenance), finding.provenance_sha256);
  const weights = finding.provenance.weights?.sha256 ?? 'none';
  const known = finding.keyParts['weights'];
  hold("the provenance's weights are not those of the key", weights, typeof known === 'string' ? known : 'none');
  return problems;
}
