/**
 * Sequences on their way through a model: cut into batches, sent as messages, and their states given to the sink under each
 * sequence's index. What runs all of a model and what runs it in stages share it.
 */
import type { Layer, Model, StateRequest } from '../models/index.js';
import { batchesOf } from './batches.js';
import type { ForwardMessage, ForwardReply } from './protocol.js';
import type { RepresentOptions, StateSink } from './represent.js';

/** The name of a layer in graphs, records and files. */
export function layerName(layer: Layer): string {
  return layer === 'final' ? 'final' : `layer${layer}`;
}

/** Indices of the sequences of a batch. */
export type Batch = readonly number[];

export class Passage {
  readonly model: Model;
  readonly batches: readonly Batch[];
  /** Real tokens of all sequences. */
  readonly tokens: number;
  readonly request: StateRequest;
  readonly #sequences: readonly Int32Array[];
  readonly #options: RepresentOptions;
  readonly #sink: StateSink;

  constructor(model: Model, sequences: readonly Int32Array[], options: RepresentOptions, sink: StateSink) {
    const lengths = sequences.map((ids) => ids.length);
    this.model = model;
    this.#sequences = sequences;
    this.#options = options;
    this.#sink = sink;
    this.batches = batchesOf(lengths, options.budget);
    this.tokens = lengths.reduce((sum, length) => sum + length, 0);
    this.request = {
      layers: options.layers,
      position: options.position,
      everyToken: options.logprobs ?? false,
      maxTokens: lengths.reduce((most, length) => Math.max(most, length), 1),
    };
  }

  tokensOf(batch: Batch): number {
    return batch.reduce((sum, index) => sum + this.#sequences[index]!.length, 0);
  }

  /** A batch's token ids and lengths, and which rows of its states are wanted. */
  message(batch: Batch): Omit<ForwardMessage, 'op' | 'slot' | 'head'> {
    const ids = new Int32Array(this.tokensOf(batch));
    let at = 0;
    for (const index of batch) {
      ids.set(this.#sequences[index]!, at);
      at += this.#sequences[index]!.length;
    }
    return {
      ids,
      lengths: Int32Array.from(batch, (index) => this.#sequences[index]!.length),
      everyToken: this.#options.position === 'all',
      picks: this.#options.picks ?? null,
    };
  }

  /** Gives the states of those layers that are there to the sink. */
  async deliver(batch: Batch, states: ForwardReply['states']): Promise<void> {
    const { layers, picks, position } = this.#options;
    for (const layer of layers) {
      const rows = states[layerName(layer)];
      if (!rows) continue;
      let at = 0;
      for (const index of batch) {
        const perSequence = position === 'all' ? this.#sequences[index]!.length : 1;
        const size = this.model.width * (picks?.[layerName(layer)]?.length ?? perSequence);
        await this.#sink.state(layer, index, rows.subarray(at, at + size));
        at += size;
      }
    }
  }

  /** Log-probabilities of every token of a batch but the first of each sequence. */
  deliverLogprobs(batch: Batch, logprobs: Float32Array): void {
    let at = 0;
    for (const index of batch) {
      const count = this.#sequences[index]!.length - 1;
      this.#sink.logprobs?.(index, logprobs.subarray(at, at + count));
      at += count;
    }
  }
}

/** Sends batches one after another; one waits in the child's queue while another runs. `take` is awaited in order. */
export async function pipelined<T>(
  batches: readonly Batch[],
  send: (batch: Batch) => Promise<T>,
  take: (batch: Batch, reply: T) => Promise<void>,
): Promise<void> {
  const start = (batch: Batch | undefined): Promise<T> | null => {
    if (!batch) return null;
    const reply = send(batch);
    // A failure is reported where it is awaited.
    reply.catch(() => undefined);
    return reply;
  };
  let next = start(batches[0]);
  for (const [i, batch] of batches.entries()) {
    const reply = next!;
    next = start(batches[i + 1]);
    await take(batch, await reply);
  }
}
