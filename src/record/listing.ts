/**
 * All measurements of a run, in the order of its table. Arrays are not read.
 */
import { kindOf, list } from '../bytes/index.js';
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

/** All measurements of a run; unsound ones are told apart, never thrown. */
export async function listMeasurements(run: Run): Promise<Listing> {
  const measurements: StoredMeasurement[] = [];
  const problems: { path: string; message: string }[] = [];
  for (const series of await namesIn(`${run.path}/geometry`, 'folder')) {
    for (const stage of await namesIn(series, 'folder')) {
      for (const path of await namesIn(stage, 'file')) {
        if (!path.endsWith('.json')) continue;
        try {
          const stored = await readForm(run, path);
          const problem = figuresProblem(stored.measurement, path);
          if (problem === null) measurements.push(stored);
          else problems.push({ path, message: problem });
        } catch (error) {
          problems.push({ path, message: messageOf(error) });
        }
      }
    }
  }
  return { measurements: measurements.sort(inOrder(run)), problems };
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
