/**
 * A run: a folder whose `run.json` holds the requests that filled it, each resolved in full (options, the whole
 * series with parents and seeds, the corpus rows used, definitions, versions), and the checkpoints that failed.
 * Any number of processes may work on one run: `run.json` changes by read, merge and rename under a lock file, and
 * whoever reads it meets a whole one at any time.
 */
import { z } from 'zod';
import {
  kindOf,
  list,
  makeFolder,
  readJson,
  stageFile,
  sweepTemporary,
  withLock,
  type StagedFile,
} from '../bytes/index.js';
import { EigentraceError, messageOf } from '../errors.js';
import { findingKinds } from './finding.js';
import { canonicalJson, canonicalSha256, readableJson } from './json.js';
import { definitionsSchema, firstIssue, refuseNewer } from './measurement.js';
import type { MeasurementRef } from './paths.js';

export const runFormat = 'eigentrace.run' as const;
export const runVersion = 1 as const;

const count = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const checkpointSchema = z.looseObject({
  revision: z.string(),
  step: count.nullable(),
  tokens: count.nullable().optional(),
  parent: z.string().nullable().optional(),
  seed: z.union([z.number(), z.string()]).nullable().optional(),
});
const requestSchema = z.looseObject({
  variant: z.string().nullable().describe('null for the main request'),
  created: z.iso.datetime(),
  options: z.record(z.string(), z.unknown()).describe('every option, resolved'),
  series: z
    .looseObject({
      name: z.string(),
      stages: z.array(
        z.looseObject({
          name: z.string(),
          epochs: z.array(count).optional(),
          checkpoints: z.array(checkpointSchema),
        }),
      ),
    })
    .describe('the whole series, also what was not measured'),
  corpus: z.looseObject({
    name: z.string().nullable().describe('null: not known, the representations were made elsewhere'),
    sha256: z.string().nullable(),
    rows: z.array(count).nullable().describe('corpus row numbers used, from 0, in order'),
  }),
  definitions: definitionsSchema,
  versions: z.record(z.string(), z.string()),
});
const failureSchema = z.looseObject({
  series: z.string(),
  stage: z.string(),
  revision: z.string(),
  variant: z.string().nullable(),
  code: z.string(),
  message: z.string(),
  created: z.iso.datetime(),
});

const kind = z.enum(findingKinds);
const findingRequestSchema = z.looseObject({
  kind,
  variant: z.string().nullable().describe('null for the first request of its kind'),
  created: z.iso.datetime(),
  scope: z.record(z.string(), z.unknown()).describe('what sets its findings apart from others beside them'),
  options: z.record(z.string(), z.unknown()).describe('every option, resolved'),
  series: requestSchema.shape.series,
  versions: z.record(z.string(), z.string()),
});
const findingFailureSchema = failureSchema.extend({ kind });

export const runSchema = z.looseObject({
  format: z.literal(runFormat),
  version: z.literal(runVersion),
  requests: z.array(requestSchema).describe('in the order in which they were first made'),
  failures: z.array(failureSchema).describe('checkpoints that could not be measured, until they are'),
  findings: z
    .looseObject({ requests: z.array(findingRequestSchema), failures: z.array(findingFailureSchema) })
    .optional()
    .describe('what was asked and failed besides geometry (tasks, memorization, ablation, …); absent: nothing was'),
  record_sha256: sha256
    .optional()
    .describe(
      'over the canonical JSON of { requests, failures, findings }, without findings where there are none; absent in runs of early versions',
    ),
});

export type RunRecord = z.infer<typeof runSchema>;
export type RunRequest = RunRecord['requests'][number];
export type RunFailure = RunRecord['failures'][number];
export type FindingRequest = z.infer<typeof findingRequestSchema>;
export type FindingFailure = z.infer<typeof findingFailureSchema>;

/** Writes a file beside its place; see `stageFile`. Tests put a full disk here. */
export type Stage = (path: string, content: string | AsyncIterable<Uint8Array>) => Promise<StagedFile>;

/** An open run. There is nothing to close. */
export interface Run {
  readonly path: string;
  /** `run.json` as it was when last read or written by this object. */
  record: RunRecord;
  readonly stage: Stage;
}

export interface OpenOptions {
  /** Make the folder and its `run.json` where they are missing, and make sure that it can be written. Default false. */
  create?: boolean;
  /** How files are written. Default `stageFile`. */
  stage?: Stage;
}

