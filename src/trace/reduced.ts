/**
 * `--precision int8`: the model with its products in whole numbers, and what that changes. Some sequences, spread over the
 * corpus, are run in float32 first; when the same sequences come out of the reduced model, their states are held against
 * those, and the difference is recorded beside the figures. No reduced run goes without it.
 */
import { EigentraceError } from '../errors.js';
import type { Layer, Model, Position } from '../models/index.js';
import {
  layerName,
  represent,
  roundWeights,
  type ModelProcess,
  type StatePick,
  type StateSink,
} from '../runtime/index.js';
import { measureRows, type Kernel } from '../spectrum/index.js';
import { cacheFolder, weightScratch } from './cache.js';
import { chooseMemory, stagesOf, type MemoryNeed } from './memory.js';

/** A figure of the same rows from both. */
export interface Both {
  readonly float32: number | null;
  readonly int8: number | null;
}

/** What is recorded as `precision_check`. */
export interface PrecisionCheck {
  /** How many sequences were run both ways. */
  readonly sequences: number;
  /** By layer name. */
  readonly layers: Readonly<
    Record<
      string,
      {
        /** Root mean square of the difference of the rows, as a share of their spread around their mean; null where all are alike. */
        readonly state_error: number | null;
        /** Of these rows; absent where they are too few, or not one a sequence. */
        readonly rankme?: Both;
        readonly alpha?: Both;
      }
    >
  >;
  /** Of these sequences, where likelihoods are asked for. */
  readonly nll?: Both;
}

/** States that are further apart say nothing of the model any more. */
export const reducedTolerance = 0.25;
/** One sequence of so many is run both ways, and at least and at most so many. */
const share = 16;
const fewest = 16;
const most = 256;
/** Numbers of either side that are kept for it. */
const mostKept = 8e6;
/** Rows from which their RankMe and α say something: the α fit takes 100 ranks. */
const enoughRows = 120;

export interface ReducedOptions {
  readonly layers: readonly Layer[];
  readonly position: Position;
  readonly picks?: Readonly<Record<string, readonly StatePick[]>>;
  readonly logprobs?: boolean;
  readonly threads: number;
  /** Bytes for both processes together; null: what is free. */
  readonly memory: number | null;
}

interface ReducedTools {
  readonly child: ModelProcess;
  readonly scratch: string;
  readonly signal?: AbortSignal | undefined;
}

/** Rows by layer and sequence, and the sum of each sequence's log-probabilities. */
class Kept implements StateSink {
  readonly rows = new Map<Layer, Map<number, Float32Array>>();
  readonly sums = new Map<number, { sum: number; count: number }>();

  state(layer: Layer, index: number, rows: Float32Array): void {
    const known = this.rows.get(layer) ?? new Map<number, Float32Array>();
    this.rows.set(layer, known.set(index, rows.slice()));
  }

  logprobs(index: number, values: Float32Array): void {
    this.sums.set(index, { sum: values.reduce((sum, value) => sum + value, 0), count: values.length });
  }
}

export class Reduced {
  /** What is to be run. */
  readonly model: Model;
  readonly #sample: readonly number[];
  readonly #options: ReducedOptions;
  readonly #release: () => Promise<void>;
  readonly #exact: Kept;
  readonly #reduced = new Kept();

  private constructor(parts: {
    model: Model;
    sample: readonly number[];
    options: ReducedOptions;
    exact: Kept;
    release: () => Promise<void>;
  }) {
    this.model = parts.model;
    this.#sample = parts.sample;
    this.#options = parts.options;
    this.#exact = parts.exact;
    this.#release = parts.release;
  }

