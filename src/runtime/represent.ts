/**
 * Sequences through a model: each batch's states go to a sink under their sequence's index, so that nothing depends
 * on the order of the batches. Padding is on the right under a causal mask, so it never reaches a real token.
 */
import type { Layer, Model, Position } from '../models/index.js';
import { checkDevice, loadOn } from './device.js';
import { interruptible } from './interruptible.js';
import { Passage, pipelined } from './passage.js';
import type { ModelProcess } from './process.js';
import type { StatePick } from './protocol.js';
import { runStages, type Stages } from './stages.js';

export interface RepresentOptions {
  readonly layers: readonly Layer[];
  readonly position: Position;
  /**
   * By layer name: rows to take from every token's states, in place of `position`, which must be `all`. Default none.
   */
  readonly picks?: Readonly<Record<string, readonly StatePick[]>>;
  /** Also ln p of every token but the first. Default false. */
  readonly logprobs?: boolean;
  readonly threads: number;
  /** Execution provider: `cpu` (default), or another that this build offers. */
  readonly device?: string;
  /** Padded tokens a batch; default `tokenBudget`. */
  readonly budget?: number;
  /** How a model that doesn't fit in memory is run piece by piece; absent or null: all of it in one session. */
  readonly stages?: Stages | null;
  readonly signal?: AbortSignal;
  /** Real tokens done and in all. */
  readonly onProgress?: (done: number, of: number) => void;
  /** Called when the weights are loaded and the first batch starts. */
  readonly onLoaded?: () => void;
}

/** Where states go. Calls may come in any order of sequences; a promise is awaited before the next batch's. */
export interface StateSink {
  /**
   * `rows`: (d) of sequence `index` for positions last and mean; (T, d), its tokens in order, for position all; (P, d)
   * for P picks of the layer.
   * The array is only valid during the call.
   */
  state(layer: Layer, index: number, rows: Float32Array): void | Promise<void>;
  /** ln p of tokens 1..T−1 of sequence `index`. */
  logprobs?(index: number, values: Float32Array): void;
}

export { layerName } from './passage.js';

export interface Represented {
  /** Largest difference of the first batch from the CPU, relative to the largest state; null on the CPU itself. */
  readonly deviceDifference: number | null;
}

/** Runs all sequences (token ids, each at least one) through the model in `child`, which is left loaded. */
export async function represent(
  child: ModelProcess,
  model: Model,
  sequences: readonly Int32Array[],
  options: RepresentOptions,
  sink: StateSink,
): Promise<Represented> {
  return interruptible(child, options.signal, () => run(child, model, sequences, options, sink));
}

async function run(
  child: ModelProcess,
  model: Model,
  sequences: readonly Int32Array[],
  options: RepresentOptions,
  sink: StateSink,
): Promise<Represented> {
  child.label = `checkpoint ${model.name}`;
  const passage = new Passage(model, sequences, options, sink);
  if (options.stages && options.stages.parts.length + options.stages.headPieces > 1) {
    return runStages(child, passage, options, options.stages);
  }
  const { threads, device = 'cpu' } = options;
  const graph = model.stateGraph(passage.request);
  await loadOn(child, 'states', graph, threads, device);
  if (options.logprobs) await loadOn(child, 'head', model.headGraph('logprobs'), threads, device);
  const head = options.logprobs ? ('logprobs' as const) : ('none' as const);
  const messageOf = (batch: readonly number[]) => ({ ...passage.message(batch), head });
  const { batches, tokens } = passage;
  let deviceDifference: number | null = null;
  if (device !== 'cpu' && batches[0]) {
    await child.load('reference', graph, threads);
    const message = { ...messageOf(batches[0]), head: 'none' as const };
    const reference = await child.forward(message, 'reference');
    await child.release('reference');
    deviceDifference = checkDevice(child.label, device, (await child.forward(message)).states, reference.states);
  }
  options.onLoaded?.();
  options.onProgress?.(0, tokens);
  let done = 0;
  await pipelined(
    batches,
    (batch) => child.forward(messageOf(batch)),
    async (batch, { states, head }) => {
      await passage.deliver(batch, states);
      if (head) passage.deliverLogprobs(batch, head);
      done += passage.tokensOf(batch);
      options.onProgress?.(done, tokens);
    },
  );
  return { deviceDifference };
}
