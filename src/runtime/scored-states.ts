/**
 * Final states of chosen tokens of many sequences: batches by length, only the chosen rows leave the child. Padding is on
 * the right under a causal mask, so it never reaches a real token.
 */
import { EigentraceError } from '../errors.js';
import type { Model } from '../models/index.js';
import { batchesOf } from './batches.js';
import { loadOn } from './device.js';
import { interruptible } from './interruptible.js';
import type { ModelProcess } from './process.js';
import { represent } from './represent.js';
import type { TensorData } from './run-message.js';
import type { Stages } from './stages.js';

export interface ScoringOptions {
  readonly threads: number;
  /** Execution provider; default `cpu`. */
  readonly device?: string;
  /** Padded tokens a batch; default `tokenBudget`. */
  readonly budget?: number;
  /** How a model that doesn't fit in memory is run piece by piece; absent or null: all of it in one session. */
  readonly stages?: Stages | null;
  readonly signal?: AbortSignal;
  /** Tokens done and in all. */
  readonly onProgress?: (done: number, of: number) => void;
  /** Called when the weights are loaded and the first batch starts. */
  readonly onLoaded?: () => void;
}

/** Takes the states (P, d) of sequence `index`, valid during the call; the order of sequences is the batches'. */
export type StatesSink = (index: number, states: Float32Array) => void | Promise<void>;

/** The states at `positions[i]` of sequence i, sequence by sequence as they come. */
export async function eachScoredStates(
  child: ModelProcess,
  model: Model,
  sequences: readonly Int32Array[],
  positions: readonly ArrayLike<number>[],
  options: ScoringOptions,
  sink: StatesSink,
): Promise<void> {
  sequences.forEach((ids, index) => checkIds(model, ids, `sequence ${index}`));
  if (options.stages) {
    // Every token's final state leaves the last stage; those that are wanted are taken here.
    await represent(
      child,
      model,
      sequences,
      { ...options, layers: ['final'], position: 'all' },
      {
        state: (_, index, rows) => sink(index, chosen(rows, positions[index]!, model.width)),
      },
    );
    return;
  }
  await interruptible(child, options.signal, async () => {
    child.label = `checkpoint ${model.name}`;
    const lengths = sequences.map((ids) => ids.length);
    const longest = lengths.reduce((most, length) => Math.max(most, length), 1);
    await loadOn(child, 'rows', model.rowGraph(longest), options.threads, options.device ?? 'cpu');
    await runBatches(
      batchesOf(lengths, options.budget),
      lengths,
      options,
      async (batch) => {
        const out = await child.run('rows', feedsOf(batch, sequences, positions));
        return out['final']!.data as Float32Array;
      },
      (batch, states) => sendRows(batch, states, (index) => positions[index]!.length * model.width, sink),
    );
  });
}

/** A batch's states to the sink, sequence by sequence. */
export async function sendRows(
  batch: readonly number[],
  states: Float32Array,
  sizeOf: (index: number) => number,
  sink: StatesSink,
): Promise<void> {
  let at = 0;
  for (const index of batch) {
    const size = sizeOf(index);
    await sink(index, states.subarray(at, at + size));
    at += size;
  }
}

function chosen(rows: Float32Array, positions: ArrayLike<number>, d: number): Float32Array {
  const states = new Float32Array(positions.length * d);
  for (let p = 0; p < positions.length; p++) {
    states.set(rows.subarray(positions[p]! * d, (positions[p]! + 1) * d), p * d);
  }
  return states;
}

/** The same, kept: (R, d), sequence by sequence in order, each one's positions in the order given. */
export async function scoredStates(
  child: ModelProcess,
  model: Model,
  sequences: readonly Int32Array[],
  positions: readonly ArrayLike<number>[],
  options: ScoringOptions,
): Promise<Float32Array> {
  const starts: number[] = [];
  let count = 0;
  for (const each of positions) {
    starts.push(count);
    count += each.length;
  }
  const all = new Float32Array(count * model.width);
  await eachScoredStates(child, model, sequences, positions, options, (index, states) => {
    all.set(states, starts[index]! * model.width);
  });
  return all;
}

/** One batch waits in the child's queue while another runs. */
export async function runBatches<R>(
  batches: readonly number[][],
  tokens: readonly number[],
  options: ScoringOptions,
  run: (batch: number[]) => Promise<R>,
  take: (batch: number[], result: R) => Promise<void>,
): Promise<void> {
  const of = tokens.reduce((sum, count) => sum + count, 0);
  let done = 0;
  const send = (batch: number[] | undefined) => {
    const reply = batch && run(batch);
    // A failure is reported where it is awaited.
    reply?.catch(() => undefined);
    return reply;
  };
  options.onLoaded?.();
  options.onProgress?.(0, of);
  let next = send(batches[0]);
  for (const [i, batch] of batches.entries()) {
    const current = next!;
    next = send(batches[i + 1]);
    await take(batch, await current);
    done += batch.reduce((sum, index) => sum + tokens[index]!, 0);
    options.onProgress?.(done, of);
  }
}

function feedsOf(
  batch: readonly number[],
  sequences: readonly Int32Array[],
  positions: readonly ArrayLike<number>[],
): Record<string, TensorData> {
  const B = batch.length;
  const T = batch.reduce((longest, index) => Math.max(longest, sequences[index]!.length), 0);
  const ids = new BigInt64Array(B * T);
  const rows: bigint[] = [];
  batch.forEach((index, b) => {
    sequences[index]!.forEach((id, t) => (ids[b * T + t] = BigInt(id)));
    for (let p = 0; p < positions[index]!.length; p++) rows.push(BigInt(b), BigInt(positions[index]![p]!));
  });
  return {
    ids: { type: 'int64', data: ids, dims: [B, T] },
    lengths: { type: 'int32', data: Int32Array.from(batch, (index) => sequences[index]!.length - 1), dims: [B] },
    total: { type: 'int32', data: Int32Array.of(T), dims: [] },
    rows: { type: 'int64', data: BigInt64Array.from(rows), dims: [rows.length / 2, 2] },
  };
}

/** An id outside the vocabulary reads another row of the table, or another array's memory. */
export function checkIds(model: Model, ids: Int32Array, subject: string): void {
  if (ids.length === 0) {
    throw new EigentraceError('input', `${subject}: is empty, got no token (expected at least one)`);
  }
  const odd = ids.find((id) => id < 0 || id >= model.vocabulary);
  if (odd === undefined) return;
  throw new EigentraceError(
    'input',
    `${subject}: token id outside the vocabulary of checkpoint ${model.name}, got ${odd} ` +
      `(expected 0 to ${model.vocabulary - 1}); the tokenizer belongs to another model`,
  );
}
