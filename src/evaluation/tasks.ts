/** The tasks that are known by name, and reading a user's own. */
import { basename, dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kindOf, list, readJson } from '../bytes/index.js';
import { EigentraceError, messageOf, nearest } from '../errors.js';
import { canonicalSha256 } from '../record/index.js';
import { readQuestions, type Questions } from './questions.js';
import { taskSchema, type TaskFile } from './task-file.js';

/** A task, checked. */
export interface Task {
  readonly name: string;
  readonly version: string;
  readonly kind: TaskFile['kind'];
  readonly file: TaskFile;
  /** Where it was read from. */
  readonly path: string;
  /** sha256 over the canonical JSON of the file: what determines its prompts. */
  readonly sha256: string;
  readonly questions: Questions;
}

const ending = '.task.json';
const mostBytes = 1 << 20;

/** The package's own tasks lie two folders above this module, in source and build. */
export function tasksFolder(): string {
  return fileURLToPath(new URL('../../tasks', import.meta.url));
}

/** Names of the package's own tasks, sorted. */
export async function taskNames(): Promise<string[]> {
  const files = (await list(tasksFolder())).map(({ name }) => name);
  return files
    .filter((name) => name.endsWith(ending))
    .map((name) => name.slice(0, -ending.length))
    .sort();
}

/** A task as a list shows it. */
export interface TaskListing {
  readonly name: string;
  readonly version: string;
  readonly kind: TaskFile['kind'];
  readonly title: string;
  /** Whose prompts these are; null where they are our own. */
  readonly same: string | null;
}

/** The package's own tasks. */
export async function listTasks(): Promise<TaskListing[]> {
  return (await openTasks(await taskNames())).map(({ name, version, kind, file }) => ({
    ...{ name, version, kind, title: file.title ?? '', same: file.same ?? null },
  }));
}

/** Tasks by name or by file (`./mine.task.json`), in the order given, each once. */
export async function openTasks(names: readonly string[]): Promise<Task[]> {
  const tasks: Task[] = [];
  for (const name of new Set(names)) {
    const task = await openTask(name);
    const same = tasks.find((other) => other.name === task.name);
    if (same) {
      throw new EigentraceError(
        'usage',
        `--task: two tasks have one name, got ${task.name} in ${same.path} and ${task.path}`,
      );
    }
    tasks.push(task);
  }
  if (tasks.length > 0) return tasks;
  throw new EigentraceError('usage', `--task: names no task (expected some of: ${(await taskNames()).join(', ')})`);
}

export async function openTask(name: string): Promise<Task> {
  const isFile = /[/\\]|\.json$/.test(name);
  const path = isFile ? resolve(name) : resolve(tasksFolder(), `${name}${ending}`);
  if (!isFile && !(await taskNames()).includes(name)) throw await unknown(name);
  if (isFile && (await kindOf(path)) !== 'file') {
    const folder = dirname(path);
    const there = (await kindOf(folder)) === 'folder' ? (await list(folder)).map((entry) => entry.name) : [];
    const near = nearest(
      basename(path),
      there.filter((file) => file.endsWith('.json')),
    ).join(', ');
    const hint = near === '' ? '' : `; in that folder: ${near}`;
    throw new EigentraceError('usage', `--task ${name}: no such file (expected a task file${hint})`);
  }
  return readTask(await readJson(path, mostBytes), path);
}

/** Checks the JSON of a task file. */
export function readTask(json: unknown, path: string): Task {
  const parsed = taskSchema.safeParse(json);
  if (!parsed.success) {
    const { path: at, message } = parsed.error.issues[0]!;
    const where = at.map(String).join('.') || 'the file';
    throw new EigentraceError('input', `${path}: is no task file, ${where}: ${message} (see docs/tasks.md)`);
  }
  const file = parsed.data;
  try {
    return {
      ...{ name: file.task, version: file.version, kind: file.kind, file, path },
      sha256: canonicalSha256(file),
      questions: readQuestions(file, path),
    };
  } catch (error) {
    if (error instanceof EigentraceError) throw error;
    throw new EigentraceError('input', `${path}: is no task file, ${messageOf(error)}`, { cause: error });
  }
}

async function unknown(name: string): Promise<EigentraceError> {
  const names = await taskNames();
  return new EigentraceError(
    'usage',
    `--task: no such task, got ${name} (nearest: ${nearest(name, names).join(', ')}); ` +
      'your own is a file: --task ./mine.task.json',
  );
}
