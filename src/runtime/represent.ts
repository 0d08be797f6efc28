/**
 * Sequences through a model: each batch's states go to a sink under their sequence's index, so that nothing depends
 * on the order of the batches. Padding is on the right under a causal mask, so it never reaches a real token.
 */
import type { Layer, Model, Position } from '../models/index.js';
import { batchesOf } from './batches.js';
import { checkDevice, loadOn } from './device.js';
import { interruptible } from './interruptible.js';
import { ModelProcess } from './process.js';
import type { StatePick } from './protocol.js';

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

/** The name of a layer in graphs, records and files. */
export function layerName(layer: Layer): string {
  return layer === 'final' ? 'final' : `layer${layer}`;
}

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
  const lengths = sequences.map((ids) => ids.length);
  const maxTokens = Math.max(1, ...chunkMaxima(lengths));
  const everyToken = options.logprobs ?? false;
  const graph = model.stateGraph({ layers: options.layers, position: options.position, everyToken, maxTokens });
  const device = options.device ?? 'cpu';
  await loadOn(child, 'states', graph, options.threads, device);
  if (options.logprobs) await loadOn(child, 'head', model.headGraph('logprobs'), options.threads, device);

  const of = lengths.reduce((sum, length) => sum + length, 0);
  let done = 0;
  const messageOf = (batch: readonly number[]) => {
    const total = batch.reduce((sum, index) => sum + lengths[index]!, 0);
    const ids = new Int32Array(total);
    let at = 0;
    for (const index of batch) {
      ids.set(sequences[index]!, at);
      at += lengths[index]!;
    }
    return {
      ids,
      lengths: Int32Array.from(batch, (index) => lengths[index]!),
      head: options.logprobs ? ('logprobs' as const) : ('none' as const),
      everyToken: options.position === 'all',
      picks: options.picks ?? null,
    };
  };
  const send = (batch: readonly number[]) => {
    const message = messageOf(batch);
    const total = message.ids.length;
    const reply = child.forward(message);
    // One batch waits in the child's queue while another runs; a failure is reported where it is awaited.
    reply.catch(() => undefined);
    return { batch, reply, total };
  };
  const batches = batchesOf(lengths, options.budget);
  let deviceDifference: number | null = null;
  if (device !== 'cpu' && batches[0]) {
    await child.load('reference', graph, options.threads);
    const message = { ...messageOf(batches[0]), head: 'none' as const };
    const reference = await child.forward(message, 'reference');
    await child.release('reference');
    deviceDifference = checkDevice(child.label, device, (await child.forward(message)).states, reference.states);
  }
  options.onLoaded?.();
  options.onProgress?.(0, of);
  let next = batches.length > 0 ? send(batches[0]!) : null;
  for (let i = 0; next; i++) {
    const { batch, reply, total } = next;
    next = i + 1 < batches.length ? send(batches[i + 1]!) : null;
    const { states, head } = await reply;
    for (const layer of options.layers) {
      const rows = states[layerName(layer)]!;
      const picks = options.picks?.[layerName(layer)];
      const width = model.width;
      let at = 0;
      for (const index of batch) {
        const size = width * (picks?.length ?? (options.position === 'all' ? lengths[index]! : 1));
        await sink.state(layer, index, rows.subarray(at, at + size));
        at += size;
      }
    }
    if (head) {
      let at = 0;
      for (const index of batch) {
        sink.logprobs?.(index, head.subarray(at, at + lengths[index]! - 1));
        at += lengths[index]! - 1;
      }
    }
    done += total;
    options.onProgress?.(done, of);
  }
  return { deviceDifference };
}

/** Maxima of chunks: `Math.max(...lengths)` would overflow the stack for long lists. */
function chunkMaxima(lengths: readonly number[]): number[] {
  const maxima: number[] = [];
  for (let i = 0; i < lengths.length; i += 1024) maxima.push(Math.max(...lengths.slice(i, i + 1024)));
  return maxima;
}
