/**
 * All measurements of a run, in the order of its table. Arrays are not read.
 */
import { identify, kindOf, list } from '../bytes/index.js';
import { messageOf } from '../errors.js';
import { figuresProblem } from './measurement.js';
import type { Run } from './run.js';
import { readForm, type StoredMeasurement } from './store.js';

export interface Listing {
  /** In order of series, stage, step, tokens, revision; a main measurement before its variants. */
  readonly measurements: StoredMeasurement[];
  /** Files that hold no sound measurement, and why. */
  readonly problems: { readonly path: string; readonly message: string }[];
}

/**
 * What was read of a run before, by path: a file whose size, time and inode are still the same is not read again. For
 * whoever looks at a run over and over; it holds what lies in the run, and nothing else.
 */
export type Known = Map<string, { readonly state: string; readonly found: StoredMeasurement | Problem }>;
type Problem = Listing['problems'][number];

/** All measurements of a run; unsound ones are told apart, never thrown. */
export async function listMeasurements(run: Run, known: Known = new Map()): Promise<Listing> {
  const paths = await measurementFiles(run);
  const gone = new Set(known.keys());
  for (const path of paths) {
    gone.delete(path);
    const state = await stateOf(path);
    if (known.get(path)?.state !== state) known.set(path, { state, found: await readListed(run, path) });
  }
  for (const path of gone) known.delete(path);
  const found = paths.flatMap((path) => known.get(path)?.found ?? []);
  const measurements = found.filter((entry): entry is StoredMeasurement => 'measurement' in entry);
  const problems = found.filter((entry): entry is Problem => 'message' in entry);
  return { measurements: measurements.sort(inOrder(run)), problems };
}

/** Paths of the JSON files that should hold measurements, in order. */
async function measurementFiles(run: Run): Promise<string[]> {
  const paths: string[] = [];
  for (const series of await namesIn(`${run.path}/geometry`, 'folder')) {
    for (const stage of await namesIn(series, 'folder')) {
      paths.push(...(await namesIn(stage, 'file')).filter((path) => path.endsWith('.json')));
    }
  }
  return paths;
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

/** What changes when a file does; a file that can't be looked at is told by the reading of it. */
async function stateOf(path: string): Promise<string> {
  try {
    const { size, mtimeNs, inode } = await identify(path);
    return `${size} ${mtimeNs} ${inode}`;
  } catch {
    return 'unknown';
  }
}

async function namesIn(folder: string, kind: 'file' | 'folder'): Promise<string[]> {
  if ((await kindOf(folder)) !== 'folder') return [];
  const entries = (await list(folder)).filter((entry) => entry.kind === kind && !entry.name.startsWith('.'));
  return entries.map(({ name }) => `${folder}/${name}`);
}

/** Series and stages as the requests name them, in that order; what no request names comes after, by name. */
function inOrder(run: Run): (a: StoredMeasurement, b: StoredMeasurement) => number {
  const series = run.record.requests.map((request) => request.series.name);
  const stages = run.record.requests.flatMap((request) =>
    request.series.stages.map(({ name }) => `${request.series.name}\n${name}`),
  );
  const place = (names: readonly string[], name: string) => {
    const at = names.indexOf(name);
    return at < 0 ? names.length : at;
  };
  const rank = ({ measurement: m }: StoredMeasurement): readonly (number | string)[] => [
    ...[place(series, m.series), m.series, place(stages, `${m.series}\n${m.stage}`), m.stage],
    ...[m.step ?? Infinity, m.tokens ?? Infinity, m.revision, m.variant ?? ''],
  ];
  return (a, b) => {
    const [x, y] = [rank(a), rank(b)];
    const at = x.findIndex((value, i) => value !== y[i]);
    if (at < 0) return 0;
    return x[at]! < y[at]! ? -1 : 1;
  };
}
