/**
 * Generation's basis: a model that keeps the keys and values of what it has read, so that the next tokens cost only
 * themselves. Every number is the one that the whole sequence would give (to float32 rounding); a batch's sequences may
 * have different lengths, and may be forked, repeated and dropped on the way.
 */
import type { CachedGraph, Model } from '../models/index.js';
import { loadOn } from './device.js';
import type { Choosing, StepMessage } from './cache-message.js';
import type { Choice } from './choice.js';
import { headRowsOf } from './head-scores.js';
import type { ModelProcess } from './process.js';
import { checkIds } from './scored-states.js';

export interface DecoderOptions {
  readonly threads: number;
  /** Execution provider; default `cpu`. */
  readonly device?: string;
  /** The longest sequence in tokens, prompt and what follows; sizes the position tables. */
  readonly maxTokens: number;
  /** Whether it chooses tokens: the unembedding is loaded too. Default false. */
  readonly chooses?: boolean;
}

/** The kept sequences of a batch. */
export interface Kept {
  readonly handle: number;
  /** Tokens of each sequence so far, (B). */
  readonly lengths: readonly number[];
}

type NewTokens = Omit<StepMessage, 'op' | 'choose'>;

/** New padded tokens a run: bounds what attention holds at once. */
const chunkTokens = 1024;
let nextHandle = 0;

export class Decoder {
  readonly #child: ModelProcess;
  readonly #graph: CachedGraph;
  readonly #model: Model;
  readonly #maxTokens: number;

  private constructor(child: ModelProcess, model: Model, graph: CachedGraph, maxTokens: number) {
    this.#child = child;
    this.#model = model;
    this.#graph = graph;
    this.#maxTokens = maxTokens;
  }

  /** Loads the graph in `child`; one decoder a child at a time. */
  static async load(child: ModelProcess, model: Model, options: DecoderOptions): Promise<Decoder> {
    child.label = `checkpoint ${model.name}`;
    const graph = model.cachedGraph({ maxTokens: options.maxTokens, past: true });
    const [threads, device] = [options.threads, options.device ?? 'cpu'];
    await loadOn(child, 'cached', graph, threads, device);
    if (options.chooses) await loadOn(child, 'head', model.headGraph('logits'), threads, device);
    return new Decoder(child, model, graph, options.maxTokens);
  }

  /** Reads prompts, each at least one token; answers with the final state of each one's last token, (B, d). */
  async prefill(prompts: readonly Int32Array[]): Promise<{ kept: Kept; states: Float32Array }> {
    const kept: Kept = { handle: nextHandle++, lengths: prompts.map(() => 0) };
    return this.append(kept, prompts);
  }

  /** The next token of every sequence; answers with its final state, (B, d). */
  async step(kept: Kept, ids: Int32Array): Promise<{ kept: Kept; states: Float32Array }> {
    return this.append(
      kept,
      Array.from(ids, (id) => Int32Array.of(id)),
    );
  }

  /** The same; answers with the token that is chosen after it, (B): nothing but tokens passes between the processes. */
  async next(kept: Kept, ids: Int32Array, choice: Choice): Promise<{ kept: Kept; tokens: Int32Array }> {
    checkIds(this.#model, ids, 'the next tokens');
    const lengths = this.#longer(
      kept,
      Array.from(ids, () => 1),
    );
    const rows = Int32Array.from({ length: 2 * ids.length }, (_, i) => (i % 2 === 0 ? i / 2 : 0));
    const message = this.#message(kept.handle, false, ids, new Int32Array(ids.length).fill(1), rows);
    const tokens = await this.#child.next(message, this.#choosing(choice));
    return { kept: { handle: kept.handle, lengths }, tokens };
  }

  /** The tokens that are chosen after states (R, d). */
  async choose(states: Float32Array, choice: Choice): Promise<Int32Array> {
    return await this.#child.choose({ ...this.#choosing(choice), states, width: this.#model.width });
  }

  /**
   * Any number of next tokens of every sequence, at least one; answers with the final state of each one's last token, (B, d).
   * `kept` itself is used up: what comes back takes its place.
   */
  async append(kept: Kept, tokens: readonly Int32Array[]): Promise<{ kept: Kept; states: Float32Array }> {
    const B = tokens.length;
    const fresh = kept.lengths.every((length) => length === 0);
    const d = this.#model.width;
    tokens.forEach((ids, b) => checkIds(this.#model, ids, `sequence ${b}`));
    const lengths = this.#longer(
      kept,
      tokens.map((ids) => ids.length),
    );
    const states = new Float32Array(B * d);
    const most = Math.max(...tokens.map((ids) => ids.length));
    const width = Math.max(1, Math.floor(chunkTokens / B));
    for (let from = 0; from < most; from += width) {
      const chunk = tokens.map((ids) => ids.subarray(from, from + width));
      const rows = chunk.flatMap((ids, b) => {
        const ends = ids.length > 0 && from + ids.length === tokens[b]!.length;
        return ends ? [b, ids.length - 1] : [];
      });
      const sizes = Int32Array.from(chunk, (ids) => ids.length);
      const isFirst = fresh && from === 0;
      const message = this.#message(kept.handle, isFirst, joined(chunk), sizes, Int32Array.from(rows));
      const got = await this.#child.step(message);
      for (let r = 0; r < rows.length / 2; r++) states.set(got.subarray(r * d, (r + 1) * d), rows[2 * r]! * d);
    }
    return { kept: { handle: kept.handle, lengths }, states };
  }

  /** A batch of copies of some sequences, each any number of times; `kept` stays as it is. */
  async expand(kept: Kept, rows: readonly number[]): Promise<Kept> {
    const handle = nextHandle++;
    await this.#child.cache({ handle: kept.handle, rows: Int32Array.from(rows), as: handle });
    return { handle, lengths: rows.map((row) => kept.lengths[row]!) };
  }

  /**
   * Only some sequences, in this order; `kept` is used up. For a batch of which some have ended: where none is put behind its
   * place, only those that are brought forward are copied.
   */
  async narrow(kept: Kept, rows: readonly number[]): Promise<Kept> {
    await this.#child.cache({ handle: kept.handle, rows: Int32Array.from(rows), as: kept.handle });
    return { handle: kept.handle, lengths: rows.map((row) => kept.lengths[row]!) };
  }

  /** Gives a batch's memory back. */
  async release(kept: Kept): Promise<void> {
    await this.#child.cache({ handle: kept.handle, rows: null, as: null });
  }

  /** Ends the graphs; batches that weren't released stay until the child ends. */
  async close(): Promise<void> {
    await this.#child.release('cached');
    await this.#child.release('head');
  }

  #longer(kept: Kept, more: readonly number[]): number[] {
    const lengths = kept.lengths.map((length, b) => length + more[b]!);
    const longest = Math.max(...lengths);
    if (longest <= this.#maxTokens) return lengths;
    throw new Error(`internal: a sequence of ${longest} tokens where ${this.#maxTokens} were said to be the most`);
  }

  #message(handle: number, fresh: boolean, ids: Int32Array, lengths: Int32Array, rows: Int32Array): NewTokens {
    const { shapes, windows } = this.#graph;
    return { slot: 'cached', handle, fresh, keep: true, parents: null, ids, lengths, rows, shapes, windows };
  }

  #choosing(choice: Choice): Choosing {
    return { choice, chunk: headRowsOf(this.#model) };
  }
}

function joined(parts: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
