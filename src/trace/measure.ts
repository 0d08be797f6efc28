/**
 * One checkpoint, measured: forward pass in the child, spectrum of every layer, likelihood; then the weight files
 * are looked at again, because numbers from files that changed under way belong to no checkpoint.
 */
import { whatChanged } from '../checkpoints/index.js';
import { EigentraceError } from '../errors.js';
import type { Layer } from '../models/index.js';
import type { FeatureRows } from '../record/index.js';
import { represent, RowStore, type ModelProcess, type StateSink } from '../runtime/index.js';
import { groupOfRow, GramAccumulator, measureRows, type Kernel, type LayerMeasurement } from '../spectrum/index.js';
import { LikelihoodSum, type Likelihood } from './likelihood.js';
import { chooseMemory, stagesOf } from './memory.js';
import { needOf } from './memory-need.js';
import { Reduced, type PrecisionCheck } from './reduced.js';
import type { TraceRequest } from './request.js';
import type { Subject } from './subject.js';

const groups = 10;

export interface Measured {
  /** By layer name in records: `final`, `0`, `6`. */
  readonly layers: Record<string, LayerMeasurement>;
  readonly nll: Likelihood | null;
  /** Largest relative difference of the first batch from the CPU; null on the CPU, or where rows were read. */
  readonly deviceDifference: number | null;
  /** How a reduced precision differs from float32; absent or null for float32 itself. */
  readonly precision?: PrecisionCheck | null;
  /** Sessions that the model was run in, one after another; absent where none was. */
  readonly stages?: number;
  /** `forward` is null where rows were read. */
  readonly seconds: { forward: number | null; spectrum: number };
  /** The rows of every layer, while `close` was not called; null for position all. */
  readonly features: Record<string, FeatureRows> | null;
  close(): Promise<void>;
}

export interface MeasureTools {
  readonly child: ModelProcess;
  readonly kernel: Kernel;
  /** Folder for a scratch file. */
  readonly scratch: string;
  readonly signal?: AbortSignal | undefined;
  readonly onPhase: (phase: 'load' | 'forward' | 'spectrum', done: number, of: number) => void;
}

export async function measure(subject: Subject, request: TraceRequest, tools: MeasureTools): Promise<Measured> {
  const { model, sequences, layers } = subject;
  const lengths = sequences.ids.map(({ length }) => length);
  const memory = await chooseMemory(needOf({ model, layers, lengths }, request), tools.scratch);
  const likelihood = request.nll ? new LikelihoodSum(sequences.ids.length) : null;
  const gather =
    request.position === 'all'
      ? new StreamedGrams(subject, request, tools)
      : await StoredLayers.create(subject, request, tools.scratch, memory.rowsBound);
  let release: (() => Promise<void>) | null = null;
  let reduced: Reduced | null = null;
  try {
    const start = performance.now();
    tools.onPhase('load', 0, model.bytes);
    release = (await subject.checkpoint.prepare?.(tools.signal)) ?? null;
    const { position, nll: logprobs, threads } = request;
    if (request.precision === 'int8') {
      const options = { layers, position, logprobs, threads, memory: request.memory };
      reduced = await Reduced.open(model, sequences.ids, options, tools);
    }
    const sink: StateSink = {
      state: (layer, index, rows) => gather.add(layer, index, rows),
      logprobs: (index, values) => likelihood?.add(index, values),
    };
    const { deviceDifference } = await represent(
      tools.child,
      reduced?.model ?? model,
      sequences.ids,
      {
        ...{ layers, position, logprobs, threads },
        device: request.device,
        stages: stagesOf(memory, tools.scratch),
        ...(tools.signal ? { signal: tools.signal } : {}),
        onProgress: (done, of) => tools.onPhase('forward', done, of),
      },
      reduced?.watch(sink) ?? sink,
    );
    // Sessions and their memory are let go before the decompositions take theirs.
    await tools.child.release();
    await reduced?.release();
    await release?.();
    const changed = await whatChanged(subject.checkpoint.files);
    if (changed) {
      throw new EigentraceError(
        'input',
        `checkpoint ${subject.entry.revision}: a weight file changed while it was measured: ${changed}; ` +
          'nothing was recorded, run the same command again when it is written',
      );
    }
    const middle = performance.now();
    const precision = (await reduced?.check({ kernel: tools.kernel, alphaRange: request.alphaRange })) ?? null;
    const measured: Record<string, LayerMeasurement> = {};
    for (const [i, layer] of layers.entries()) {
      measured[String(layer)] = await gather.measure(layer, tools, (done, of) =>
        tools.onPhase('spectrum', i * of + done, layers.length * of),
      );
    }
    const end = performance.now();
    return {
      layers: measured,
      nll: likelihood?.result(request.errors === 'jackknife') ?? null,
      deviceDifference,
      precision,
      stages: memory.parts.length + memory.headPieces,
      seconds: { forward: (middle - start) / 1000, spectrum: (end - middle) / 1000 },
      features: request.saveFeatures ? gather.features() : null,
      close: () => gather.close(),
    };
  } catch (error) {
    await reduced?.release();
    await release?.();
    await gather.close();
    throw error;
  }
}

