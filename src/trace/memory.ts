/**
 * Memory as a whole: what of `--memory` the rows and the eigensolver take, and how the model runs in the rest. The default is
 * what the machine has free, less a margin; there a plan is always made, for what a system calls free is no hard bound.
 */
import { freeBytes } from '../bytes/index.js';
import { EigentraceError } from '../errors.js';
import { deepestState, type Layer, type Model, type Precision } from '../models/index.js';
import {
  headMemory,
  leastMemory,
  memoryBound,
  memoryPlan,
  type MemoryPlan,
  type MemoryRequest,
  type Stages,
} from '../runtime/index.js';
import { lentOrder, spectrumMemory } from '../spectrum/index.js';

/** What is to be run, as far as memory is concerned. */
export interface MemoryNeed {
  readonly model: Model;
  readonly layers: readonly Layer[];
  readonly lengths: readonly number[];
  readonly position: 'last' | 'mean' | 'all';
  /** Rows are picked from every token's states. Default false. */
  readonly picks?: boolean;
  readonly nll: boolean;
  /** Whether the head stands beside the sessions all the while, as where tokens are scored. Default false. */
  readonly scored?: boolean;
  /** Bytes that a session takes besides what its plan counts. Default none. */
  readonly besides?: number;
  readonly threads: number;
  /** Rows that are kept, of the model's width; none where Grams are summed as they come. */
  readonly rows: number;
  /** The decompositions: of n rows each; null where there are none. */
  readonly spectrum: { readonly n: number; readonly errors: 'jackknife' | 'none' } | null;
  /** Bytes for both processes together; null: what is free, less a margin. */
  readonly memory: number | null;
  /** Of the blocks' products. Default float32. */
  readonly precision?: Precision;
}

export interface MemoryChoice extends MemoryPlan {
  /** Bytes of rows that stay in memory; more go to a scratch file. */
  readonly rowsBound: number;
}

/** A scratch file of hidden states has at most so many bytes, and at most half of what is free. */
const mostScratch = 16 * 2 ** 30;
/** Rows may have this share of the budget. */
const rowsShare = 1 / 8;

/** How a need is met within its budget; a budget that is too small is an error that says the least that works. */
export function planMemory(need: MemoryNeed, scratchBound = mostScratch): MemoryChoice {
  const budget = need.memory ?? freeMemory();
  const sizes = need.model.sizes(need.precision);
  // Rows go to a scratch file where the model can't do without their memory.
  for (const rowsBound of [Math.min(memoryBound, budget * rowsShare), 0]) {
    const plan = memoryPlan(sizes, requestOf(need, rowsBound, scratchBound), budget);
    if (plan) return { ...plan, rowsBound };
  }
  const request = requestOf(need, 0, scratchBound);
  const least = leastMemory(sizes, request);
  if (need.memory === null) return { ...memoryPlan(sizes, request, least)!, rowsBound: 0 };
  const lower =
    request.resident > least / 4 ? '; fewer --layers or --sequences need less, and so does --errors none' : '';
  throw new EigentraceError(
    'usage',
    `--memory: too small for checkpoint ${need.model.name}, got ${mebibytes(budget, 'down')} ` +
      `(expected at least ${mebibytes(least, 'up')})${lower}`,
  );
}

/** The stages of a choice, for `represent`; null where the whole model is one session. */
export function stagesOf(choice: MemoryPlan, scratch: string): Stages | null {
  if (choice.parts.length + choice.headPieces === 1) return null;
  const { parts, headPieces, waveTokens, waiting } = choice;
  return { parts, headPieces, waveTokens, memory: waiting, scratch };
}

/** What scoring tokens of sequences of these lengths needs (runtime/score.ts): no rows are kept, no spectrum follows. */
export function scoringNeed(
  model: Model,
  lengths: readonly number[],
  { threads, memory }: Pick<MemoryNeed, 'threads' | 'memory'>,
): MemoryNeed {
  const states = { layers: ['final'] as const, position: 'all' as const, nll: false, rows: 0, spectrum: null };
  return { model, lengths, threads, memory, ...states, scored: true };
}

/** Bytes that both processes take where all of the model is in one session. */
export function wholeMemory(need: MemoryNeed): number {
  return Math.ceil(planMemory({ ...need, memory: Number.MAX_SAFE_INTEGER }).peak);
}

/** As planMemory, with a scratch file that leaves half of the free disk alone. */
export async function chooseMemory(need: MemoryNeed, scratch: string): Promise<MemoryChoice> {
  const free = await freeBytes(scratch);
  return planMemory(need, free === null ? mostScratch : Math.min(mostScratch, free / 2));
}

function requestOf(need: MemoryNeed, rowsBound: number, scratchBound: number): MemoryRequest {
  const { model, layers, lengths, position, nll, threads, spectrum } = need;
  const rows = need.rows * model.width * 4;
  const streamed = position === 'all' && !need.picks && spectrum !== null;
  const decompositions = spectrum
    ? spectrumMemory(spectrum.n, model.width, { errors: spectrum.errors, streamed }) +
      lentMemory(spectrum.n, model.width)
    : 0;
  return {
    ...{ layers, nll, threads, scratchBound },
    deepest: deepestState(layers, nll, model.layers),
    everyRow: position === 'all' || (need.picks ?? false),
    maxTokens: lengths.reduce((most, length) => Math.max(most, length), 1),
    tokens: lengths.reduce((sum, length) => sum + length, 0),
    // The eigensolver keeps its memory from one checkpoint to the next; sums of Grams are there from the start.
    resident:
      (rows > rowsBound ? 0 : rows) +
      (streamed ? decompositions * layers.length : decompositions) +
      (need.scored ? headMemory(model.sizes()) : 0) +
      model.sizes(need.precision).rounding +
      (need.besides ?? 0),
  };
}

/** What the eigensolver's threads take besides where they are lent a product: its library, and their copies of the rows. */
export function lentMemory(n: number, d: number): number {
  return n >= d && d >= lentOrder ? 80e6 + 40e3 * Math.min(d, 2048) : 0;
}

/** Bytes that this process and its child may have: what is free and what this one holds, less a tenth. */
export function freeMemory(): number {
  const free = process.availableMemory() + process.memoryUsage.rss();
  return free - Math.max(free / 10, 256 * 2 ** 20);
}

/** `1250MiB`, as the option takes it, rounded so that what is said to work works. */
export function mebibytes(bytes: number, direction: 'up' | 'down'): string {
  return `${Math[direction === 'up' ? 'ceil' : 'floor'](bytes / 2 ** 20)}MiB`;
}
