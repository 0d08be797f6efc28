/**
 * A training's own log: Hugging Face Trainer's `trainer_state.json` (its log_history), or a CSV with a header of its own
 * names, of which one is the step. Losses are what was logged, nothing is smoothed or filled in.
 */
import { basename } from 'node:path';
import { readText } from '../bytes/index.js';
import { EigentraceError, messageOf, nearest } from '../errors.js';
import type { TrainingLog } from '../story/index.js';
import { parseCsv } from './csv.js';

const stepNames = ['step', 'steps', 'global_step', '_step', 'iteration', 'iter', 'iterations'];
const tokenNames = ['tokens', 'num_input_tokens_seen', 'tokens_seen', 'consumed_tokens', 'total_tokens', 'num_tokens'];
const stages = ['pretrain', 'midtrain', 'sft', 'dpo', 'kto', 'ppo', 'grpo', 'rl', 'rlvr'];
const mostBytes = 256 * 2 ** 20;

/** By lower-case name: one number or null a row. */
type Rows = readonly ReadonlyMap<string, number | null>[];

/** `FILE` or `STAGE=FILE`; without a stage the file's name says it (`sft.csv`), else it is pretraining's. */
export function parseLogName(given: string): { stage: string | null; path: string } {
  const match = /^([A-Za-z][A-Za-z0-9_-]*)=(.+)$/.exec(given);
  return match ? { stage: match[1]!, path: match[2]! } : { stage: null, path: given };
}

/** Reads `FILE` or `STAGE=FILE`; errors name the file, the line and what to try. */
export async function readTrainingLog(given: string): Promise<TrainingLog> {
  const { stage, path } = parseLogName(given);
  const text = await readText(path, mostBytes);
  const rows = /\.json$/i.test(path) ? trainerRows(text, path) : csvRows(text, path);
  return {
    stage: stage ?? stageOfFile(path),
    source: basename(path),
    ...columnsOf(rows, path),
  };
}

function stageOfFile(path: string): string {
  const words = basename(path)
    .toLowerCase()
    .split(/[^a-z]+/);
  return stages.find((stage) => words.includes(stage)) ?? 'pretrain';
}

/** Entries of one step (loss, then eval_loss) are one row. */
function trainerRows(text: string, path: string): Rows {
  let parsed: unknown;
  try {
    // Python writes NaN and Infinity, which JSON has not.
    parsed = JSON.parse(text.replace(/(:\s*)(?:NaN|-?Infinity)\b/g, '$1null'));
  } catch (error) {
    throw new EigentraceError('input', `${path}: is not JSON (${messageOf(error)})`, { cause: error });
  }
  const history = (parsed as { log_history?: unknown } | null)?.log_history;
  if (!Array.isArray(history)) {
    throw new EigentraceError(
      'input',
      `${path}: no log_history (expected Hugging Face Trainer's trainer_state.json, or a .csv)`,
    );
  }
  const bySteps = new Map<number, Map<string, number | null>>();
  history.forEach((entry: unknown, i) => {
    if (typeof entry !== 'object' || entry === null) {
      throw new EigentraceError('input', `${path}: log_history[${i}] is no object, got ${JSON.stringify(entry)}`);
    }
    const { step } = entry as { step?: unknown };
    if (typeof step !== 'number') {
      throw new EigentraceError(
        'input',
        `${path}: log_history[${i}].step is not a number, got ${JSON.stringify(step)}`,
      );
    }
    const row = bySteps.get(step) ?? new Map<string, number | null>();
    bySteps.set(step, row);
    for (const [name, value] of Object.entries(entry))
      if (typeof value === 'number') row.set(name.toLowerCase(), value);
  });
  return [...bySteps].sort(([a], [b]) => a - b).map(([, row]) => row);
}

function csvRows(text: string, path: string): Rows {
  const [header, ...rows] = parseCsv(text, path);
  if (header === undefined)
    throw new EigentraceError('input', `${path}: is empty (expected a header and a row a step)`);
  const names = header.cells.map((name) => name.trim().toLowerCase());
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new EigentraceError('input', `${path}: the column ${twice} stands there twice`);
  return rows.map(({ line, cells }) => {
    if (cells.length !== names.length) {
      throw new EigentraceError(
        'input',
        `${path}: line ${line} has ${cells.length} cells (expected ${names.length}, as the header)`,
      );
    }
    return new Map(names.map((name, i) => [name, cellOf(cells[i]!.trim(), name, line, path)]));
  });
}

/** Words in a cell (a run's name) are no numbers: null; but a step or tokens that is none is an error. */
function cellOf(cell: string, name: string, line: number, path: string): number | null {
  const value = cell === '' ? null : Number(cell);
  if (value !== null && Number.isFinite(value)) return value;
  if (cell !== '' && (stepNames.includes(name) || tokenNames.includes(name))) {
    throw new EigentraceError('input', `${path}: line ${line}: ${name} is not a number, got '${cell}'`);
  }
  return null;
}

function columnsOf(rows: Rows, path: string): Pick<TrainingLog, 'steps' | 'tokens' | 'columns'> {
  const names = [...new Set(rows.flatMap((row) => [...row.keys()]))];
  const stepName = stepNames.find((name) => names.includes(name));
  if (stepName === undefined) {
    const near = names.length === 0 ? 'nothing' : nearest('step', names).join(', ');
    throw new EigentraceError(
      'input',
      `${path}: no column of steps, got ${near} (expected one named ${stepNames.slice(0, 4).join(', ')})`,
    );
  }
  const tokenName = tokenNames.find((name) => names.includes(name));
  const kept = rows.filter((row) => row.get(stepName) !== null && row.get(stepName) !== undefined);
  const steps = kept.map((row) => row.get(stepName)!);
  const backwards = steps.findIndex((step, i) => i > 0 && step < steps[i - 1]!);
  if (backwards > 0) {
    throw new EigentraceError(
      'input',
      `${path}: steps go backwards, got ${steps[backwards]} after ${steps[backwards - 1]} (expected one training in order)`,
    );
  }
  const column = (name: string) => kept.map((row) => row.get(name) ?? null);
  const columns = names
    .filter((name) => name !== stepName && name !== tokenName)
    .map((name) => [name, column(name)] as const)
    .filter(([, values]) => values.some((value) => value !== null));
  if (columns.length === 0) {
    throw new EigentraceError(
      'input',
      `${path}: nothing beside the steps, got ${names.join(', ')} (expected loss, learning_rate, …)`,
    );
  }
  return {
    steps,
    tokens: tokenName === undefined ? steps.map(() => null) : column(tokenName),
    columns: Object.fromEntries(columns),
  };
}
