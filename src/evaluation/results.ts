/**
 * One result file of EleutherAI's lm-evaluation-harness, in both key styles: `acc` with `acc_stderr` (before 0.4) and
 * `acc,none` with `acc_stderr,none` (filter after the comma). What a file says of its checkpoint: the revision in its
 * model_args, else its own name, else its folder's.
 */
import { basename, dirname } from 'node:path';
import { parseCheckpointName, stageOfName } from '../checkpoints/naming.js';
import { EigentraceError } from '../errors.js';

export interface ResultFile {
  readonly path: string;
  /** `EleutherAI/pythia-160m`; null where the file doesn't say. */
  readonly model: string | null;
  readonly revision: string | null;
  readonly stage: string;
  readonly step: number | null;
  readonly tokens: number | null;
  readonly figures: readonly TaskFigure[];
}

export interface TaskFigure {
  readonly task: string;
  /** `acc`, `acc_norm`, `exact_match[strict-match]`, … */
  readonly metric: string;
  readonly value: number;
  readonly se: number | null;
  /** Questions asked. */
  readonly n: number | null;
  /** Examples before each question; null where the file doesn't say. */
  readonly shots: number | null;
  /** The task's version. */
  readonly version: string | null;
}

type Json = Readonly<Record<string, unknown>>;

/** `input` errors name the file and what it lacks. */
export function parseResults(json: unknown, path: string): ResultFile {
  const file = objectOf(json);
  const results = objectOf(file?.['results']);
  if (file === null || results === null) {
    const keys = file === null ? kindName(json) : Object.keys(file).slice(0, 3).join(', ') || 'an empty object';
    throw new EigentraceError(
      'input',
      `${path}: not a result file of lm-evaluation-harness, got ${keys} (expected an object with "results")`,
    );
  }
  const config = objectOf(file['config']);
  const known = checkpointOf(config, path);
  const figures = Object.entries(results).flatMap(([task, found]) => figuresOf(task, objectOf(found), file, config));
  if (figures.length === 0) {
    throw new EigentraceError(
      'input',
      `${path}: holds no number, got ${Object.keys(results).length} tasks (expected "acc" or "acc,none" under each)`,
    );
  }
  return { path, ...known, figures };
}

function figuresOf(task: string, found: Json | null, file: Json, config: Json | null): TaskFigure[] {
  if (found === null) return [];
  const perTask = (name: string) => objectOf(file[name])?.[task];
  const version = perTask('versions');
  const samples = objectOf(perTask('n-samples'));
  const shared = {
    task,
    shots: numberOf(perTask('n-shot')) ?? numberOf(config?.['num_fewshot']),
    n: numberOf(samples?.['effective']) ?? numberOf(samples?.['original']),
    version: typeof version === 'number' || typeof version === 'string' ? String(version) : null,
  };
  return Object.entries(found).flatMap(([key, given]) => {
    const value = numberOf(given);
    const [name, filter] = splitKey(key);
    if (value === null || name.endsWith('_stderr') || name === 'alias' || name === 'sample_len') return [];
    const error = found[filter === null ? `${name}_stderr` : `${name}_stderr,${filter}`];
    const metric = filter === null || filter === 'none' ? name : `${name}[${filter}]`;
    // The harness writes "N/A" where it has no error, and 0 for a single question.
    const se = numberOf(error);
    return [{ ...shared, metric, value, se: se !== null && se >= 0 ? se : null }];
  });
}

function splitKey(key: string): [string, string | null] {
  const comma = key.indexOf(',');
  return comma < 0 ? [key, null] : [key.slice(0, comma), key.slice(comma + 1)];
}

/** model_args is `pretrained=…,revision=…` or an object. */
function checkpointOf(config: Json | null, path: string): Omit<ResultFile, 'path' | 'figures'> {
  const given = config?.['model_args'];
  const args: Json =
    typeof given === 'string'
      ? Object.fromEntries(
          given.split(',').map((part) => [part.split('=')[0]!.trim(), part.split('=').slice(1).join('=').trim()]),
        )
      : (objectOf(given) ?? {});
  const text = (name: string) => (typeof args[name] === 'string' && args[name] !== '' ? args[name] : null);
  const stem = basename(path).replace(/\.json$/i, '');
  // `1.4b_step1000`, or the folder of a file called results_2024-01-01T00-00-00.json.
  const candidates = [text('revision'), stem, text('pretrained'), basename(dirname(path))];
  const named = candidates.flatMap((name) => {
    const last =
      name === null
        ? ''
        : name
            .replace(/[/\\]+$/, '')
            .split(/[/\\]|__/)
            .at(-1)!;
    const parsed = parseCheckpointName(last);
    return parsed.step === null ? [] : [{ name: last, parsed }];
  })[0];
  const revision = text('revision') ?? named?.name ?? null;
  return {
    model: text('pretrained'),
    revision,
    stage: named === undefined ? 'pretrain' : stageOfName(named.parsed),
    step: named?.parsed.step ?? null,
    tokens: named?.parsed.tokens ?? null,
  };
}

function objectOf(value: unknown): Json | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function kindName(value: unknown): string {
  return Array.isArray(value) ? 'an array' : value === null ? 'null' : typeof value;
}
