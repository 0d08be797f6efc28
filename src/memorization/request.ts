/** What `memorize` asks for, and what comes back. */
import type { VisitRequest, VisitResult } from '../visit/index.js';
import { hostedDefaults, hostedUrl } from '../infinigram/hosted.js';
import { defaultPrompt } from './prompt.js';
import type { Summary } from './summary.js';

export interface MemorizeRequest extends Omit<VisitRequest, 'randomInit'> {
  /** A folder of an index, or `hosted:NAME` for one of infini-gram's service. */
  index: string;
  /** `tokenizer.json` (or its folder) of the index; null: the model's own where it is the index's, else the service's. */
  indexTokenizer: string | null;
  /** Question–answer sets: files, folders or globs of .jsonl or .parquet. */
  questions: readonly string[];
  /** Template of the prompt; the answer follows after a space. */
  prompt: string;
  /** Take the first so many questions of each set; null: all. */
  limit: number | null;
  /** Corpora of passages: text that was held out for agreement, the index's own for extraction. */
  passages: readonly string[];
  /** Text field of the passages' jsonl and parquet rows. */
  field: string;
  /** How many passages, and to how many tokens they are cut. */
  passageCount: number;
  passageTokens: number;
  /** Tokens of a window that are given, and how many must be reproduced after them. */
  promptTokens: number;
  extractTokens: number;
  /** `auto`: step 0 where it is among the checkpoints, else drawn weights; `random-init`: drawn weights besides; `none`. */
  control: 'auto' | 'random-init' | 'none';
  /** Seed of drawn weights, and of the bootstrap. */
  seed: number;
  /** S of the paper's SD/√S. */
  subsets: number;
  /** Draws of the bootstrap; 0: no intervals. */
  draws: number;
  /** Of a hosted index: ask nobody, and how it is asked. */
  offline: boolean;
  hostedUrl: string;
  hostedConcurrency: number;
  hostedRate: number;
}

export const memorizeDefaults = {
  indexTokenizer: null,
  questions: [],
  prompt: defaultPrompt,
  limit: null,
  passages: [],
  field: 'text',
  passageCount: 500,
  passageTokens: 256,
  promptTokens: 32,
  extractTokens: 32,
  control: 'auto',
  seed: 0,
  subsets: 10,
  draws: 1000,
  offline: false,
  hostedUrl,
  hostedConcurrency: hostedDefaults.concurrency,
  hostedRate: hostedDefaults.perSecond,
} as const satisfies Partial<MemorizeRequest>;

export interface MemorizeResult extends VisitResult {
  /** What the findings say, a set of questions or passages each. */
  summaries: readonly Summary[];
}
