/** The files of a kind in a run: where they lie, which of them changed, and the order of what they hold. */
import { identify, kindOf, list } from '../bytes/index.js';

/** Paths of the JSON files below RUN/`folder`/series/stage. */
export async function filesBelow(run: string, folder: string): Promise<string[]> {
  const paths: string[] = [];
  for (const series of await namesIn(`${run}/${folder}`, 'folder')) {
    for (const stage of await namesIn(series, 'folder')) {
      paths.push(...(await namesIn(stage, 'file')).filter((path) => path.endsWith('.json')));
    }
  }
  return paths;
}

async function namesIn(folder: string, kind: 'file' | 'folder'): Promise<string[]> {
  if ((await kindOf(folder)) !== 'folder') return [];
  const entries = (await list(folder)).filter((entry) => entry.kind === kind && !entry.name.startsWith('.'));
  return entries.map(({ name }) => `${folder}/${name}`);
}

/** What was read of each file before, by path, with what changes when the file does. */
export type KnownFiles<T> = Map<string, { readonly state: string; readonly found: T }>;

/** What `read` makes of each file, in their order: a file whose size, time and inode are those of `known` is not read again. */
export async function readChanged<T>(
  paths: readonly string[],
  known: KnownFiles<T>,
  read: (path: string) => Promise<T>,
): Promise<T[]> {
  const gone = new Set(known.keys());
  for (const path of paths) {
    gone.delete(path);
    const state = await stateOf(path);
    if (known.get(path)?.state !== state) known.set(path, { state, found: await read(path) });
  }
  for (const path of gone) known.delete(path);
  return paths.map((path) => known.get(path)!.found);
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

/** Of a request: the names that give the order. */
interface Named {
  readonly series: { readonly name: string; readonly stages: readonly { readonly name: string }[] };
}

/** Where a record stands in its run. */
export interface RunPlace {
  readonly series: string;
  readonly stage: string;
  readonly step: number | null;
  readonly tokens: number | null;
  readonly revision: string;
  readonly variant: string | null;
}

/**
 * Series and stages as the requests name them, then step, tokens, revision, and variants as `variants` lists them; what
 * is named nowhere comes after, by name.
 */
export function runOrder(
  requests: readonly Named[],
  variants: readonly (string | null)[] = [],
): (a: RunPlace, b: RunPlace) => number {
  const series = requests.map((request) => request.series.name);
  const stages = requests.flatMap(({ series: { name, stages } }) => stages.map((stage) => `${name}\n${stage.name}`));
  const place = <T>(names: readonly T[], name: T): number => {
    const at = names.indexOf(name);
    return at < 0 ? names.length : at;
  };
  const rank = (of: RunPlace): readonly (number | string)[] => [
    ...[place(series, of.series), of.series, place(stages, `${of.series}\n${of.stage}`), of.stage],
    ...[of.step ?? Infinity, of.tokens ?? Infinity, of.revision, place(variants, of.variant), of.variant ?? ''],
  ];
  return (a, b) => {
    const [x, y] = [rank(a), rank(b)];
    const at = x.findIndex((value, i) => value !== y[i]);
    return at < 0 ? 0 : x[at]! < y[at]! ? -1 : 1;
  };
}
