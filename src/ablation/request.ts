/** What a user asks of `ablate`, resolved. */
import type { Position } from '../models/index.js';
import type { BasisTextRequest, VisitRequest } from '../visit/index.js';

/** The text whose final states give the directions stands in `BasisTextRequest`. */
export interface AblateRequest extends VisitRequest, BasisTextRequest {
  /** Tasks by name, or files of one's own, as in `evaluate`. */
  tasks: readonly string[];
  /** Where their questions lie instead of their data set: `FILE` or `TASK=FILE`. */
  data: readonly string[];
  /** Files of questions: a line `{context, choices, target}` each; texts, or token ids. */
  items: readonly string[];
  /** Examples before each question of a task, and the seed of their choice. */
  fewshot: number;
  fewshotSeed: number;
  /** Only the first so many questions; null: all. */
  limit: number | null;
  /** Which directions are kept, or removed: `10` is 1..10, `11..100` a band. Each is a variant of its own. */
  keep: readonly string[];
  remove: readonly string[];
  /** Whether states are taken about the basis's mean. Default true. */
  mean: boolean;
  /** Random subspaces of each size beside them. Default 3; 0: none. */
  randomDraws: number;
  randomSeed: number;
  position: Position;
}

export const ablateDefaults = {
  data: [],
  items: [],
  fewshot: 0,
  fewshotSeed: 1234,
  limit: null,
  keep: ['10', '50'],
  remove: ['10', '50'],
  mean: true,
  randomDraws: 3,
  randomSeed: 0,
  ids: null,
} as const satisfies Partial<AblateRequest>;
