/**
 * Completions of many prompts on kept keys and values: a prompt is read once for all its samples, logits exist for last
 * tokens only, and sequences that have ended are dropped on the way.
 */
import type { TwoWayTokenizer } from '../corpus/index.js';
import type { Model } from '../models/index.js';
import { Decoder, headScores, loadScoreHead, type Kept, type ModelProcess } from '../runtime/index.js';
import { loadOn } from '../runtime/device.js';
import { drawToken, uniform, type Sampling } from './sampling.js';

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

/** One completion under way. */
interface Row {
  readonly prompt: number;
  readonly sample: number;
  readonly ids: number[];
  finish: Completion['finish'] | null;
}

/** The likeliest or a drawn token of each row of states. */
type Choose = (states: Float32Array, rows: readonly Row[]) => Promise<ArrayLike<number>>;

/** Completions by prompt, then sample. A signal must kill the child (`interruptible`). */
export async function complete(
  child: ModelProcess,
  model: Model,
  tokenizer: TwoWayTokenizer,
  prompts: readonly Prompt[],
  options: CompleteOptions,
): Promise<Completion[][]> {
  const { threads, samples, batch } = options;
  const longest = Math.max(...prompts.map(({ ids }) => ids.length));
  const decoder = await Decoder.load(child, model, { threads, maxTokens: longest + options.maxNewTokens });
  const choose = await chooser(child, model, prompts, options);
  options.onLoaded?.();
  const all = prompts.map((_, prompt) =>
    Array.from({ length: samples }, (_, sample): Row => ({ prompt, sample, ids: [], finish: null })),
  );
  const order = prompts.map((_, i) => i).sort((a, b) => prompts[b]!.ids.length - prompts[a]!.ids.length || a - b);
  const size = Math.max(1, Math.floor(batch / samples));
  const told = { done: 0, tokens: 0 };
  const tell = (done: number, tokens: number): void => {
    told.done += done;
    told.tokens += tokens;
    options.onProgress?.(told.done, prompts.length * samples, told.tokens);
  };
  for (let from = 0; from < order.length; from += size) {
    const some = order.slice(from, from + size);
    const read = await decoder.prefill(some.map((prompt) => prompts[prompt]!.ids));
    const rows = some.flatMap((prompt, b) => all[prompt]!.map((row) => ({ row, b })));
    for (let at = 0; at < rows.length; at += batch) {
      const part = rows.slice(at, at + batch);
      const kept =
        samples === 1
          ? read.kept
          : await decoder.expand(
              read.kept,
              part.map(({ b }) => b),
            );
      const states = new Float32Array(part.length * model.width);
      part.forEach(({ b }, r) => {
        states.set(read.states.subarray(b * model.width, (b + 1) * model.width), r * model.width);
      });
      const live = part.map(({ row }) => row);
      await writeAll(decoder, kept, states, live, { choose, ended: enderOf(tokenizer, prompts, options), tell });
    }
    if (samples > 1) await decoder.release(read.kept);
  }
  await decoder.close();
  return all.map((rows) => rows.map((row) => completionOf(tokenizer, prompts[row.prompt]!, row, options.stop)));
}

async function writeAll(
  decoder: Decoder,
  begun: Kept,
  first: Float32Array,
  rows: readonly Row[],
  means: {
    choose: Choose;
    ended: (row: Row, token: number) => boolean;
    tell: (done: number, tokens: number) => void;
  },
): Promise<void> {
  let [kept, states, live] = [begun, first, rows];
  for (;;) {
    const tokens = await means.choose(states, live);
    const on = live.flatMap((row, r) => (means.ended(row, tokens[r]!) ? [] : [r]));
    means.tell(live.length - on.length, live.length);
    if (on.length === 0) break;
    const next = Int32Array.from(on, (r) => tokens[r]!);
    if (on.length < live.length) {
      kept = await decoder.narrow(kept, on);
      live = on.map((r) => live[r]!);
    }
    ({ kept, states } = await decoder.step(kept, next));
  }
  await decoder.release(kept);
}

/** Takes a token into a row; answers whether it was the last. */
function enderOf(
  tokenizer: TwoWayTokenizer,
  prompts: readonly Prompt[],
  { ends, stop, maxNewTokens }: CompleteOptions,
): (row: Row, token: number) => boolean {
  return (row, token) => {
    if (ends.includes(token)) row.finish = 'end';
    else {
      row.ids.push(token);
      if (stop.length > 0) {
        const text = textOf(tokenizer, prompts[row.prompt]!, row.ids);
        if (stop.some((each) => text.includes(each))) row.finish = 'stop';
      }
      if (row.finish === null && row.ids.length >= maxNewTokens) row.finish = 'length';
    }
    return row.finish !== null;
  };
}

async function chooser(
  child: ModelProcess,
  model: Model,
  prompts: readonly Prompt[],
  { sampling, threads }: CompleteOptions,
): Promise<Choose> {
  if (sampling === null) {
    const head = await loadScoreHead(child, model, { threads });
    return async (states) => (await headScores(head, states, { rows: [], tokens: [] })).argmax;
  }
  await loadOn(child, 'head', model.headGraph('logits'), threads, 'cpu');
  const { width, vocabulary } = model;
  return async (states, rows) => {
    const out = await child.run('head', { states: { type: 'float32', data: states, dims: [rows.length, width] } });
    const logits = out['logits']!.data as Float32Array;
    return rows.map(({ prompt, sample, ids }, r) => {
      const u = uniform(sampling.seed, prompts[prompt]!.text, sample, ids.length);
      return drawToken(logits.subarray(r * vocabulary, (r + 1) * vocabulary), sampling, u);
    });
  };
}

/** The text that ids add to a prompt's: alone, some tokenizers drop the space that they begin with. */
function textOf(tokenizer: TwoWayTokenizer, { ids: before }: Prompt, ids: readonly number[]): string {
  const start = tokenizer.decode(before);
  const whole = tokenizer.decode([...before, ...ids]);
  return whole.startsWith(start) ? whole.slice(start.length) : tokenizer.decode(ids);
}

function completionOf(tokenizer: TwoWayTokenizer, prompt: Prompt, row: Row, stop: readonly string[]): Completion {
  const text = textOf(tokenizer, prompt, row.ids);
  const cut = stop.reduce((kept, each) => kept.split(each, 1)[0]!, text);
  return { sample: row.sample, ids: row.ids, text: cut, finish: row.finish ?? 'length' };
}
