/**
 * All measurements of a run, in the order of its table. Arrays are not read.
 */
import { messageOf } from '../errors.js';
import { figuresProblem } from './measurement.js';
import type { Run } from './run.js';
import { filesBelow, readChanged, runOrder, type KnownFiles } from './run-files.js';
import { readForm, type StoredMeasurement } from './store.js';

export interface Listing {
  /** In order of series, stage, step, tokens, revision; a main measurement before its variants. */
  readonly measurements: StoredMeasurement[];
  /** Files that hold no sound measurement, and why. */
  readonly problems: { readonly path: string; readonly message: string }[];
}

/** What was read of a run before, for whoever looks at it over and over: files that did not change are not read again. */
export type Known = KnownFiles<StoredMeasurement | Problem>;
type Problem = Listing['problems'][number];

/** All measurements of a run; unsound ones are told apart, never thrown. */
export async function listMeasurements(run: Run, known: Known = new Map()): Promise<Listing> {
  const found = await readChanged(await filesBelow(run.path, 'geometry'), known, (path) => readListed(run, path));
  const measurements = found.filter((entry): entry is StoredMeasurement => 'measurement' in entry);
  const problems = found.filter((entry): entry is Problem => 'message' in entry);
  const order = runOrder(run.record.requests);
  return { measurements: measurements.sort((a, b) => order(a.measurement, b.measurement)), problems };
}

async function readListed(run: Run, path: string): Promise<StoredMeasurement | Problem> {
  try {
    const stored = await readForm(run, path);
    const message = figuresProblem(stored.measurement, path);
    return message === null ? stored : { path, message };
  } catch (error) {
    return { path, message: messageOf(error) };
  }
}