  /** Runs the sample in float32, then rounds the weights, which must be there (`Checkpoint.prepare`). */
  static async open(
    model: Model,
    ids: readonly Int32Array[],
    options: ReducedOptions,
    tools: ReducedTools,
  ): Promise<Reduced> {
    const { layers, position, picks, logprobs = false, threads } = options;
    const { child, scratch, signal } = tools;
    const lengths = ids.map(({ length }) => length);
    const sample = sampleOf(lengths, options, model.width);
    const sequences = sample.map((index) => ids[index]!);
    const choice = await chooseMemory(sampleNeed(model, lengths, options), scratch);
    const exact = new Kept();
    const stages = stagesOf(choice, scratch);
    await represent(
      child,
      model,
      sequences,
      { layers, position, logprobs, threads, stages, ...(picks ? { picks } : {}), ...(signal ? { signal } : {}) },
      {
        state: (layer, at, rows) => exact.state(layer, sample[at]!, rows),
        logprobs: (at, values) => exact.logprobs(sample[at]!, values),
      },
    );
    await child.release();
    const { model: rounded, release } = await roundWeights(model, weightScratch(cacheFolder()), { signal });
    return new Reduced({ model: rounded, sample, options, exact, release });
  }

  /** Passes states on, and keeps those of the sample. */
  watch(sink: StateSink): StateSink {
    const sample = new Set(this.#sample);
    return {
      state: (layer, index, rows) => {
        if (sample.has(index)) this.#reduced.state(layer, index, rows);
        return sink.state(layer, index, rows);
      },
      logprobs: (index, values) => {
        if (sample.has(index)) this.#reduced.logprobs(index, values);
        sink.logprobs?.(index, values);
      },
    };
  }

  /** What was found, once all is run; an error where the reduced states are no longer the model's. */
  async check(spectrum: { kernel: Kernel; alphaRange: readonly [number, number] } | null): Promise<PrecisionCheck> {
    const { layers, position, picks, logprobs = false } = this.#options;
    const { width } = this.model;
    const found: Record<string, PrecisionCheck['layers'][string]> = {};
    for (const layer of layers) {
      const [float32, int8] = [this.#exact, this.#reduced].map((kept) => joined(kept.rows.get(layer)!, this.#sample));
      const state_error = errorOf(float32!, int8!, width);
      if (state_error !== null && !(state_error <= reducedTolerance)) throw this.#tooFar(layer, state_error);
      const single = position !== 'all' && !picks?.[layerName(layer)];
      if (spectrum === null || !single || this.#sample.length < enoughRows) {
        found[String(layer)] = { state_error };
        continue;
      }
      const figures = async (rows: Float32Array) => {
        const read = (from: number, to: number): Float32Array => rows.subarray(from * width, to * width);
        const options = { errors: 'none' as const, ...spectrum };
        return (await measureRows({ n: this.#sample.length, d: width, read }, options)).figures;
      };
      const [a, b] = [await figures(float32!), await figures(int8!)];
      const both = (name: string): Both => ({ float32: a[name] ?? null, int8: b[name] ?? null });
      found[String(layer)] = { state_error, rankme: both('rankme'), alpha: both('alpha') };
    }
    const nll = { float32: meanOf(this.#exact), int8: meanOf(this.#reduced) };
    return { sequences: this.#sample.length, layers: found, ...(logprobs ? { nll } : {}) };
  }

  /** Removes the rounded weights. */
  release(): Promise<void> {
    return this.#release();
  }

  #tooFar(layer: Layer, error: number): EigentraceError {
    return new EigentraceError(
      'input',
      `checkpoint ${this.model.name}: --precision int8 moves the states of layer ${layer} by ${percent(error)} of their spread ` +
        `(expected at most ${percent(reducedTolerance)}); use --precision float32`,
    );
  }
}

/** Tells what a reduced precision changes: at the first checkpoint, and where it changes more than half as much again. */
export class Differences {
  #told = 0;

  tell(revision: string, check: PrecisionCheck | null | undefined, note: (message: string) => void): void {
    if (!check) return;
    const worst = worstOf(check);
    if (worst <= 1.5 * this.#told) return;
    this.#told = Math.max(worst, Number.MIN_VALUE);
    note(`checkpoint ${revision}: ${wordsOfCheck(check)}`);
  }
}

function worstOf({ layers }: PrecisionCheck): number {
  return Math.max(0, ...Object.values(layers).flatMap(({ state_error }) => state_error ?? []));
}

/** `products in int8: states differ from float32 by 1.2 % of their spread, RankMe by 0.1 %, …`: for a reader. */
export function wordsOfCheck(check: PrecisionCheck): string {
  const { sequences, layers, nll } = check;
  const parts = [`states differ from float32 by ${percent(worstOf(check))} of their spread`];
  const apart = (of: (layer: PrecisionCheck['layers'][string]) => Both | undefined): number => {
    const shares = Object.values(layers).map((layer) => relative(of(layer)));
    return Math.max(...shares.map((share) => share ?? -1));
  };
  for (const [name, largest] of Object.entries({ RankMe: apart((l) => l.rankme), α: apart((l) => l.alpha) })) {
    if (largest >= 0) parts.push(`${name} by ${percent(largest)}`);
  }
  const likelihood = relative(nll);
  if (likelihood !== null) parts.push(`the likelihood by ${percent(likelihood)}`);
  return `products in int8: ${parts.join(', ')} (${sequences} sequences run both ways)`;
}

function relative(both: Both | undefined): number | null {
  if (!both?.float32 || both.int8 === null) return null;
  return Math.abs(both.int8 / both.float32 - 1);
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}

/** Sequences to run both ways, spread evenly over the corpus. */
function sampleOf(lengths: readonly number[], { layers, position, picks }: ReducedOptions, width: number): number[] {
  const n = lengths.length;
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const rows = position === 'all' && !picks ? (layers.length * tokens) / Math.max(1, n) : rowsOf(layers, picks);
  const wanted = Math.min(most, Math.max(fewest, Math.ceil(n / share)));
  const count = Math.max(1, Math.min(n, wanted, Math.floor(mostKept / (rows * width))));
  return Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * n) / count));
}

/** Rows of one sequence, all layers together. */
function rowsOf(layers: readonly Layer[], picks: ReducedOptions['picks']): number {
  return layers.reduce<number>((sum, layer) => sum + (picks?.[layerName(layer)]?.length ?? 1), 0);
}

/** What the sequences that are run both ways need in float32. */
export function sampleNeed(model: Model, all: readonly number[], options: ReducedOptions): MemoryNeed {
  const { layers, position, picks, logprobs = false, threads, memory } = options;
  const lengths = sampleOf(all, options, model.width).map((index) => all[index]!);
  const shape = { model, layers, lengths, position, picks: picks !== undefined, nll: logprobs };
  return { ...shape, threads, memory, rows: lengths.length * rowsOf(layers, picks), spectrum: null };
}

function joined(rows: ReadonlyMap<number, Float32Array>, sample: readonly number[]): Float32Array {
  const parts = sample.map((index) => rows.get(index)!);
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** √(Σ|x − y|² / Σ|x − x̄|²) over rows; what is not finite in float32 is a fault of the checkpoint, and left out. */
function errorOf(float32: Float32Array, int8: Float32Array, d: number): number | null {
  const rows = Array.from({ length: float32.length / d }, (_, i) => float32.subarray(i * d, (i + 1) * d));
  const finite = rows.flatMap((row, i) => (row.every(Number.isFinite) ? [i] : []));
  const mean = new Float64Array(d);
  for (const i of finite) rows[i]!.forEach((value, j) => (mean[j]! += value / finite.length));
  let [difference, spread] = [0, 0];
  for (const i of finite) {
    for (let j = 0; j < d; j++) {
      difference += (int8[i * d + j]! - rows[i]![j]!) ** 2;
      spread += (rows[i]![j]! - mean[j]!) ** 2;
    }
  }
  if (Number.isNaN(difference)) return Infinity;
  return spread > 0 ? Math.sqrt(difference / spread) : null;
}

function meanOf({ sums }: Kept): number | null {
  let [sum, count] = [0, 0];
  for (const each of sums.values()) {
    sum += each.sum;
    count += each.count;
  }
  return count > 0 && Number.isFinite(sum) ? -sum / count : null;
}
