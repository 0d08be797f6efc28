/**
 * How a model is run within a bound of memory: all of it in one session where it fits, else in stages. Pure: sizes in,
 * stages and the peak out. The bound is for both processes together, as the largest resident set that each has had
 * (VmHWM on Linux, in which mapped pages of the weight files count).
 */
import { wholeModel, type Layer, type ModelSizes, type Part, type UnitSize } from '../models/index.js';
import { tokenBudget } from './batches.js';

export interface MemoryRequest {
  /** The last state that is needed: blocks after it are not run. */
  readonly deepest: number;
  readonly layers: readonly Layer[];
  /** Whether every token's state leaves the session: position `all`, or picks. */
  readonly everyRow: boolean;
  readonly nll: boolean;
  /** Of the longest sequence, and of all. */
  readonly maxTokens: number;
  readonly tokens: number;
  readonly threads: number;
  /** Bytes that stay beside the sessions the whole time: rows, Grams, the eigensolver. */
  readonly resident: number;
  /** Bytes that the scratch file of hidden states may have. */
  readonly scratchBound: number;
}

export interface MemoryPlan {
  /** What each session runs; one part is the whole model at once. */
  readonly parts: readonly Part[];
  /** Sessions of the head after them; 0 where it is not asked for or stands beside the only part. */
  readonly headPieces: number;
  /** Tokens whose hidden states wait at once, and the bytes of those that wait in memory, or else in a scratch file. */
  readonly waveTokens: number;
  readonly waiting: number;
  readonly scratch: number;
  /** Largest memory of both processes together, in bytes. */
  readonly peak: number;
}

/** Both processes without a model: measured 220 and 70 MB with a tokenised corpus of some hundred passages. */
export const processesMemory = 300e6;
/** Pages around a row of a mapped table that come with it: the kernel maps 64 KiB at a fault. */
const pageAround = 65536;
/** Share of what the budget leaves beside the processes in which hidden states may wait before they go to a scratch file. */
const waitingShare = 1 / 16;
/** Rows of logits at once (runtime/head.ts), and copies of them in a session. */
const logitRows = 256;
const logitCopies = 3;
/** A piece of the vocabulary has at least so many tokens. */
const leastPiece = 1024;

/** The plan of fewest stages within the budget; null where there is none, then `leastMemory` says what would do. */
export function memoryPlan(sizes: ModelSizes, request: MemoryRequest, budget: number): MemoryPlan | null {
  const costs = new Costs(sizes, request);
  const { resident, nll, tokens } = request;
  const fixed = processesMemory + resident;
  const plan = (parts: readonly Part[], headPieces: number, room: Waiting, session: number): MemoryPlan => ({
    ...{ parts, headPieces, ...room },
    peak: fixed + room.waiting + session,
  });
  const whole = costs.whole(nll);
  if (fixed + whole <= budget) return plan([wholeModel], 0, { waiting: 0, scratch: 0, waveTokens: tokens }, whole);
  for (const room of roomsOf(sizes, request, budget - fixed)) {
    const limit = budget - fixed - room.waiting;
    const headPieces = nll ? costs.headPieces(limit) : 0;
    if (headPieces === null) continue;
    const head = headPieces > 0 ? costs.head(headPieces) : 0;
    // All blocks at once, the head after them.
    const blocks = costs.whole(false) + costs.states();
    if (nll && blocks <= limit) return plan([wholeModel], headPieces, room, Math.max(head, blocks));
    const parts = costs.parts(limit);
    if (parts === null || costs.embeddings() > limit) continue;
    const session = Math.max(head, costs.embeddings(), ...parts.map((part) => costs.part(part)));
    return plan([{ from: null, to: 0 }, ...parts], headPieces, room, session);
  }
  return null;
}

/** The least budget for which there is a plan: every block alone, the head in as many pieces as there may be. */
export function leastMemory(sizes: ModelSizes, request: MemoryRequest): number {
  const costs = new Costs(sizes, request);
  const singly = Array.from({ length: request.deepest }, (_, l) => {
    return costs.part({ from: l, to: l + 1 === request.deepest ? null : l + 1 });
  });
  const head = request.nll ? costs.head(costs.mostPieces()) : 0;
  const session = Math.min(Math.max(costs.embeddings(), head, ...singly), costs.whole(request.nll));
  return Math.ceil(processesMemory + request.resident + session);
}

/** Bytes of a head that scores tokens while the blocks run: its weights, and logits with the arrays of their softmax. */
export function headMemory({ head, vocabulary }: ModelSizes): number {
  const logits = logitRows * Math.min(vocabulary, 50_432);
  return head ? held([head]) + passing([head]) + 5 * 4 * logits : 0;
}

interface Waiting {
  readonly waiting: number;
  readonly scratch: number;
  readonly waveTokens: number;
}

/** Where hidden states may wait: in memory up to a share of the budget; in scratch, in waves where that is bounded too. */
function roomsOf({ width }: ModelSizes, request: MemoryRequest, free: number): Waiting[] {
  const { tokens, maxTokens, scratchBound } = request;
  const each = 4 * width;
  const batch = Math.max(tokenBudget, maxTokens);
  const most = Math.max(batch, Math.floor(scratchBound / each));
  const waves = Math.max(1, Math.ceil(tokens / most));
  // Batches are not cut, so that a wave may have a batch less than its share.
  const waveTokens = waves === 1 ? tokens : Math.min(most, Math.ceil(tokens / waves) + batch);
  const scratch: Waiting = { waiting: 0, scratch: Math.min(tokens, waveTokens) * each, waveTokens };
  if (tokens * each > free * waitingShare) return [scratch];
  return [{ waiting: tokens * each, scratch: 0, waveTokens: tokens }, scratch];
}

