/** What a user asks of `evaluate`, resolved. */
import type { VisitRequest } from '../visit/index.js';

export interface EvaluateRequest extends VisitRequest {
  /** Tasks by name, or files of one's own: `sciq`, `./mine.task.json`. */
  tasks: readonly string[];
  /** Where questions lie instead of their data set: `FILE` (of the only task) or `TASK=FILE`. */
  data: readonly string[];
  /** Where few-shot examples lie instead: `FILE` or `TASK=FILE`. Without it they come from the questions' own file, where `data` names it. */
  examples: readonly string[];
  /** Examples before each question. Default 0. */
  fewshot: number;
  /** Seed of the examples' choice, as the harness's `--fewshot_random_seed`. Default 1234, the harness's. */
  fewshotSeed: number;
  /** Only the first so many questions; null: all. */
  limit: number | null;
}

export const evaluateDefaults = {
  data: [],
  examples: [],
  fewshot: 0,
  fewshotSeed: 1234,
  limit: null,
} as const satisfies Partial<EvaluateRequest>;
