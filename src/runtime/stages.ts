/**
 * A model that doesn't fit in memory, run in stages: a session of some blocks over every batch, its weights read once, then
 * the next one. Between stages every token's hidden state waits, in memory or in one scratch file whose size is known before
 * and which is written over in place. Where even that is too much, batches go in waves, each through all stages.
 * The numbers are those of one session: the same operators on the same values, batch by batch.
 */
import type { ModelGraph, Part, RowRange } from '../models/index.js';
import { checkDevice, loadOn } from './device.js';
import { pipelined, type Batch, type Passage } from './passage.js';
import type { ModelProcess } from './process.js';
import type { ForwardReply, LogitSums } from './protocol.js';
import type { Represented, RepresentOptions } from './represent.js';
import { RowStore } from './row-store.js';

export interface Stages {
  /** What each session runs, in order. */
  readonly parts: readonly Part[];
  /** Sessions of the head, each a part of the vocabulary; 0 where it isn't asked for or stands beside the only part. */
  readonly headPieces: number;
  /** Tokens whose hidden states wait at once (at least one batch's). */
  readonly waveTokens: number;
  /** Bytes of hidden states that wait in memory; beyond, they are in a scratch file. */
  readonly memory: number;
  /** Folder of the scratch file. */
  readonly scratch: string;
}

export async function runStages(
  child: ModelProcess,
  passage: Passage,
  options: RepresentOptions,
  stages: Stages,
): Promise<Represented> {
  const run = new StagedRun(child, passage, options, stages);
  for (const wave of wavesOf(passage, stages.waveTokens)) await run.wave(wave);
  return { deviceDifference: run.deviceDifference };
}

/** Consecutive batches of at most so many tokens together; a larger batch is alone. */
function wavesOf(passage: Passage, tokens: number): Batch[][] {
  const waves: Batch[][] = [];
  let left = 0;
  for (const batch of passage.batches) {
    const size = passage.tokensOf(batch);
    if (size > left || waves.length === 0) {
      waves.push([]);
      left = tokens;
    }
    waves.at(-1)!.push(batch);
    left -= size;
  }
  return waves;
}

class StagedRun {
  deviceDifference: number | null = null;
  readonly #child: ModelProcess;
  readonly #passage: Passage;
  readonly #options: RepresentOptions;
  readonly #stages: Stages;
  readonly #graphs: readonly ModelGraph[];
  readonly #heads: readonly { graph: ModelGraph; tokens: RowRange | null }[];
  /** Of all tokens, and of those that are through all stages. */
  readonly #work: number;
  #worked = 0;
  #first = true;

