/**
 * A checkpoint as something to run: its architecture read from the config, its graphs built on demand.
 * Two graphs: the decoder (tokens → states), and the head (final states → log-probabilities), which is a session
 * of its own so that logits exist only where they are asked for, a few rows at a time.
 */
import { dirname, isAbsolute, relative, sep } from 'node:path';
import { EigentraceError } from '../errors.js';
import type { AttentionCache, CacheShape } from './attention-cache.js';
import type { Decoder } from './architecture.js';
import { architectureOf } from './architectures.js';
import { Blocks, type BatchInputs, type RowRange } from './blocks.js';
import { Config } from './config.js';
import { cachedGraph, rowGraph } from './row-graph.js';
import { scoreHead } from './score-head.js';
import { readInitialisation, type Initialisation } from './initialisation.js';
import { Graph, type Cost, type Value } from './graph.js';
import type { IntegerMatrix, Precision } from './integer-product.js';
import { buildStates, type Layer, type StateRequest } from './state-graph.js';
import { modelSizes, type ModelSizes } from './unit-sizes.js';
import { Weights, type ProductWeight, type TensorRange } from './weights.js';

/** What a model is made from; a Checkpoint of src/checkpoints fits. */
export interface ModelSource {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly tensors: ReadonlyMap<string, TensorRange>;
  /** Matrices that the blocks multiply by in whole numbers, by the tensors that they stand for. Default none. */
  readonly integers?: ReadonlyMap<string, IntegerMatrix>;
}

/** A graph and what a session needs to run it. */
export interface ModelGraph {
  readonly bytes: Uint8Array;
  /** The real folder below which all weight files lie. */
  readonly folder: string;
  /** Names of the inputs it takes (unused ones are not declared). */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly cost: Cost;
}

/** A graph of tokens at positions of their own. */
export interface CachedGraph extends ModelGraph {
  /** Keys and values that each block keeps. */
  readonly shapes: readonly CacheShape[];
  /** Windows of the masks it takes. */
  readonly windows: readonly (number | null)[];
}

export class Model {
  readonly name: string;
  readonly modelType: string;
  /** Width d of the representation. */
  readonly width: number;
  /** Blocks L. */
  readonly layers: number;
  readonly vocabulary: number;
  readonly positions: number | null;
  /** Parameters in all, and without embedding and unembedding. */
  readonly parameters: { readonly all: number; readonly nonEmbedding: number };
  /** The weights that are used, in the order in which the graph asks for them. */
  readonly tensors: readonly { readonly name: string; readonly shape: readonly number[] }[];
  /** Matrices of the blocks' products. */
  readonly products: readonly ProductWeight[];
  /** Weight files that are used. */
  readonly files: readonly string[];
  /** Bytes of the weights that are used. */
  readonly bytes: number;
  /** Largest embedding or unembedding in bytes as stored; for memory estimates. */
  readonly embeddingBytes: number;
  /** What a user should know: surplus tensors. */
  readonly notes: readonly string[];
  readonly #decoder: Decoder;
  readonly #source: ModelSource;
  readonly #folder: string;

  private constructor(source: ModelSource, modelType: string, decoder: Decoder) {
    this.name = source.name;
    this.modelType = modelType;
    this.width = decoder.width;
    this.layers = decoder.layers;
    this.vocabulary = decoder.vocabulary;
    this.positions = decoder.positions;
    this.#decoder = decoder;
    this.#source = source;
    // A dry build asks for every tensor once, so that missing and misshapen ones are found before anything runs.
    const weights = this.#weights();
    const locate = (): string => '';
    const all = { layers: ['final'], position: 'last', everyToken: false, maxTokens: 1 } as const;
    buildStates(new Graph(locate), weights, decoder, all);
    // Base models are saved without one; only log-probabilities need it.
    const hasHead = weights.has(decoder.head);
    if (hasHead) this.#head(new Graph(locate), weights, 'logits');
    const count = (tensors: TensorRange[]) =>
      tensors.reduce((sum, t) => sum + t.shape.reduce((product, size) => product * size, 1), 0);
    const embeddings = weights.used.filter((t) => decoder.embeddings.includes(t.name));
    this.tensors = weights.used.map(({ name, shape }) => ({ name, shape }));
    this.parameters = { all: count(weights.used), nonEmbedding: count(weights.used) - count(embeddings) };
    this.products = weights.products;
    const integers = [...(source.integers ?? new Map<string, IntegerMatrix>()).values()];
    const ranges = weights.used.flatMap((t) => (t.update ? [t, t.update.up, t.update.down] : [t]));
    this.files = [...new Set([...ranges, ...integers.map(({ values }) => values)].map((t) => t.file))].sort();
    this.bytes = ranges.reduce((sum, t) => sum + t.byteLength, 0);
    this.embeddingBytes = Math.max(0, ...embeddings.map((t) => t.byteLength));
    this.#folder = commonFolder(this.files);
    this.notes = notesOf(source.name, weights.surplus, decoder, hasHead);
  }

