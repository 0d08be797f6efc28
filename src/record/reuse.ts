/**
 * Resume: a stored measurement is used again when its key is the wanted one and its files are as they were written.
 * Where it can't be, the note says why, and names each part of the key that differs.
 */
import { EigentraceError } from '../errors.js';
import { arraysProblem } from './arrays.js';
import { differences, measurementKey, type KeyParts } from './key.js';
import type { MeasurementRef } from './paths.js';
import type { Run } from './run.js';
import { readMeasurement, type StoredMeasurement } from './store.js';

export interface ReuseOptions {
  /** Also read the arrays file and compare its sha256. Default true. */
  checkArrays?: boolean;
  /** The rows must be there too (`--save-features`). Default false. */
  features?: boolean;
}

export interface Reusable {
  /** What can be used as it is; null when the checkpoint has to be measured. */
  readonly stored: StoredMeasurement | null;
  /** Why what is there can't be used; null when it can, or when there is nothing. */
  readonly note: string | null;
  /** The parts of the key that differ, `part: OLD → NEW`; empty unless that is the reason. */
  readonly differences: string[];
}

/**
 * Whether a measurement with the wanted key is there and sound. Only one made by a newer version is an error:
 * it would be overwritten.
 */
export async function findReusable(
  run: Run,
  ref: MeasurementRef,
  parts: KeyParts,
  options: ReuseOptions = {},
): Promise<Reusable> {
  const { checkArrays = true, features = false } = options;
  const not = (note: string | null, differing: string[] = []) => ({ stored: null, note, differences: differing });
  let stored: StoredMeasurement | null;
  try {
    stored = await readMeasurement(run, ref);
  } catch (error) {
    if (error instanceof EigentraceError && error.code === 'integrity') return not(error.message);
    throw error;
  }
  if (stored === null) return not(null);
  const { measurement, arraysPath } = stored;
  if (measurement.key !== measurementKey(parts)) {
    const differing = differences(measurement.keyParts, parts);
    return not(`${ref.revision}: measured with other options (${differing.join('; ')})`, differing);
  }
  if (features) {
    const isKept = (layer: string) => measurement.arrays.tensors.includes(`features.${layer}`);
    if (!Object.keys(measurement.layers).every(isKept))
      return not(`${ref.revision}: measured without keeping the rows (saveFeatures: false → true)`);
  }
  const problem = checkArrays ? await arraysProblem(arraysPath, measurement.arrays) : null;
  return problem === null ? { stored, note: null, differences: [] } : not(problem);
}