/** What both ways of gathering states do. */
interface Gather {
  add(layer: Layer, index: number, rows: Float32Array): void | Promise<void>;
  measure(layer: Layer, tools: MeasureTools, onProgress: (done: number, of: number) => void): Promise<LayerMeasurement>;
  features(): Record<string, FeatureRows> | null;
  close(): Promise<void>;
}

/** One row a sequence: kept, then decomposed layer by layer. */
class StoredLayers implements Gather {
  readonly #store: RowStore;
  readonly #subject: Subject;
  readonly #request: TraceRequest;

  private constructor(store: RowStore, subject: Subject, request: TraceRequest) {
    this.#store = store;
    this.#subject = subject;
    this.#request = request;
  }

  static async create(subject: Subject, request: TraceRequest, scratch: string, bound: number): Promise<StoredLayers> {
    const n = subject.sequences.ids.length;
    const store = await RowStore.create(subject.layers, n, subject.model.width, scratch, bound);
    return new StoredLayers(store, subject, request);
  }

  add(layer: Layer, index: number, row: Float32Array): Promise<void> {
    return this.#store.put(layer, index, row);
  }

  measure(
    layer: Layer,
    tools: MeasureTools,
    onProgress: (done: number, of: number) => void,
  ): Promise<LayerMeasurement> {
    return measureRows(this.#store.rows(layer), {
      errors: this.#request.errors,
      alphaRange: this.#request.alphaRange,
      kernel: tools.kernel,
      ...(tools.signal ? { signal: tools.signal } : {}),
      onProgress,
    });
  }

  features(): Record<string, FeatureRows> {
    return Object.fromEntries(
      this.#subject.layers.map((layer) => {
        const rows = this.#store.rows(layer);
        return [String(layer), { n: rows.n, d: rows.d, chunks: chunksOf(rows) }];
      }),
    );
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

/** Rows in chunks of 4 MiB. */
export async function* chunksOf(rows: ReturnType<RowStore['rows']>): AsyncGenerator<Float32Array> {
  const step = Math.max(1, Math.floor((4 << 20) / (rows.d * 4)));
  for (let at = 0; at < rows.n; at += step) yield await rows.read(at, Math.min(rows.n, at + step));
}

/** A row for every token: too many to keep, so Gram matrices are summed as they come. */
class StreamedGrams implements Gather {
  readonly #grams: Map<Layer, GramAccumulator>;
  readonly #request: TraceRequest;
  readonly #n: number;
  readonly #width: number;

  constructor(subject: Subject, request: TraceRequest, tools: MeasureTools) {
    this.#request = request;
    this.#n = subject.sequences.ids.length;
    this.#width = subject.model.width;
    const options = {
      kernel: tools.kernel,
      groups: request.errors === 'none' ? 0 : groups,
      ...(tools.signal ? { signal: tools.signal } : {}),
    };
    const make = (): GramAccumulator => new GramAccumulator(this.#width, options);
    this.#grams = new Map(subject.layers.map((layer) => [layer, make()]));
  }

  async add(layer: Layer, index: number, rows: Float32Array): Promise<void> {
    const count = rows.length / this.#width;
    // A sequence's tokens are of one group: they depend on one another.
    const group = new Uint8Array(count).fill(groupOfRow(index, this.#n, groups));
    await this.#grams.get(layer)!.add(rows, count, group);
  }

  measure(
    layer: Layer,
    tools: MeasureTools,
    onProgress: (done: number, of: number) => void,
  ): Promise<LayerMeasurement> {
    return this.#grams.get(layer)!.finish({
      errors: this.#request.errors,
      alphaRange: this.#request.alphaRange,
      kernel: tools.kernel,
      ...(tools.signal ? { signal: tools.signal } : {}),
      onProgress,
    });
  }

  features(): null {
    return null;
  }

  close(): Promise<void> {
    this.#grams.clear();
    return Promise.resolve();
  }
}
