/**
 * Greedy continuation of many prompts until one of some texts appears: batches by length on kept keys and values, from
 * which those that have ended are dropped on the way.
 */
import type { TwoWayTokenizer } from '../corpus/index.js';
import type { Model } from '../models/index.js';
import { Decoder, headScores, loadScoreHead, type ModelProcess, type ScoreHead } from '../runtime/index.js';

export interface GreedyOptions {
  readonly until: readonly string[];
  readonly maxTokens: number;
  /** The token that ends a text; null: none. */
  readonly end: number | null;
  readonly threads: number;
  /** Prompts at once. Default 16. */
  readonly batch?: number;
  /** Tokens read and written, in all of at most. */
  readonly onProgress?: (done: number, of: number) => void;
  readonly onLoaded?: () => void;
}

export interface Continued {
  /** What was written, whole. */
  readonly ids: Int32Array;
  /** Its text up to the first of `until`. */
  readonly text: string;
}

/** Continuations of prompts, in their order. A signal must kill the child (`interruptible`). */
export async function continueGreedily(
  child: ModelProcess,
  model: Model,
  tokenizer: TwoWayTokenizer,
  prompts: readonly Int32Array[],
  options: GreedyOptions,
): Promise<Continued[]> {
  const longest = prompts.reduce((most, ids) => Math.max(most, ids.length), 1);
  const decoder = await Decoder.load(child, model, {
    threads: options.threads,
    maxTokens: longest + options.maxTokens,
  });
  const head = await loadScoreHead(child, model, { threads: options.threads });
  options.onLoaded?.();
  const order = prompts.map((_, index) => index).sort((a, b) => prompts[b]!.length - prompts[a]!.length || a - b);
  const found: Continued[] = [];
  const size = options.batch ?? 16;
  let done = 0;
  for (let from = 0; from < order.length; from += size) {
    const batch = order.slice(from, from + size);
    const ended = await batchOf(
      decoder,
      head,
      tokenizer,
      batch.map((index) => prompts[index]!),
      options,
    );
    ended.forEach((each, b) => (found[batch[b]!] = each));
    done += batch.length;
    options.onProgress?.(done, order.length);
  }
  await decoder.close();
  return found;
}

async function batchOf(
  decoder: Decoder,
  head: ScoreHead,
  tokenizer: TwoWayTokenizer,
  prompts: readonly Int32Array[],
  { until, maxTokens, end }: GreedyOptions,
): Promise<Continued[]> {
  const written: number[][] = prompts.map(() => []);
  /** Sequences that go on, by row of the batch. */
  let live = prompts.map((_, b) => b);
  let { kept, states } = await decoder.prefill(prompts);
  for (let count = 1; ; count++) {
    const { argmax } = await headScores(head, states, { rows: [], tokens: [] });
    const on: number[] = [];
    live.forEach((b, row) => {
      const token = argmax[row]!;
      if (token === end) return;
      written[b]!.push(token);
      const text = tokenizer.decode(written[b]!);
      if (count < maxTokens && !until.some((stop) => text.includes(stop))) on.push(row);
    });
    if (on.length === 0) break;
    const next = Int32Array.from(on, (row) => argmax[row]!);
    if (on.length < live.length) {
      kept = await decoder.narrow(kept, on);
      live = on.map((row) => live[row]!);
    }
    ({ kept, states } = await decoder.step(kept, next));
  }
  await decoder.release(kept);
  return written.map((ids) => ({ ids: Int32Array.from(ids), text: upTo(tokenizer.decode(ids), until) }));
}

function upTo(text: string, until: readonly string[]): string {
  return until.reduce((kept, stop) => kept.split(stop, 1)[0]!, text);
}
