/** What a user asks of `generate`, resolved and checked. */
import { EigentraceError } from '../errors.js';
import type { VisitRequest } from '../visit/index.js';
import type { Sampling } from './sampling.js';

export interface GenerateRequest extends VisitRequest {
  /** Texts that are gone on with, as they stand. */
  prompts: readonly string[];
  /** A file of more: `.txt`, one a line, or `.jsonl`, strings or objects with `prompt`; null: none. */
  promptsFile: string | null;
  /** New tokens of a completion, at most. */
  maxNewTokens: number;
  /** Logits are divided by it; 0: always the likeliest token (greedy). */
  temperature: number;
  /** Only the k likeliest tokens, and those as likely as the k-th; null: all. */
  topK: number | null;
  /** Only the likeliest tokens whose probabilities reach this sum. */
  topP: number;
  /** Completions a prompt; more than one needs a temperature. */
  samples: number;
  seed: number;
  /** Texts that end a completion, not part of it. */
  stop: readonly string[];
  /** Sequences at once; no token depends on it but through the rounding of float32. */
  batch: number;
}

export const generateDefaults = {
  prompts: [],
  promptsFile: null,
  maxNewTokens: 64,
  temperature: 0,
  topK: null,
  topP: 1,
  samples: 1,
  seed: 0,
  stop: [],
  batch: 16,
} as const satisfies Partial<GenerateRequest>;

/** How tokens are chosen; null: greedily. Throws `usage` for what can't be. */
export function samplingOf(request: GenerateRequest): Sampling | null {
  const { temperature, topK, topP, samples, seed, maxNewTokens, batch, stop } = request;
  const refuse = (option: string, got: unknown, expected: string): never => {
    throw new EigentraceError('usage', `${option}: got ${String(got)} (expected ${expected})`);
  };
  const whole = (option: string, value: number, least: number): void => {
    if (!Number.isSafeInteger(value) || value < least) refuse(option, value, `a whole number ≥ ${least}`);
  };
  whole('--max-new-tokens', maxNewTokens, 1);
  whole('--samples', samples, 1);
  whole('--seed', seed, 0);
  whole('--batch', batch, 1);
  if (topK !== null) whole('--top-k', topK, 1);
  if (!(temperature >= 0 && Number.isFinite(temperature))) {
    refuse('--temperature', temperature, 'a number ≥ 0; 0 takes the likeliest token');
  }
  if (!(topP > 0 && topP <= 1)) refuse('--top-p', topP, 'a number above 0, at most 1');
  if (stop.includes('')) refuse('--stop', 'an empty text', 'a text that ends a completion');
  if (temperature > 0) return { temperature, topK, topP, seed };
  const drawn = samples > 1 ? '--samples' : topK !== null ? '--top-k' : topP < 1 ? '--top-p' : null;
  if (drawn === null) return null;
  throw new EigentraceError(
    'usage',
    `${drawn}: needs a temperature, got --temperature 0, which always takes the likeliest token (expected such as --temperature 0.8)`,
  );
}
