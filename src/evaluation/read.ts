/**
 * Downstream curves from lm-evaluation-harness: a file, a folder (with what is below it) or a glob of result files, one
 * or several a checkpoint, of one model. A curve is one metric of one task with one number of examples.
 */
import { basename, resolve } from 'node:path';
import { glob } from 'tinyglobby';
import { kindOf, list, readJson } from '../bytes/index.js';
import { EigentraceError, messageOf, nearest } from '../errors.js';
import type { DownstreamCurve } from '../story/index.js';
import { parseResults, type ResultFile, type TaskFigure } from './results.js';

export interface Evaluations {
  /** In order of task and metric; points in order of stage and step. */
  readonly curves: readonly DownstreamCurve[];
  /** What was left out or is odd, in words. */
  readonly notes: readonly string[];
}

/** More files than any series has checkpoints × tasks: a wrong folder. */
const mostFiles = 20_000;
const mostBytes = 64 * 2 ** 20;

export async function readEvaluations(path: string): Promise<Evaluations> {
  const { files, isNamed } = await findFiles(path);
  const notes: string[] = [];
  const read: ResultFile[] = [];
  for (const file of files) {
    try {
      read.push(parseResults(await readJson(file, mostBytes), file));
    } catch (error) {
      // One file that was asked for by name must read; among many, others' JSON may lie about.
      if (isNamed) throw error;
      notes.push(`left out: ${messageOf(error)}`);
    }
  }
  if (read.length === 0) {
    const why = notes[0] === undefined ? 'no .json file' : notes[0].replace(/^left out: /, '');
    throw new EigentraceError(
      'input',
      `evaluations ${path}: no result file, got ${why} (expected JSON of lm-evaluation-harness)`,
    );
  }
  refuseSeveralModels(path, read);
  return { curves: curvesOf(read, basename(resolve(path)), notes), notes };
}

async function findFiles(path: string): Promise<{ files: string[]; isNamed: boolean }> {
  const kind = path === '' ? null : await kindOf(path);
  if (kind === 'file') return { files: [path], isNamed: true };
  const pattern = kind === 'folder' ? { pattern: '**/*.json', cwd: path } : { pattern: path, cwd: '.' };
  if (kind === null && !/[*?[\]{}()!]/.test(path)) {
    const folder = resolve(path, '..');
    const near =
      (await kindOf(folder)) === 'folder'
        ? nearest(
            basename(path),
            (await list(folder)).map(({ name }) => name),
          )
        : [];
    const hint = near.length === 0 ? '' : `; near it: ${near.join(', ')}`;
    throw new EigentraceError(
      'input',
      `evaluations ${path}: no such file or folder (expected result files of lm-evaluation-harness${hint})`,
    );
  }
  const found = await glob(pattern.pattern, {
    cwd: pattern.cwd,
    absolute: true,
    onlyFiles: true,
    expandDirectories: false,
  });
  if (found.length > mostFiles) {
    throw new EigentraceError(
      'input',
      `evaluations ${path}: too many files, got ${found.length} (expected at most ${mostFiles})`,
    );
  }
  return { files: found.sort((a, b) => (a < b ? -1 : 1)), isNamed: false };
}

/** Curves of two models in one would be none: their folder must be named. */
function refuseSeveralModels(path: string, files: readonly ResultFile[]): void {
  // The last parts without revision: checkpoint folders of one model differ there.
  const models = new Set(
    files.flatMap(({ model, step }) =>
      model === null || (step !== null && /step|checkpoint/i.test(model)) ? [] : [model],
    ),
  );
  if (models.size < 2) return;
  const some = [...models].sort().slice(0, 3).join(', ');
  throw new EigentraceError(
    'input',
    `evaluations ${path}: results of ${models.size} models, got ${some} (expected one model's; give its own folder)`,
  );
}

function curvesOf(files: readonly ResultFile[], source: string, notes: string[]): DownstreamCurve[] {
  const found = files.flatMap((file) => file.figures.map((figure) => ({ file, figure })));
  const shotsOf = new Map<string, Set<number | null>>();
  const versionsOf = new Map<string, Set<string>>();
  for (const { figure } of found) {
    add(shotsOf, figure.task, figure.shots);
    if (figure.version !== null) add(versionsOf, figure.task, figure.version);
  }
  for (const [task, versions] of versionsOf) {
    if (versions.size > 1)
      notes.push(`${task}: versions ${[...versions].sort().join(', ')} in one curve, they may not compare`);
  }
  const curves = new Map<string, Map<string, { file: ResultFile; figure: TaskFigure }>>();
  for (const one of found) {
    const { file, figure } = one;
    // Said only where it tells curves apart.
    const shots = (shotsOf.get(figure.task)?.size ?? 0) > 1 ? ` (${figure.shots ?? '?'}-shot)` : '';
    const key = JSON.stringify([`${figure.task}${shots}`, figure.metric]);
    const points = curves.get(key) ?? new Map<string, { file: ResultFile; figure: TaskFigure }>();
    curves.set(key, points);
    const place = JSON.stringify([file.stage, file.step ?? file.revision ?? file.path]);
    const before = points.get(place);
    if (before !== undefined && before.figure.value !== figure.value) {
      notes.push(
        `${figure.task} ${figure.metric}: two results for ${file.revision ?? file.path}, that of ${basename(file.path)} is taken`,
      );
    }
    points.set(place, one);
  }
  return [...curves]
    .map(([key, points]) => {
      const [task, metric] = JSON.parse(key) as [string, string];
      const inOrder = [...points.values()].sort(
        (a, b) =>
          (a.file.stage < b.file.stage ? -1 : a.file.stage > b.file.stage ? 1 : 0) ||
          (a.file.step ?? Infinity) - (b.file.step ?? Infinity),
      );
      return {
        ...{ task, metric, source },
        points: inOrder.map(({ file, figure }) => ({
          ...{ stage: file.stage, revision: file.revision, step: file.step, tokens: file.tokens },
          ...{ value: figure.value, se: figure.se, n: figure.n },
        })),
      };
    })
    .sort((a, b) => (a.task === b.task ? (a.metric < b.metric ? -1 : 1) : a.task < b.task ? -1 : 1));
}

function add<T>(sets: Map<string, Set<T>>, key: string, value: T): void {
  const set = sets.get(key) ?? new Set<T>();
  sets.set(key, set.add(value));
}