  constructor(child: ModelProcess, passage: Passage, options: RepresentOptions, stages: Stages) {
    this.#child = child;
    this.#passage = passage;
    this.#options = options;
    this.#stages = stages;
    const { model, request } = passage;
    this.#graphs = stages.parts.map((part) => model.stateGraph({ ...request, part }));
    this.#heads = options.logprobs ? headsOf(passage, stages.headPieces) : [];
    const graphs = [...this.#graphs, ...this.#heads.map(({ graph }) => graph)];
    this.#work = graphs.reduce((sum, graph) => sum + workOf(graph), 0);
  }

  /** Some batches through every stage. */
  async wave(batches: readonly Batch[]): Promise<void> {
    const passage = this.#passage;
    const starts = new Map<Batch, number>();
    let tokens = 0;
    for (const batch of batches) {
      starts.set(batch, tokens);
      tokens += passage.tokensOf(batch);
    }
    const { scratch, memory } = this.#stages;
    const waiting = await RowStore.create(['hidden'], tokens, passage.model.width, scratch, memory);
    const rows = waiting.rows('hidden');
    const hidden = async (batch: Batch): Promise<Float32Array> => {
      const start = starts.get(batch)!;
      return rows.read(start, start + passage.tokensOf(batch));
    };
    try {
      for (const [i, graph] of this.#graphs.entries()) {
        const keeps = i + 1 < this.#graphs.length || this.#heads.length > 0;
        await this.#stage(graph, batches, i > 0 ? hidden : null, keeps, (batch, states) =>
          waiting.put('hidden', starts.get(batch)!, states),
        );
      }
      if (this.#heads.length > 0) await this.#head(batches, starts, tokens, hidden);
    } finally {
      await waiting.close();
    }
    this.#first = false;
  }

  async #stage(
    graph: ModelGraph,
    batches: readonly Batch[],
    hidden: ((batch: Batch) => Promise<Float32Array>) | null,
    keeps: boolean,
    keep: (batch: Batch, states: Float32Array) => Promise<void>,
  ): Promise<void> {
    const { threads, device = 'cpu', onLoaded } = this.#options;
    const passage = this.#passage;
    await loadOn(this.#child, 'states', graph, threads, device);
    const messageOf = async (batch: Batch) => ({
      ...passage.message(batch),
      ...{ head: 'none' as const, onward: keeps, hidden: hidden ? await hidden(batch) : null },
    });
    if (this.#first && device !== 'cpu' && batches[0]) {
      await this.#check(graph, await messageOf(batches[0]), device);
    }
    if (this.#first && graph === this.#graphs[0]) {
      onLoaded?.();
      this.#progress(0);
    }
    await pipelined(
      batches,
      async (batch) => this.#child.forward(await messageOf(batch)),
      async (batch, reply) => {
        await passage.deliver(batch, reply.states);
        if (reply.hidden) await keep(batch, reply.hidden);
        this.#progress(workOf(graph) * passage.tokensOf(batch));
      },
    );
    await this.#child.release('states');
  }

  /** The head over kept final states, the vocabulary piece by piece where it is divided: ln p = logit − ln Σ exp, float64. */
  async #head(
    batches: readonly Batch[],
    starts: ReadonlyMap<Batch, number>,
    tokens: number,
    hidden: (batch: Batch) => Promise<Float32Array>,
  ): Promise<void> {
    const { threads, device = 'cpu' } = this.#options;
    const passage = this.#passage;
    const running = this.#heads.length > 1 ? new RunningSums(tokens) : null;
    for (const { graph, tokens: piece } of this.#heads) {
      await loadOn(this.#child, 'head', graph, threads, device);
      await pipelined(
        batches,
        async (batch) => {
          const { ids, lengths } = passage.message(batch);
          return this.#child.score({ ids, lengths, states: await hidden(batch), tokens: piece });
        },
        (batch, reply) => {
          if ('logprobs' in reply) passage.deliverLogprobs(batch, reply.logprobs);
          else running!.add(starts.get(batch)!, reply.sums);
          this.#progress(workOf(graph) * passage.tokensOf(batch));
          return Promise.resolve();
        },
      );
      await this.#child.release('head');
    }
    if (!running) return;
    for (const batch of batches) {
      // A sequence's first token is not predicted.
      const count = passage.tokensOf(batch) - batch.length;
      passage.deliverLogprobs(batch, running.logprobs(starts.get(batch)!, count));
    }
  }

  async #check(graph: ModelGraph, message: Parameters<ModelProcess['forward']>[0], device: string): Promise<void> {
    const child = this.#child;
    const all = ({ states, hidden }: ForwardReply) => (hidden ? { ...states, hidden } : states);
    await child.load('reference', graph, this.#options.threads);
    const reference = all(await child.forward(message, 'reference'));
    await child.release('reference');
    const difference = checkDevice(child.label, device, all(await child.forward(message)), reference);
    this.deviceDifference = Math.max(this.deviceDifference ?? 0, difference);
  }

  /** Told in tokens: a token that is through a third of the work counts as a third. */
  #progress(work: number): void {
    this.#worked += work;
    const { tokens } = this.#passage;
    this.#options.onProgress?.(Math.min(tokens, Math.round(this.#worked / this.#work)), tokens);
  }
}

/** Operations a token, or an estimate above zero where there are none (embeddings alone). */
function workOf({ cost }: ModelGraph): number {
  return Math.max(1, cost.perToken + cost.perSequence);
}

function headsOf({ model }: Passage, pieces: number): { graph: ModelGraph; tokens: RowRange | null }[] {
  if (pieces <= 1) return [{ graph: model.headGraph('logprobs'), tokens: null }];
  const bound = (piece: number): number => Math.floor((piece * model.vocabulary) / pieces);
  return Array.from({ length: pieces }, (_, piece) => {
    const tokens = { from: bound(piece), to: bound(piece + 1) };
    return { graph: model.headGraph('logits', tokens), tokens };
  });
}

/** ln Σ exp of logits that come piece by piece, for every token. */
class RunningSums {
  readonly #largest: Float64Array;
  readonly #sum: Float64Array;
  readonly #target: Float64Array;

  constructor(tokens: number) {
    this.#largest = new Float64Array(tokens).fill(-Infinity);
    this.#sum = new Float64Array(tokens);
    this.#target = new Float64Array(tokens).fill(NaN);
  }

  add(start: number, { largest, sum, target }: LogitSums): void {
    for (let i = 0; i < largest.length; i++) {
      const at = start + i;
      const most = Math.max(this.#largest[at]!, largest[i]!);
      this.#sum[at] = this.#sum[at]! * Math.exp(this.#largest[at]! - most) + sum[i]! * Math.exp(largest[i]! - most);
      this.#largest[at] = most;
      if (!Number.isNaN(target[i]!)) this.#target[at] = target[i]!;
    }
  }

  logprobs(start: number, count: number): Float32Array {
    return Float32Array.from({ length: count }, (_, i) => {
      const at = start + i;
      return this.#target[at]! - this.#largest[at]! - Math.log(this.#sum[at]!);
    });
  }
}