/**
 * Opens a run. Without `create` nothing is written. Errors (`input`): no such run, a file in its place, a folder of
 * other things, not writable, made by a newer version; (`integrity`): a damaged `run.json`.
 */
export async function openRun(path: string, options: OpenOptions = {}): Promise<Run> {
  const { create = false, stage = stageFile } = options;
  const kind = await kindOf(path);
  if (kind === 'file') throw new EigentraceError('input', `${path}: is a file (expected a folder for the run)`);
  const isRun = (await kindOf(`${path}/run.json`)) === 'file';
  if (!isRun) await refuseOther(path, kind, create);
  if (!create) return { path, record: await readRecord(path), stage };
  const empty: RunRecord = { format: runFormat, version: runVersion, requests: [], failures: [] };
  const run: Run = { path, record: empty, stage };
  // Even where nothing has to be merged: who can take the lock can write.
  await changeRecord(run, (record) => record);
  await sweep(path);
  return run;
}

/**
 * Adds a request to `run.json`, unless it holds the same one already (whatever its date and versions). One whose series
 * `grows` is joined to an earlier one that differs in nothing but the series' checkpoints. Other
 * processes' requests are kept. A function is given the record as it is under the lock, so that what it decides (which
 * request is the main one) holds for every process. Returns the request.
 */
export async function addRequest(
  run: Run,
  request: RunRequest | ((record: RunRecord) => RunRequest),
  options: { grows?: boolean } = {},
): Promise<RunRequest> {
  let added: RunRequest | null = null;
  await changeRecord(run, (record) => {
    const asked = typeof request === 'function' ? request(record) : request;
    const before = options.grows ? record.requests.find((r) => withoutSeries(r) === withoutSeries(asked)) : undefined;
    const wanted = before ? { ...before, series: grown(before.series, asked.series) } : asked;
    added = wanted;
    if (record.requests.some((r) => identity(r) === identity(wanted))) return record;
    const others = record.requests.filter((r) => r !== before);
    if (others.length === record.requests.length) return { ...record, requests: [...others, wanted] };
    return { ...record, requests: record.requests.map((r) => (r === before ? wanted : r)) };
  });
  return added!;
}

const identity = (r: RunRequest): string => canonicalJson({ ...r, created: null, versions: null });
const withoutSeries = (r: RunRequest): string =>
  canonicalJson({ ...r, created: null, versions: null, series: { name: r.series.name } });

/** A series with what another look at it adds: what it holds no more stays. */
function grown(before: RunRequest['series'], now: RunRequest['series']): RunRequest['series'] {
  const names = [...new Set([...before.stages, ...now.stages].map(({ name }) => name))];
  const stages = names.map((name) => {
    const [old, young] = [before, now].map((series) => series.stages.find((stage) => stage.name === name));
    const checkpoints = new Map((old?.checkpoints ?? []).map((each) => [each.revision, each]));
    for (const each of young?.checkpoints ?? []) checkpoints.set(each.revision, each);
    const inOrder = [...checkpoints.values()].sort((a, b) => (a.step ?? Infinity) - (b.step ?? Infinity) || 0);
    return { ...old, ...young, name, checkpoints: inOrder };
  });
  return { ...before, ...now, stages };
}

/** Notes in `run.json` why a checkpoint could not be measured; a later measurement takes the note away. */
export async function addFailure(run: Run, failure: RunFailure): Promise<void> {
  await changeRecord(run, (record) => ({ ...record, failures: [...without(record, failure), failure] }));
}

/** Takes away the note of a failure, if there is one. */
export async function clearFailure(run: Run, ref: MeasurementRef): Promise<void> {
  run.record = await readRecord(run.path);
  if (without(run.record, ref).length === run.record.failures.length) return;
  await changeRecord(run, (record) => ({ ...record, failures: without(record, ref) }));
}

/** What a record's `record_sha256` has to be. */
export function recordSha256({
  requests,
  failures,
  findings,
}: Pick<RunRecord, 'requests' | 'failures' | 'findings'>): string {
  return canonicalSha256({ requests, failures, findings });
}

/** Why a record isn't as it was written; null when it is, or where it is of a version that kept no hash. */
export function recordProblem(record: RunRecord, file: string): string | null {
  const { record_sha256: expected } = record;
  const found = recordSha256(record);
  if (expected === undefined || found === expected) return null;
  return `${file}: was changed after it was written, got sha256 ${found.slice(0, 12)}… (expected ${expected.slice(0, 12)}…)`;
}