/** Bytes of a session in the child, and of what its batches take in both processes. */
class Costs {
  readonly #sizes: ModelSizes;
  readonly #request: MemoryRequest;
  /** Tokens of a batch. */
  readonly #batch: number;

  constructor(sizes: ModelSizes, request: MemoryRequest) {
    this.#sizes = sizes;
    this.#request = request;
    this.#batch = Math.max(Math.min(tokenBudget, request.tokens), request.maxTokens);
  }

  /** The whole model in one session, the head's beside it. */
  whole(withHead: boolean): number {
    const { head, blocks } = this.#sizes;
    const used = blocks.slice(0, this.#request.deepest);
    const heads = withHead && head ? [head] : [];
    const logits = withHead && head ? this.#logits(this.#sizes.vocabulary) : 0;
    const outputs = this.#outputs(() => true);
    return (
      this.#tables() +
      held(used) +
      held(heads) +
      Math.max(passing([...used, ...heads]), this.#activations() + outputs + logits)
    );
  }

  part({ from, to }: Part): number {
    const end = to ?? this.#request.deepest;
    const units = this.#sizes.blocks.slice(from ?? 0, end);
    const outputs = this.#outputs((layer) => (layer === 'final' ? to === null : layer > (from ?? -1) && layer <= end));
    return held(units) + Math.max(passing(units), this.#activations() + this.states() + outputs);
  }

  embeddings(): number {
    return this.#tables() + this.states() + this.#outputs((layer) => layer === 0);
  }

  head(pieces: number): number {
    const { head, vocabulary } = this.#sizes;
    if (!head) return 0;
    const sums = pieces > 1 ? 24 * Math.min(this.#request.tokens, this.#wave()) : 0;
    const one = { ...head, laidOut: head.laidOut / pieces, passing: head.passing / pieces };
    return held([one]) + Math.max(passing([one]), this.states() + this.#logits(vocabulary / pieces)) + sums;
  }

  mostPieces(): number {
    const { head, vocabulary } = this.#sizes;
    return head?.divisible ? Math.max(1, Math.floor(vocabulary / leastPiece)) : 1;
  }

  /** As few pieces of the head as fit; null: none do. */
  headPieces(limit: number): number | null {
    for (let pieces = 1; pieces <= this.mostPieces(); pieces++) if (this.head(pieces) <= limit) return pieces;
    return null;
  }

  /** As few parts of blocks as fit, as even as may be; null: one block is too much. */
  parts(limit: number): Part[] | null {
    const fewest = this.#cut(limit);
    if (fewest === null) return null;
    let [low, high, best] = [0, limit, fewest];
    for (let i = 0; i < 30; i++) {
      const middle = (low + high) / 2;
      const parts = this.#cut(middle);
      if (parts && parts.length <= fewest.length) [high, best] = [middle, parts];
      else low = middle;
    }
    return best;
  }

  /** Blocks in order, a new part where the next one doesn't fit. */
  #cut(limit: number): Part[] | null {
    const { deepest } = this.#request;
    const partOf = (from: number, to: number): Part => ({ from, to: to === deepest ? null : to });
    const parts: Part[] = [];
    let from = 0;
    while (from < deepest) {
      let to = from + 1;
      if (this.part(partOf(from, to)) > limit) return null;
      while (to < deepest && this.part(partOf(from, to + 1)) <= limit) to++;
      parts.push(partOf(from, to));
      from = to;
    }
    return parts;
  }

  /** The embedding's rows that are read, or the whole table where an adapter changes it. */
  #tables(): number {
    const { embedding, width } = this.#sizes;
    if (embedding.whole) return held([embedding]) + passing([embedding]);
    return Math.min(embedding.stored, this.#request.tokens * (4 * width + pageAround));
  }

  /** Measured at widths 768 to 4096: the arena of a session holds up to 14 states and 7 of the widest product. */
  #activations(): number {
    const { width, widest, rounding } = this.#sizes;
    const { maxTokens, threads } = this.#request;
    // Products in whole numbers round their left side in four steps.
    const rounded = rounding > 0 ? 4 : 0;
    return 4 * this.#batch * (14 * width + (7 + rounded) * widest) + 8 * threads * maxTokens ** 2;
  }

  /** Hidden states on their way between the processes: two batches, each there and back, in either. */
  states(): number {
    return 8 * 4 * this.#batch * this.#sizes.width;
  }

  /** Every token's states of the layers that leave a session, in it and on their way. */
  #outputs(leaves: (layer: Layer) => boolean): number {
    const { layers, everyRow } = this.#request;
    return everyRow ? 5 * 4 * this.#batch * this.#sizes.width * layers.filter(leaves).length : 0;
  }

  #logits(vocabulary: number): number {
    return 4 * logitRows * vocabulary * logitCopies;
  }

  #wave(): number {
    return Math.max(this.#batch, Math.floor(this.#request.scratchBound / (4 * this.#sizes.width)));
  }
}

/** Weights that a session holds. */
function held(units: readonly UnitSize[]): number {
  return units.reduce((sum, { laidOut }) => sum + laidOut, 0);
}

/** The largest weight that is there twice while it is laid out. */
function passing(units: readonly UnitSize[]): number {
  return units.reduce((most, unit) => Math.max(most, unit.passing), 0);
}
