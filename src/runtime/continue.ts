/**
 * Texts that go on: batches of prompts by length on kept keys and values. A prompt is read once for all its samples, logits
 * exist for last tokens only, and sequences that have ended are dropped on the way.
 */
import type { Model } from '../models/index.js';
import type { Choice } from './choice.js';
import { Decoder, type Kept } from './decode.js';
import type { ModelProcess } from './process.js';

export interface ContinueOptions {
  /** Default greedy: of equal ones the token with the smallest id. */
  readonly choice?: (rows: readonly WrittenRow[]) => Choice;
  /** Texts a prompt. Default 1. */
  readonly samples?: number;
  readonly maxNewTokens: number;
  /** Tokens that end a text. */
  readonly ends: readonly number[];
  /** Whether what was written so far is enough; asked after each token. Default never. */
  readonly enough?: ((row: WrittenRow) => boolean) | undefined;
  /** Sequences at once. */
  readonly batch: number;
  readonly threads: number;
  readonly onLoaded?: (() => void) | undefined;
  /** Texts that are done, of all; new tokens so far. */
  readonly onProgress?: ((done: number, of: number, tokens: number) => void) | undefined;
}

/** A text under way. */
export interface WrittenRow {
  /** Which prompt, and which of its samples. */
  readonly prompt: number;
  readonly sample: number;
  /** What was written, without the token that ends a text. */
  readonly ids: readonly number[];
}

export interface Written extends WrittenRow {
  readonly finish: 'end' | 'enough' | 'length';
}

interface Row extends WrittenRow {
  readonly ids: number[];
  finish: Written['finish'] | null;
}

/** By prompt, each at least one token, then sample. A signal must kill the child (`interruptible`). */
export async function continueAll(
  child: ModelProcess,
  model: Model,
  prompts: readonly Int32Array[],
  options: ContinueOptions,
): Promise<Written[][]> {
  const { threads, samples = 1, batch } = options;
  const longest = prompts.reduce((most, ids) => Math.max(most, ids.length), 1);
  const room = { threads, maxTokens: longest + options.maxNewTokens };
  const decoder = await Decoder.load(child, model, { ...room, chooses: true });
  options.onLoaded?.();
  const all = prompts.map((_, prompt) =>
    Array.from({ length: samples }, (_, sample): Row => ({ prompt, sample, ids: [], finish: null })),
  );
  const order = prompts.map((_, i) => i).sort((a, b) => prompts[b]!.length - prompts[a]!.length || a - b);
  const size = Math.max(1, Math.floor(batch / samples));
  const told = { done: 0, tokens: 0 };
  const tell = (done: number, tokens: number): void => {
    told.done += done;
    told.tokens += tokens;
    options.onProgress?.(told.done, prompts.length * samples, told.tokens);
  };
  const d = model.width;
  for (let from = 0; from < order.length; from += size) {
    const some = order.slice(from, from + size);
    const read = await decoder.prefill(some.map((prompt) => prompts[prompt]!));
    const rows = some.flatMap((prompt, b) => all[prompt]!.map((row) => ({ row, b })));
    for (let at = 0; at < rows.length; at += batch) {
      const part = rows.slice(at, at + batch);
      const places = part.map(({ b }) => b);
      const kept = samples === 1 ? read.kept : await decoder.expand(read.kept, places);
      const states = new Float32Array(part.length * d);
      places.forEach((b, r) => states.set(read.states.subarray(b * d, (b + 1) * d), r * d));
      const live = part.map(({ row }) => row);
      await writeAll(decoder, kept, states, live, options, tell);
    }
    if (samples > 1) await decoder.release(read.kept);
  }
  await decoder.close();
  return all.map((rows) => rows.map((row) => ({ ...row, finish: row.finish ?? 'length' })));
}

async function writeAll(
  decoder: Decoder,
  begun: Kept,
  states: Float32Array,
  rows: readonly Row[],
  options: ContinueOptions,
  tell: (done: number, tokens: number) => void,
): Promise<void> {
  const { choice = () => 'likeliest' } = options;
  let [kept, live] = [begun, rows];
  let tokens = await decoder.choose(states, choice(live));
  for (;;) {
    const on = brought(live.flatMap((row, r) => (hasEnded(row, tokens[r]!, options) ? [] : [r])));
    tell(live.length - on.length, live.length);
    if (on.length === 0) break;
    const last = Int32Array.from(on, (r) => tokens[r]!);
    if (on.length < live.length) {
      kept = await decoder.narrow(kept, on);
      live = on.map((r) => live[r]!);
    }
    ({ kept, tokens } = await decoder.next(kept, last, choice(live)));
  }
  await decoder.release(kept);
}

/** The same rows, ascending before: all stay at their places but the last, which fill the gaps; only those are moved in memory. */
function brought(rows: readonly number[]): number[] {
  const staying = new Set(rows.filter((row) => row < rows.length));
  const moving = rows.filter((row) => row >= rows.length);
  return rows.map((_, place) => (staying.has(place) ? place : moving.pop()!));
}

/** Takes a token into a row; answers whether it was the last. */
function hasEnded(row: Row, token: number, { ends, enough, maxNewTokens }: ContinueOptions): boolean {
  if (ends.includes(token)) row.finish = 'end';
  else {
    row.ids.push(token);
    if (enough?.(row)) row.finish = 'enough';
    else if (row.ids.length >= maxNewTokens) row.finish = 'length';
  }
  return row.finish !== null;
}
