/**
 * All findings of a kind in a run, in the order of its table. A finding may be long (scores of every question): whoever
 * looks at a run over and over says what to keep of each, and a file that did not change is not read again.
 */
import { messageOf } from '../errors.js';
import type { FindingKind } from './finding.js';
import { readSoundFinding, type StoredFinding } from './finding-store.js';
import type { Run } from './run.js';
import { filesBelow, readChanged, runOrder, type KnownFiles, type RunPlace } from './run-files.js';

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

/** What was kept of each file before. */
export type KnownFindings<T> = KnownFiles<Kept<T> | FindingProblem>;
interface Kept<T> {
  readonly place: RunPlace;
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
  const all = await readChanged(await findingFiles(run, kind), known, (path) => readKept(run, path, keep));
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

/** Paths of the JSON files that should hold findings of a kind. */
export async function findingFiles(run: Pick<Run, 'path'>, kind: FindingKind): Promise<string[]> {
  return (await filesBelow(run.path, kind)).sort();
}

/** As the requests of the kind name them, then as the run's own do. */
function inOrder({ record }: Run, kind: FindingKind): (a: RunPlace, b: RunPlace) => number {
  const requests = (record.findings?.requests ?? []).filter((request) => request.kind === kind);
  return runOrder(
    [...requests, ...record.requests],
    requests.map(({ variant }) => variant),
  );
}
