/** The golden question set (an infini-gram engine and an untrained llama on SciQ), which lies beside the project. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Gram } from '../../src/memorization/likelihood.js';

export const shared = fileURLToPath(new URL('../../../shared/', import.meta.url));

export interface GoldenMemorization {
  strict: {
    spearman: number;
    n: number;
    share_of_items_with_a_zero: number;
    subsets: { spearman: number[]; standard_error: number };
  };
  published: { spearman: number; n: number; dropped_items: number; share_of_zero_tokens: number };
  suffix_length_histogram: Record<string, number>;
  items: {
    question: string;
    answer: string;
    answer_ids: number[];
    prompt_tokens: number;
    lm_logprobs: number[];
    lm_logprob: number;
    infgram: Gram[];
    log_p_strict: number | null;
    log_p_published: number | null;
  }[];
}

const path = `${shared}golden/infinigram/memorization.json`;

export const isThere = existsSync(path);

export function goldenMemorization(): GoldenMemorization {
  return JSON.parse(readFileSync(path, 'utf8')) as GoldenMemorization;
}