/** The name of a variant: a short hash of the options that set it apart from the run's main request. */
export function variantName(options: Readonly<Record<string, unknown>>): string {
  return canonicalSha256(options).slice(0, 10);
}

function without(record: RunRecord, ref: MeasurementRef): RunFailure[] {
  return record.failures.filter(
    (f) => f.series !== ref.series || f.stage !== ref.stage || f.revision !== ref.revision || f.variant !== ref.variant,
  );
}

async function refuseOther(path: string, kind: 'folder' | null, create: boolean): Promise<void> {
  if (!create) {
    const what = kind === null ? 'no such run' : 'is not a run, it has no run.json';
    throw new EigentraceError('input', `${path}: ${what} (expected a folder that 'eigentrace trace --out' made)`);
  }
  if (kind === null) return;
  // Names with a dot are locks, temporaries and what desktops leave everywhere.
  const others = (await list(path)).map(({ name }) => name).filter((name) => !name.startsWith('.'));
  // Another process may have made the run while we looked.
  if (others.length === 0 || others.includes('run.json')) return;
  const shown = others.slice(0, 3).join(', ') + (others.length > 3 ? ', …' : '');
  const message = `${path}: holds other files and no run.json, got ${shown} (expected a run, or an empty or new folder)`;
  throw new EigentraceError('input', message);
}

async function readRecord(path: string): Promise<RunRecord> {
  const file = `${path}/run.json`;
  let json: unknown;
  try {
    json = await readJson(file);
  } catch (error) {
    if (error instanceof EigentraceError && error.message.includes('is not JSON')) {
      throw new EigentraceError('integrity', `${error.message}; put back a good copy, or move it away`, {
        cause: error,
      });
    }
    throw error;
  }
  refuseNewer(json, runFormat, runVersion, file);
  const parsed = runSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new EigentraceError('integrity', `${file}: not a sound run, ${firstIssue(parsed.error)}`);
}

/** Read, merge, rename, under the lock. Nothing is written when `merge` gives back what it got. */
export async function changeRecord(run: Run, merge: (record: RunRecord) => RunRecord): Promise<void> {
  const file = `${run.path}/run.json`;
  try {
    await makeFolder(run.path);
    await withLock(`${run.path}/.run.lock`, async () => {
      const isThere = (await kindOf(file)) === 'file';
      const before = isThere ? await readRecord(run.path) : run.record;
      // A new hash over what was edited by hand would hide the edit.
      const problem = recordProblem(before, file);
      if (problem !== null) {
        const advice = 'put back a good copy, or take its record_sha256 out to go on with it as it is';
        throw new EigentraceError('integrity', `${problem}; ${advice}`);
      }
      const merged = merge(before);
      const hash = recordSha256(merged);
      const after = merged === before && before.record_sha256 === hash ? before : { ...merged, record_sha256: hash };
      const checked = runSchema.safeParse(after);
      if (!checked.success) throw new EigentraceError('internal', `internal: run.json ${firstIssue(checked.error)}`);
      if (after !== before || !isThere) await (await run.stage(file, readableJson(after))).commit();
      run.record = after;
    });
  } catch (error) {
    // Only what the system refused: a damaged or newer run.json speaks for itself.
    if (!isSystemError(error)) throw error;
    const message = `${run.path}: the run can't be written, got '${messageOf(error)}' (expected a folder that can be written, with space left)`;
    throw new EigentraceError('environment', message, { cause: error });
  }
}

function isSystemError(error: unknown): boolean {
  const { cause } = error as { cause?: { code?: unknown } };
  return typeof cause?.code === 'string';
}

/** Temporaries of writers that were killed an hour ago or more. */
async function sweep(path: string): Promise<void> {
  const folders = async (folder: string) =>
    (await kindOf(folder)) === 'folder'
      ? (await list(folder)).filter(({ kind }) => kind === 'folder').map(({ name }) => `${folder}/${name}`)
      : [];
  await sweepTemporary(path);
  for (const room of ['geometry', ...findingKinds]) {
    for (const series of await folders(`${path}/${room}`)) {
      for (const stage of await folders(series)) await sweepTemporary(stage);
    }
  }
}
