/** The rows that a task asks: from a file that the user names, from the package's sample, or from a data set on the Hub. */
import { dirname, resolve } from 'node:path';
import { sampleFile } from '../bytes/index.js';
import { records, type DataRecord } from '../corpus/index.js';
import { EigentraceError, nearest } from '../errors.js';
import { fetchDatasetSplit } from '../hub/index.js';
import { canonicalSha256 } from '../record/index.js';
import { beforeQuestions } from './few-shot.js';
import type { Question } from './questions.js';
import type { EvaluateRequest } from './request.js';
import type { Task } from './tasks.js';

/** A task with its questions, ready for any tokenizer. */
export interface AskedTask {
  readonly task: Task;
  /** In the order of the data. */
  readonly questions: readonly Question[];
  /** FILE:LINE of each. */
  readonly places: readonly string[];
  /** What determines the questions besides the task's own file. */
  readonly data: {
    readonly name: string;
    /** sha256 over the canonical JSON of the rows that are asked, and of those that examples come from. */
    readonly sha256: string;
    readonly rows: number;
  };
}

/** What of a request the questions depend on. */
export type Asking = Pick<EvaluateRequest, 'data' | 'examples' | 'fewshot' | 'fewshotSeed' | 'limit'>;

/** More questions than any task has: a corpus was given for a data set. */
const mostRows = 2_000_000;

/** Where rows come from. */
interface Source {
  readonly name: string;
  readonly paths: readonly string[];
}

/** Reads the rows of a task and makes its questions; errors name the line. */
export async function askTask(
  task: Task,
  request: Asking,
  among: readonly string[],
  signal?: AbortSignal,
): Promise<AskedTask> {
  const { fewshot, fewshotSeed, limit } = request;
  const given = fileOf('--data', request.data, task.name, among);
  const { split, examples } = task.file.data;
  const source = given ?? (await ownSource(task, split, signal));
  const rows = await rowsOf(source, limit ?? Infinity);
  if (rows.length === 0) {
    throw new EigentraceError('input', `task ${task.name}: no questions, got an empty ${source.name} (expected rows)`);
  }
  const named = fileOf('--examples', request.examples, task.name, among);
  // A file of the user's own has no other split: its rows serve as examples too.
  const apart = given === null && examples !== undefined && fewshot > 0;
  const pool = named ?? (apart ? await ownSource(task, examples, signal) : null);
  // Examples come from all rows, however few are asked.
  const drawn = fewshot === 0 ? [] : await rowsOf(pool ?? source, Infinity);
  const before = beforeQuestions(task, rows, { count: fewshot, seed: fewshotSeed, pool: drawn, own: pool === null });
  return {
    task,
    questions: rows.map(({ row, place }, i) => task.questions.question(row, place, before[i]!)),
    places: rows.map(({ place }) => place),
    data: {
      name: source.name,
      sha256: canonicalSha256([rows.map(({ row }) => row), drawn.map(({ row }) => row)]),
      rows: rows.length,
    },
  };
}

/** `FILE` where there is one task, `TASK=FILE` of several. */
function fileOf(option: string, given: readonly string[], task: string, among: readonly string[]): Source | null {
  let found: string | null = null;
  for (const each of given) {
    const at = each.indexOf('=');
    const name = at > 0 ? each.slice(0, at) : '';
    if (among.includes(name)) {
      if (name === task) found = each.slice(at + 1);
    } else if (among.length === 1) found = each;
    else {
      const near = nearest(name === '' ? each : name, among).join(', ');
      throw new EigentraceError(
        'usage',
        `${option}: which task is it for, got ${each} with ${among.length} tasks (expected TASK=FILE; tasks: ${near})`,
      );
    }
  }
  return found === null ? null : { name: found, paths: [found] };
}

/** The task's own questions: a file beside it, or a split of its data set. */
async function ownSource(task: Task, split: string | undefined, signal: AbortSignal | undefined): Promise<Source> {
  const { file, hub, config } = task.file.data;
  if (file !== undefined) return { name: file, paths: [located(file, task)] };
  if (hub === undefined || split === undefined) {
    throw new EigentraceError(
      'usage',
      `--data: task ${task.name} says of no data, got neither data.file nor data.hub with data.split in ${task.path} ` +
        '(expected --data FILE)',
    );
  }
  try {
    const { paths, commit } = await fetchDatasetSplit({ id: hub, config: config ?? null, split }, { signal });
    return { name: `hf:${[hub, config ?? '', split].join(':')}@${commit}`, paths };
  } catch (error) {
    if (!(error instanceof EigentraceError) || error.code === 'interrupted') throw error;
    throw new EigentraceError(
      error.code,
      `task ${task.name}: ${error.message}; or give its questions yourself: --data FILE (.parquet or .jsonl)`,
      { cause: error },
    );
  }
}

/** `sample:FILE` is one of the package's sample. */
function located(file: string, task: Task): string {
  if (!file.startsWith('sample:')) return resolve(dirname(task.path), file);
  return sampleFile(file.slice('sample:'.length));
}

async function rowsOf({ name, paths }: Source, limit: number): Promise<DataRecord[]> {
  const rows: DataRecord[] = [];
  for (const path of paths) await addRows(rows, path, limit, name);
  return rows;
}

async function addRows(rows: DataRecord[], path: string, limit: number, name: string): Promise<void> {
  for await (const each of records(path)) {
    if (rows.length >= limit) break;
    if (rows.length === mostRows) {
      throw new EigentraceError(
        'input',
        `${name}: too many rows for questions (expected at most ${mostRows}); use --limit`,
      );
    }
    rows.push(each);
  }
}
