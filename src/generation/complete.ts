/** Completions of many prompts: how their tokens are chosen, which texts end them, and their own text. */
import type { TwoWayTokenizer } from '../corpus/index.js';
import type { Model } from '../models/index.js';
import { continueAll, type Choice, type ModelProcess, type WrittenRow } from '../runtime/index.js';
import { uniform, type Sampling } from './sampling.js';

export interface Prompt {
  readonly text: string;
  /** At least one. */
  readonly ids: Int32Array;
}

export interface CompleteOptions {
  /** Null: greedy. */
  readonly sampling: Sampling | null;
  readonly samples: number;
  readonly maxNewTokens: number;
  readonly stop: readonly string[];
  /** Tokens that end a text. */
  readonly ends: readonly number[];
  readonly batch: number;
  readonly threads: number;
  readonly onLoaded?: () => void;
  /** Completions that are done, of all; new tokens so far. */
  readonly onProgress?: (done: number, of: number, tokens: number) => void;
}

export interface Completion {
  readonly sample: number;
  /** What was written, a stop's tokens too, but not the token that ends a text. */
  readonly ids: readonly number[];
  /** Its text, up to the first stop. */
  readonly text: string;
  readonly finish: 'end' | 'stop' | 'length';
}

/** Completions by prompt, then sample. A signal must kill the child (`interruptible`). */
export async function complete(
  child: ModelProcess,
  model: Model,
  tokenizer: TwoWayTokenizer,
  prompts: readonly Prompt[],
  options: CompleteOptions,
): Promise<Completion[][]> {
  const { sampling, stop, ...shared } = options;
  const textOf = texts(tokenizer, prompts);
  const choice = (rows: readonly WrittenRow[]): Choice => {
    if (sampling === null) return 'likeliest';
    const { temperature, topK, topP, seed } = sampling;
    const places = Float64Array.from(rows, (row) =>
      uniform(seed, prompts[row.prompt]!.text, row.sample, row.ids.length),
    );
    return { draw: { temperature, topK, topP }, places };
  };
  const isStopped = (row: WrittenRow): boolean => {
    const text = textOf(row);
    return stop.some((each) => text.includes(each));
  };
  const written = await continueAll(
    child,
    model,
    prompts.map(({ ids }) => ids),
    { ...shared, choice, enough: stop.length > 0 ? isStopped : undefined },
  );
  return written.map((rows) =>
    rows.map((row): Completion => {
      const text = stop.reduce((kept, each) => kept.split(each, 1)[0]!, textOf(row));
      return { sample: row.sample, ids: row.ids, text, finish: row.finish === 'enough' ? 'stop' : row.finish };
    }),
  );
}

/** The text that ids add to a prompt's: alone, some tokenizers drop the space that they begin with. */
function texts(tokenizer: TwoWayTokenizer, prompts: readonly Prompt[]): (row: WrittenRow) => string {
  const starts: string[] = [];
  return ({ prompt, ids }) => {
    const before = prompts[prompt]!.ids;
    const start = (starts[prompt] ??= tokenizer.decode(before));
    const whole = tokenizer.decode([...before, ...ids]);
    return whole.startsWith(start) ? whole.slice(start.length) : tokenizer.decode(ids);
  };
}