  /** Reads config and tensors' names and shapes; nothing of the weights. */
  static read(source: ModelSource): Model {
    const architecture = architectureOf(source.name, source.config['model_type']);
    const config = new Config(source.name, source.config);
    if (source.config['quantization_config']) {
      throw config.fault(
        'quantization_config',
        source.config['quantization_config'],
        'none: quantised weights are not supported',
      );
    }
    const decoder = architecture.read(config, new Weights(source.name, source.tensors));
    config.refuseUnknown();
    return new Model(source, architecture.modelType, decoder);
  }

  /** The matrices of the products on the way to a state. */
  productsTo(state: Layer): readonly ProductWeight[] {
    const weights = this.#weights();
    const request = { layers: [state], position: 'last', everyToken: false, maxTokens: 1 } as const;
    buildStates(new Graph(() => ''), weights, this.#decoder, request);
    return weights.products;
  }

  /** The same model with these matrices, by the names of tensors, in whole numbers. */
  withIntegers(integers: ReadonlyMap<string, IntegerMatrix>): Model {
    return new Model({ ...this.#source, integers }, this.modelType, this.#decoder);
  }

  /** How transformers would make this model's weights before any training. */
  initialisation(): Initialisation {
    const { initial = {} } = architectureOf(this.name, this.modelType);
    return readInitialisation(new Config(this.name, this.#source.config), this.layers, initial);
  }

  /** Whether a token's state depends on tokens after it: a rotary embedding that stretches with the sequence. */
  get dependsOnLength(): boolean {
    const { rope_scaling: scaling, rope_parameters: parameters } = this.#source.config;
    return /"(rope_)?type":"dynamic"/.test(JSON.stringify([scaling, parameters]));
  }

  /** `final`, `all` or block numbers, checked against this model's depth. */
  parseLayers(text: string): Layer[] {
    if (text === 'final') return ['final'];
    if (text === 'all') return [...Array.from({ length: this.layers + 1 }, (_, l) => l), 'final'];
    return text.split(',').map((part): Layer => {
      const word = part.trim();
      if (word === 'final') return 'final';
      const layer = Number(word);
      if (!/^\d+$/.test(word) || layer > this.layers) {
        throw new EigentraceError(
          'usage',
          `--layers: no such layer in checkpoint ${this.name}, got ${word || 'nothing'} ` +
            `(expected final, all, or numbers from 0 to ${this.layers})`,
        );
      }
      return layer;
    });
  }

  /**
   * Tokens → states. Inputs: `ids` (B, T) int64, `last` (B, 1) int64, `lengths` (B) int32 = last, `total` () int32 = T,
   * `weights` (B, 1, T) float32 for the mean. Outputs: `layer<k>` or `final`, (B, d), or (B, T, d) for position `all`;
   * `tokens` (B, T, d) when every token's final state is asked for. Blocks after the last layer that is needed are left out.
   * A part of the model takes `arriving` (B, T, d) in the place of ids, and gives `hidden` (B, T, d) where others follow.
   */
  stateGraph(request: StateRequest): ModelGraph {
    this.#checkLength(request.maxTokens);
    return this.#built((graph, weights) => buildStates(graph, weights, this.#decoder, request));
  }

  /**
   * Tokens → final states of chosen tokens. Inputs: `ids`, `lengths` and `total` as above, `rows` (R, 2) int64, sequence
   * and place; output `final` (R, d). The last block's output is computed for the chosen tokens only.
   */
  rowGraph(maxTokens: number): ModelGraph {
    this.#checkLength(maxTokens);
    return this.#built((graph, weights) => rowGraph(this.#decoder, graph, weights, maxTokens));
  }

  /** As rowGraph, for tokens at any positions that see what a mask says, and earlier runs; see row-graph.ts. */
  cachedGraph(request: { readonly maxTokens: number; readonly past: boolean }): CachedGraph {
    this.#checkLength(request.maxTokens);
    const caches: AttentionCache[] = [];
    const graph = this.#built((graph, weights) => {
      const built = cachedGraph(this.#decoder, graph, weights, request);
      caches.push(built.cache);
      return built;
    });
    const { shapes, windows } = caches[0]!;
    return { ...graph, shapes, windows };
  }

  /** Final states → log-probabilities of chosen tokens, in float64, and the likeliest token; see score-head.ts. */
  scoreHead(options: { readonly top: boolean }): ModelGraph {
    return this.#built((graph, weights) => scoreHead(this.#decoder, graph, weights, options));
  }

  /**
   * Final states → `logits` (R, V), or `logprobs` (R) of the target ids. Inputs: `states` (R, d) float32 and, for
   * log-probabilities, `targets` (R, 1) int64. `tokens`: logits of these token ids only, so that a large vocabulary is
   * done piece by piece.
   */
  headGraph(output: 'logits' | 'logprobs', tokens: RowRange | null = null): ModelGraph {
    return this.#built((graph, weights) => ({
      inputs: this.#head(graph, weights, output, tokens),
      outputs: [output],
    }));
  }

  #checkLength(maxTokens: number): void {
    const { longest } = this.#decoder;
    if (longest === null || maxTokens <= longest) return;
    throw new EigentraceError(
      'input',
      `checkpoint ${this.name}: its learned positions end, got a sequence of ${maxTokens} tokens ` +
        `(expected at most ${longest}); lower --max-tokens`,
    );
  }

