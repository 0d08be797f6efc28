/** Greedy answers as the lm-evaluation-harness reads them: of what was written alone, up to the first of some texts. */
import type { TwoWayTokenizer } from '../corpus/index.js';
import type { Model } from '../models/index.js';
import { continueAll, type ModelProcess } from '../runtime/index.js';

export interface GreedyOptions {
  readonly until: readonly string[];
  readonly maxTokens: number;
  /** The token that ends a text; null: none. */
  readonly end: number | null;
  readonly threads: number;
  /** Prompts that are done, of all. */
  readonly onProgress?: (done: number, of: number) => void;
}

export interface Continued {
  /** What was written, whole. */
  readonly ids: readonly number[];
  /** Its text up to the first of `until`. */
  readonly text: string;
}

/** Prompts at once. */
export const greedyBatch = 16;

/** Continuations of prompts, in their order. A signal must kill the child (`interruptible`). */
export async function continueGreedily(
  child: ModelProcess,
  model: Model,
  tokenizer: TwoWayTokenizer,
  prompts: readonly Int32Array[],
  { until, maxTokens, end, threads, onProgress }: GreedyOptions,
): Promise<Continued[]> {
  const written = await continueAll(child, model, prompts, {
    ...{ threads, batch: greedyBatch, onProgress },
    maxNewTokens: maxTokens,
    ends: end === null ? [] : [end],
    enough: ({ ids }) => {
      const text = tokenizer.decode(ids);
      return until.some((stop) => text.includes(stop));
    },
  });
  return written.map(([row]) => {
    const { ids } = row!;
    return { ids, text: until.reduce((kept, stop) => kept.split(stop, 1)[0]!, tokenizer.decode(ids)) };
  });
}
