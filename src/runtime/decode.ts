/**
 * Generation's basis: a model that keeps the keys and values of what it has read, so that the next tokens cost only
 * themselves. Every number is the one that the whole sequence would give (to float32 rounding); a batch's sequences may
 * have different lengths, and may be forked, repeated and dropped on the way.
 */
import type { CachedGraph, Model } from '../models/index.js';
import { loadOn } from './device.js';
import type { ModelProcess } from './process.js';
import { checkIds } from './scored-states.js';

export interface DecoderOptions {
  readonly threads: number;
  /** Execution provider; default `cpu`. */
  readonly device?: string;
  /** The longest sequence in tokens, prompt and what follows; sizes the position tables. */
  readonly maxTokens: number;
}

/** The kept sequences of a batch. */
export interface Kept {
  readonly handle: number;
  /** Tokens of each sequence so far, (B). */
  readonly lengths: readonly number[];
}

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
    await loadOn(child, 'cached', graph, options.threads, options.device ?? 'cpu');
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

  /**
   * Any number of next tokens of every sequence, at least one; answers with the final state of each one's last token, (B, d).
   * `kept` itself is used up: what comes back takes its place.
   */
  async append(kept: Kept, tokens: readonly Int32Array[]): Promise<{ kept: Kept; states: Float32Array }> {
    const B = tokens.length;
    const fresh = kept.lengths.every((length) => length === 0);
    const d = this.#model.width;
    const lengths = kept.lengths.map((length, b) => length + tokens[b]!.length);
    tokens.forEach((ids, b) => checkIds(this.#model, ids, `sequence ${b}`));
    const longest = Math.max(...lengths);
    if (longest > this.#maxTokens) {
      throw new Error(`internal: a sequence of ${longest} tokens where ${this.#maxTokens} were said to be the most`);
    }
    const states = new Float32Array(B * d);
    const most = Math.max(...tokens.map((ids) => ids.length));
    const width = Math.max(1, Math.floor(chunkTokens / B));
    for (let from = 0; from < most; from += width) {
      const chunk = tokens.map((ids) => ids.subarray(from, from + width));
      const rows = chunk.flatMap((ids, b) => {
        const ends = ids.length > 0 && from + ids.length === tokens[b]!.length;
        return ends ? [b, ids.length - 1] : [];
      });
      const got = await this.#child.step({
        ...{ slot: 'cached', handle: kept.handle, fresh: fresh && from === 0, keep: true, parents: null },
        ids: joined(chunk),
        lengths: Int32Array.from(chunk, (ids) => ids.length),
        rows: Int32Array.from(rows),
        ...{ shapes: this.#graph.shapes, windows: this.#graph.windows },
      });
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

  /** Only some sequences, in this order; `kept` is used up. For a batch of which some have ended. */
  async narrow(kept: Kept, rows: readonly number[]): Promise<Kept> {
    await this.#child.cache({ handle: kept.handle, rows: Int32Array.from(rows), as: kept.handle });
    return { handle: kept.handle, lengths: rows.map((row) => kept.lengths[row]!) };
  }

  /** Gives a batch's memory back. */
  async release(kept: Kept): Promise<void> {
    await this.#child.cache({ handle: kept.handle, rows: null, as: null });
  }

  /** Ends the graph; batches that weren't released stay until the child ends. */
  async close(): Promise<void> {
    await this.#child.release('cached');
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
