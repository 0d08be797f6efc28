/**
 * Whether a stored measurement is as it was written: its form, the sha256 of its figures and of its arrays, and that
 * its key is that of its parts. What `verify` starts from; it recomputes no figure.
 */
import { kindOf } from '../bytes/index.js';
import { messageOf } from '../errors.js';
import { arraysProblem } from './arrays.js';
import { canonicalSha256 } from './json.js';
import { measurementKey, type KeyParts } from './key.js';
import { figuresProblem } from './measurement.js';
import type { MeasurementRef } from './paths.js';
import type { Run } from './run.js';
import { measurementPaths, readForm, type StoredMeasurement } from './store.js';

/** What `checkMeasurement` found: what does not fit, and the sentence about it. */
export interface MeasurementProblem {
  readonly code: 'record' | 'figures' | 'key' | 'weights' | 'provenance' | 'arrays';
  readonly message: string;
}

/** Every hash of a stored measurement recomputed; empty when all is as it was written. Never throws for its files. */
export async function checkMeasurement(run: Run, ref: MeasurementRef): Promise<MeasurementProblem[]> {
  const { path } = measurementPaths(run, ref);
  if ((await kindOf(path)) === null) return [{ code: 'record', message: `${path}: no such measurement` }];
  let stored: StoredMeasurement;
  try {
    stored = await readForm(run, path);
  } catch (error) {
    return [{ code: 'record', message: messageOf(error) }];
  }
  const problems = hashProblems(stored);
  const arrays = await arraysProblem(stored.arraysPath, stored.measurement.arrays);
  if (arrays !== null) problems.push({ code: 'arrays', message: arrays });
  return problems;
}

/** The hashes that stand in the record itself, recomputed. */
export function hashProblems({ path, measurement }: StoredMeasurement): MeasurementProblem[] {
  const problems: MeasurementProblem[] = [];
  const figures = figuresProblem(measurement, path);
  if (figures !== null) problems.push({ code: 'figures', message: figures });
  const key = measurementKey(measurement.keyParts as KeyParts);
  if (key !== measurement.key) {
    const message = `${path}: keyParts were changed after they were written, got key ${short(key)} (expected ${short(measurement.key)})`;
    problems.push({ code: 'key', message });
  }
  const { weights: known, features } = measurement.provenance;
  const weights = known?.sha256 ?? null;
  const rows = features?.sha256 ?? null;
  if (weights !== measurement.keyParts['weights'] || rows !== (measurement.keyParts['features'] ?? null)) {
    const message = `${path}: the provenance's weights are not those of the key, got ${short(weights ?? rows ?? 'none')} (expected keyParts.weights)`;
    problems.push({ code: 'weights', message });
  }
  const { provenance_sha256: expected } = measurement;
  const provenance = canonicalSha256(measurement.provenance);
  if (expected !== undefined && provenance !== expected) {
    const message = `${path}: provenance was changed after it was written, got sha256 ${short(provenance)} (expected ${short(expected)})`;
    problems.push({ code: 'provenance', message });
  }
  return problems;
}

const short = (sha256: string): string => `${sha256.slice(0, 12)}…`;