  #built(build: (graph: Graph, weights: Weights) => { inputs: string[]; outputs: string[] }): ModelGraph {
    const graph = new Graph((file) => this.#locate(file));
    const { inputs, outputs } = build(graph, this.#weights());
    return { bytes: graph.encode(), folder: this.#folder, inputs, outputs, cost: graph.cost };
  }

  /** What embeddings, blocks and head take in memory, one by one; read off the shapes, nothing is loaded. */
  sizes(precision: Precision = 'float32'): ModelSizes {
    return modelSizes(this.#decoder, () => this.#weights(), precision);
  }

  #weights(): Weights {
    return new Weights(this.name, this.#source.tensors, this.#source.integers);
  }

  #head(graph: Graph, weights: Weights, output: 'logits' | 'logprobs', tokens: RowRange | null = null): string[] {
    const unused = '' as Value;
    const absent: BatchInputs = { ids: unused, last: unused, lengths: () => unused, total: () => unused };
    const b = new Blocks(graph, weights, absent, 1, tokens);
    const logits = this.#decoder.unembed(b, graph.input('states', 'float32', ['R', this.width]));
    if (output === 'logits') {
      graph.output('logits', logits, ['R', tokens ? tokens.to - tokens.from : this.vocabulary]);
      return ['states'];
    }
    const targets = graph.input('targets', 'int64', ['R', 1]);
    const all = graph.node('LogSoftmax', [logits], { axis: -1 });
    const chosen = graph.node('GatherElements', [all, targets], { axis: 1 });
    graph.output('logprobs', graph.node('Reshape', [chosen, graph.int64([-1])]), ['R']);
    return ['states', 'targets'];
  }

  /** onnxruntime takes locations relative to one folder, with forward slashes. */
  #locate(file: string): string {
    return relative(this.#folder, file).split(sep).join('/');
  }
}

/** The deepest folder that holds all files (real, absolute paths). */
function commonFolder(files: readonly string[]): string {
  let folder = dirname(files[0] ?? sep);
  for (const file of files) {
    for (;;) {
      const rest = relative(folder, file);
      if (!rest.startsWith('..') && !isAbsolute(rest)) break;
      const parent = dirname(folder);
      if (parent === folder) {
        throw new EigentraceError(
          'input',
          `${file}: lies on another drive than ${files[0] ?? ''}; put the shards together`,
        );
      }
      folder = parent;
    }
  }
  return folder;
}

/** Buffers that old files carry: causal masks and rotary frequencies, which the graph makes itself. */
const buffers = /\.(masked_bias|attn\.bias|attention\.bias|rotary_emb\.inv_freq)$/;
const heads = ['lm_head.weight', 'embed_out.weight'];

function notesOf(checkpoint: string, surplus: readonly string[], decoder: Decoder, hasHead: boolean): string[] {
  const notes: string[] = [];
  const tied = decoder.head === decoder.embeddings[0];
  const spare = tied ? surplus.find((name) => heads.includes(name)) : undefined;
  if (spare) {
    notes.push(`checkpoint ${checkpoint}: ${spare} is stored, but the config ties the unembedding to ${decoder.head}`);
  }
  const extra = surplus.filter((name) => !buffers.test(name) && name !== spare);
  if (extra.length > 0) {
    const shown = extra.slice(0, 3).join(', ');
    const what = `${extra.length} tensor${extra.length === 1 ? '' : 's'} not used by the architecture`;
    notes.push(`checkpoint ${checkpoint}: ${what}: ${shown}${extra.length > 3 ? ', …' : ''}`);
  }
  if (!hasHead) notes.push(`checkpoint ${checkpoint}: no ${decoder.head}, so no log-probabilities`);
  return notes;
}
