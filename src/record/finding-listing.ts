/**
 * All findings of a kind in a run, in the order of its table. A finding may be long (scores of every question): whoever
 * looks at a run over and over says what to keep of each, and a file that did not change is not read again.
 */
import { identify, kindOf, list } from '../bytes/index.js';
import { messageOf } from '../errors.js';
import type { Finding, FindingKind } from './finding.js';
import { readSoundFinding, type StoredFinding } from './finding-store.js';
import type { Run } from './run.js';

export interface FindingListing {
  /** In order of series and stage as the requests name them, then step, tokens, revision; first requests before variants. */
  readonly findings: readonly StoredFinding[];
  /** Files that hold no sound finding, and why. */
  readonly problems: readonly FindingProblem[];
}

export interface FindingProblem {
  readonly path: string;
  readonly message: string;
}

type Place = Pick<Finding, 'series' | 'stage' | 'step' | 'tokens' | 'revision' | 'variant'>;

/** What was kept of each file before, by path, with what changes when the file does. */
export type KnownFindings<T> = Map<string, { readonly state: string; readonly found: Kept<T> | FindingProblem }>;
interface Kept<T> {
  readonly place: Place;
  readonly kept: T;
}

/** All findings of a kind; unsound ones are told apart, never thrown. */
export async function readFindings(run: Run, kind: FindingKind): Promise<FindingListing> {
  const { kept, problems } = await listFindings(run, kind, (stored) => stored);
  return { findings: kept, problems };
}

/** What `keep` keeps of each finding, the same objects for files that are as they were; what it throws is a problem. */
export async function listFindings<T>(
  run: Run,
  kind: FindingKind,
  keep: (stored: StoredFinding) => T,
  known: KnownFindings<T> = new Map(),
): Promise<{ readonly kept: readonly T[]; readonly problems: readonly FindingProblem[] }> {
  const paths = await findingFiles(run, kind);
  const gone = new Set(known.keys());
  for (const path of paths) {
    gone.delete(path);
    const state = await stateOf(path);
    if (known.get(path)?.state !== state) known.set(path, { state, found: await readKept(run, path, keep) });
  }
  for (const path of gone) known.delete(path);
  const all = paths.flatMap((path) => known.get(path)?.found ?? []);
  const order = inOrder(run, kind);
  return {
    kept: all
      .filter((found): found is Kept<T> => 'place' in found)
      .sort((a, b) => order(a.place, b.place))
      .map(({ kept }) => kept),
    problems: all.filter((found): found is FindingProblem => 'message' in found),
  };
}

async function readKept<T>(
  run: Run,
  path: string,
  keep: (stored: StoredFinding) => T,
): Promise<Kept<T> | FindingProblem> {
  try {
    const stored = await readSoundFinding(run, path);
    const { series, stage, step, tokens, revision, variant } = stored.finding;
    return { place: { series, stage, step, tokens, revision, variant }, kept: keep(stored) };
  } catch (error) {
    return { path, message: messageOf(error) };
  }
}

/** A file that can't be looked at is told by the reading of it. */
async function stateOf(path: string): Promise<string> {
  try {
    const { size, mtimeNs, inode } = await identify(path);
    return `${size} ${mtimeNs} ${inode}`;
  } catch {
    return 'unknown';
  }
}

/** Paths of the JSON files that should hold findings of a kind. */
export async function findingFiles(run: Pick<Run, 'path'>, kind: FindingKind): Promise<string[]> {
  const within = async (folder: string, wanted: 'file' | 'folder'): Promise<string[]> =>
    (await kindOf(folder)) === 'folder'
      ? (await list(folder))
          .filter((entry) => entry.kind === wanted && !entry.name.startsWith('.'))
          .map(({ name }) => `${folder}/${name}`)
      : [];
  const paths: string[] = [];
  for (const series of await within(`${run.path}/${kind}`, 'folder')) {
    for (const stage of await within(series, 'folder')) {
      paths.push(...(await within(stage, 'file')).filter((path) => path.endsWith('.json')));
    }
  }
  return paths.sort();
}

/** Series and stages as the requests name them, in that order; what no request names comes after, by name. */
function inOrder(run: Run, kind: FindingKind): (a: Place, b: Place) => number {
  const { requests = [] } = run.record.findings ?? {};
  const all = [...requests.filter((request) => request.kind === kind), ...run.record.requests];
  const series = all.map((request) => request.series.name);
  const stages = all.flatMap(({ series: { name, stages } }) => stages.map((stage) => `${name}\n${stage.name}`));
  const variants = requests.filter((request) => request.kind === kind).map(({ variant }) => variant);
  const place = <T>(known: readonly T[], name: T): number => {
    const at = known.indexOf(name);
    return at < 0 ? known.length : at;
  };
  const rank = (f: Place): readonly (number | string)[] => [
    ...[place(series, f.series), f.series, place(stages, `${f.series}\n${f.stage}`), f.stage],
    ...[f.step ?? Infinity, f.tokens ?? Infinity, f.revision, place(variants, f.variant), f.variant ?? ''],
  ];
  return (a, b) => {
    const [left, right] = [rank(a), rank(b)];
    const at = left.findIndex((value, i) => value !== right[i]);
    return at < 0 ? 0 : left[at]! < right[at]! ? -1 : 1;
  };
}
