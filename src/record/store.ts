/**
 * Measurements in a run. Each is a pair of files, complete or absent: both are staged in full (arrays first: the JSON
 * names their sha256), then renamed under a lock, arrays first, so that where a JSON is its arrays are. A pair that
 * does not fit (killed between the renames, damaged, edited) counts as absent for resume and is reported to readers.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { kindOf, readJson, withLock, type SafetensorsTensor, type StagedFile } from '../bytes/index.js';
import { EigentraceError, messageOf } from '../errors.js';
import { arraysProblem, readPresentTensors, readTensors, stageArrays, type FeatureRows } from './arrays.js';
import { readableJson } from './json.js';
import { measurementKey } from './key.js';
import {
  composeMeasurement,
  figuresProblem,
  figuresSha256,
  parseMeasurement,
  type Measurement,
  type MeasurementDraft,
} from './measurement.js';
import { measurementStem, type MeasurementRef } from './paths.js';
import { clearFailure, type Run } from './run.js';

/** A measurement and where it lies. */
export interface StoredMeasurement {
  /** Path of the JSON file. */
  readonly path: string;
  /** Path of the safetensors file. */
  readonly arraysPath: string;
  readonly measurement: Measurement;
}

export interface WriteOptions {
  /** Rows to keep, by layer (`--save-features`). Default none. */
  features?: Readonly<Record<string, FeatureRows>>;
}

/** Paths of a measurement's two files. */
export function measurementPaths(run: Run, ref: MeasurementRef): { path: string; arraysPath: string } {
  const stem = `${run.path}/${measurementStem(ref)}`;
  return { path: `${stem}.json`, arraysPath: `${stem}.safetensors` };
}

/**
 * Stores a measurement, in the place of an older one of the same name. When anything fails (disk full, features that
 * throw) nothing is left behind and the older one stays; the error names the file.
 */
export async function writeMeasurement(
  run: Run,
  draft: MeasurementDraft,
  options: WriteOptions = {},
): Promise<StoredMeasurement> {
  const { path, arraysPath } = measurementPaths(run, draft);
  const metadata = { format: 'eigentrace.arrays', revision: draft.revision, key: measurementKey(draft.keyParts) };
  const staged: StagedFile[] = [];
  let measurement: Measurement;
  try {
    const first = await stageArrays(run.stage, arraysPath, draft.layers, options.features ?? {}, metadata);
    staged.push(first.staged);
    measurement = composeMeasurement(draft, first.arrays);
    staged.push(await run.stage(path, readableJson(measurement)));
    // Two processes that measured the same checkpoint must not mix their pairs.
    await withLock(`${run.path}/.write.lock`, async () => {
      for (const file of staged) await file.commit();
    });
  } catch (error) {
    for (const file of staged) await file.discard().catch(() => undefined);
    if (!(error instanceof EigentraceError) || error.code !== 'environment') throw error;
    const message = `${error.message}; nothing of this measurement was kept, make room and run the same command again`;
    throw new EigentraceError('environment', message, { cause: error });
  }
  await clearFailure(run, draft);
  return { path, arraysPath, measurement };
}

/**
 * A stored measurement whose flags of some codes, on the checkpoint as a whole, are now `flags`: what is known of its
 * series may change while its figures stay. Written only where they differ.
 */
export async function replaceFlags(
  run: Run,
  stored: StoredMeasurement,
  codes: readonly string[],
  flags: readonly { readonly code: string; readonly message: string }[],
): Promise<StoredMeasurement> {
  const { measurement, path } = stored;
  const kept = measurement.flags.filter(({ code, layer }) => layer !== undefined || !codes.includes(code));
  const before = measurement.flags.filter((flag) => !kept.includes(flag));
  const isSame =
    before.length === flags.length &&
    before.every(({ code, message }, i) => code === flags[i]!.code && message === flags[i]!.message);
  if (isSame) return stored;
  const { figures_sha256: _, ...rest } = measurement;
  const body = { ...rest, flags: [...flags.map(({ code, message }) => ({ code, message })), ...kept] };
  const changed = { ...body, figures_sha256: figuresSha256(body) };
  const staged = await run.stage(path, readableJson(changed));
  await withLock(`${run.path}/.write.lock`, () => staged.commit()).catch(async (error: unknown) => {
    await staged.discard().catch(() => undefined);
    throw error;
  });
  return { ...stored, measurement: changed };
}

/**
 * A stored measurement; null when there is none. Throws `integrity` when its JSON is damaged or edited, `input` when
 * a newer version made it. The arrays are not read: see `readArrays`, `checkMeasurement`.
 */
export async function readMeasurement(run: Run, ref: MeasurementRef): Promise<StoredMeasurement | null> {
  const { path } = measurementPaths(run, ref);
  if ((await kindOf(path)) === null) return null;
  const stored = await readForm(run, path);
  const problem = figuresProblem(stored.measurement, path);
  if (problem !== null) throw new EigentraceError('integrity', problem);
  return stored;
}

/** The measurement in a file, its form checked but not its hashes. */
export async function readForm(run: Run, path: string): Promise<StoredMeasurement> {
  let json: unknown;
  try {
    json = await readJson(path);
  } catch (error) {
    throw new EigentraceError('integrity', messageOf(error), { cause: error });
  }
  const measurement = parseMeasurement(json, path);
  const place = measurementPaths(run, measurement);
  if (place.path === path) return { ...place, measurement };
  const { series, stage, revision, variant } = measurement;
  const says = [series, stage, revision, ...(variant === null ? [] : [variant])].join('/');
  throw new EigentraceError('integrity', `${path}: was moved or renamed, it holds the measurement of ${says}`);
}

/**
 * Tensors of a measurement's safetensors file, all of them or those named (`eigenvalues.final`). Throws `integrity`
 * when the file is missing or isn't the one the measurement was stored with.
 */
export async function readArrays(
  run: Run,
  ref: MeasurementRef,
  names?: readonly string[],
): Promise<Map<string, SafetensorsTensor>> {
  const stored = await readMeasurement(run, ref);
  if (stored === null) {
    throw new EigentraceError('input', `${measurementPaths(run, ref).path}: no such measurement`);
  }
  const problem = await arraysProblem(stored.arraysPath, stored.measurement.arrays);
  if (problem === null) return readTensors(stored.arraysPath, names);
  // Another process may have been between its two renames: what it was writing is there in a moment.
  await sleep(50);
  const again = await readMeasurement(run, ref);
  if (again !== null && again.measurement.arrays.sha256 !== stored.measurement.arrays.sha256) {
    if ((await arraysProblem(again.arraysPath, again.measurement.arrays)) === null) {
      return readTensors(again.arraysPath, names);
    }
  }
  throw new EigentraceError('integrity', problem);
}

/**
 * Tensors of a measurement for drawing: its arrays file is held to the size and the key it was stored with, not to its
 * sha256, which would take reading all of it (`verify` does). Absent names are left out. Throws `integrity`, or `input`.
 */
export async function readArraysOf(
  { arraysPath, measurement }: StoredMeasurement,
  names: readonly string[],
): Promise<Map<string, SafetensorsTensor>> {
  const { arrays, key } = measurement;
  const { tensors, metadata, byteLength } = await readPresentTensors(arraysPath, names);
  const differs = byteLength !== arrays.bytes || metadata['key'] !== key;
  if (!differs) return tensors;
  const message = `${arraysPath}: not the arrays that the measurement was stored with, got ${byteLength} bytes (expected ${arrays.bytes}, of key ${key.slice(0, 12)}…)`;
  throw new EigentraceError('integrity', message);
}
