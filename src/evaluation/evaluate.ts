/** `evaluate`: tasks at every checkpoint of a series, kept in a RUN and written as the lm-evaluation-harness writes them. */
import { visit, type VisitHooks, type VisitResult } from '../visit/index.js';
import { EigentraceError } from '../errors.js';
import { askTask, type AskedTask } from './data.js';
import { writeHarnessFiles } from './harness-file.js';
import { EvaluateJob } from './job.js';
import type { EvaluateRequest } from './request.js';
import { openTasks } from './tasks.js';

export interface EvaluateResult extends VisitResult {
  /** Result files in the harness's layout; none without a RUN. */
  readonly files: readonly string[];
}

/** Scores what is not scored yet. Rejects only when nothing can be done at all. */
export async function evaluate(request: EvaluateRequest, hooks: VisitHooks = {}): Promise<EvaluateResult> {
  const { fewshot, fewshotSeed, limit } = request;
  const whole = (option: string, value: number, least: number): void => {
    if (Number.isInteger(value) && value >= least && value < 2 ** 32) return;
    throw new EigentraceError('usage', `${option}: got ${value} (expected a whole number ≥ ${least})`);
  };
  whole('--fewshot', fewshot, 0);
  whole('--fewshot-seed', fewshotSeed, 0);
  if (limit !== null) whole('--limit', limit, 1);
  const tasks = await openTasks(request.tasks);
  const names = tasks.map(({ name }) => name);
  const asked: AskedTask[] = [];
  for (const task of tasks) asked.push(await askTask(task, request, names, hooks.signal));
  const result = await visit(request, new EvaluateJob(request, asked), hooks);
  return { ...result, files: result.run === null ? [] : await writeHarnessFiles(result.run, result) };
}
