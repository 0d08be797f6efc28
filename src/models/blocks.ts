/**
 * The pieces that architectures are made of, each a few nodes of the graph: embedding, linear, norms, activation,
 * rotary embedding, attention. Weights stay as stored: (out, in) matrices are multiplied transposed
 * (`FusedMatMul` with transB, never a Transpose node, which would be folded into a second copy of the model),
 * and embeddings are gathered first and cast after.
 */
import { EigentraceError } from '../errors.js';
import type { AttentionCache } from './attention-cache.js';
import { dynamicTables, type PositionTables } from './dynamic-rope.js';
import { microsoft, none, type Graph, type Value } from './graph.js';
import { IntegerProducts } from './integer-product.js';
import { ropeTables, type Rope } from './rope.js';
import { rowsOf, type RowRange, type Weights } from './weights.js';

export type { RowRange } from './weights.js';

/** Activations by their name in config.json. */
export const activations = ['gelu', 'gelu_new', 'gelu_fast', 'gelu_pytorch_tanh', 'relu', 'silu'] as const;
export type Activation = (typeof activations)[number];

/** The inputs of a batch of B right-padded sequences of at most T tokens. */
export interface BatchInputs {
  /** (B, T) int64. */
  readonly ids: Value;
  /** (B, 1) int64: position of each sequence's last real token. */
  readonly last: Value;
  /** (B) int32: position of the last real token, for attention. */
  readonly lengths: () => Value;
  /** () int32: T. */
  readonly total: () => Value;
  /** Where tokens stand at positions of their own and see earlier runs; absent: token t stands at t. */
  readonly cache?: AttentionCache;
}

export interface AttentionShape {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headSize: number;
  /** Softmax scale; default 1/√headSize. */
  readonly scale?: number;
  /** Tokens a token sees, itself among them; null or absent: all before it. */
  readonly window?: number | null;
  /** Scores s become c·tanh(s/c); null or absent: not. */
  readonly softcap?: number | null;
}

export interface LinearShape {
  readonly in: number;
  readonly out: number;
  readonly bias: boolean;
  /** The matrix is stored (in, out), as GPT-2's, not (out, in). Default false. */
  readonly inOut?: boolean;
}

export class Blocks {
  readonly graph: Graph;
  readonly weights: Weights;
  readonly #inputs: BatchInputs;
  readonly #maxTokens: number;
  readonly #headRows: RowRange | null;
  readonly #integers: IntegerProducts;
  readonly #tables = new Map<string, PositionTables>();
  readonly #ones = new Map<number, Value>();
  /** Whether only the chosen token of each sequence is left: (B, d) instead of (B, T, d). */
  #picked = false;

  /** `headRows`: rows of the unembedding that `project` takes, all by default. */
  constructor(
    graph: Graph,
    weights: Weights,
    inputs: BatchInputs,
    maxTokens: number,
    headRows: RowRange | null = null,
  ) {
    this.#headRows = headRows;
    this.graph = graph;
    this.#integers = new IntegerProducts(graph);
    this.weights = weights;
    this.#inputs = inputs;
    this.#maxTokens = maxTokens;
  }

  /** The last real token's state: (B, T, w) → (B, w). */
  pickLast(x: Value): Value {
    this.#picked = true;
    return this.lastOf(x);
  }

  /** As pickLast, for an output beside the road: what follows still sees every token. */
  lastOf(x: Value): Value {
    return this.graph.node('GatherND', [x, this.#inputs.last], { batch_dims: 1 });
  }

  /** Chosen tokens: (B, T, w) → (R, w); `rows` (R, 2) int64 names each by its sequence and its place there. */
  pickRows(x: Value, rows: Value): Value {
    this.#picked = true;
    return this.graph.node('GatherND', [x, rows]);
  }

  /** Rows of a (rows, width) table: ids (B, T) → (B, T, width) float32. */
  embedding(ids: Value, name: string, rows: number, width: number): Value {
    const tensor = this.weights.get(name, [rows, width]);
    if (tensor.update) return this.graph.node('Gather', [this.graph.weight(tensor), ids]);
    const gathered = this.graph.node('Gather', [this.graph.stored(tensor), ids]);
    return tensor.dtype === 'F32' ? gathered : this.graph.toFloat32(gathered);
  }

  /** Learned positions: rows `offset`, `offset`+1, … of a (rows, width) table, one a token of the batch → (T, width). */
  learnedPositions(ids: Value, name: string, shape: { rows: number; width: number; offset: number }): Value {
    const { graph } = this;
    const { cache } = this.#inputs;
    if (cache) {
      const rows = graph.node('Add', [cache.positions, graph.int64([shape.offset])]);
      return this.embedding(rows, name, shape.rows, shape.width);
    }
    const tensor = this.weights.get(name, [shape.rows, shape.width]);
    const tokens = graph.node('Shape', [ids], { start: 1, end: 2 });
    const start = graph.int64([shape.offset]);
    const end = graph.node('Add', [tokens, start]);
    const table = tensor.update ? graph.weight(tensor) : graph.stored(tensor);
    const rows = graph.node('Slice', [table, start, end, graph.int64([0])]);
    return tensor.dtype === 'F32' || tensor.update ? rows : graph.toFloat32(rows);
  }

  /** x (…, in) · W(out, in)ᵀ + b → (…, out). */
  linear(x: Value, name: string, shape: LinearShape): Value {
    const product = this.#product(x, `${name}.weight`, shape);
    if (!shape.bias) return product;
    return this.graph.node('Add', [product, this.graph.weight(this.weights.get(`${name}.bias`, [shape.out]))]);
  }

  /** As linear, then the activation. */
  activatedLinear(x: Value, name: string, shape: LinearShape, kind: Activation): Value {
    if (kind === 'gelu' && shape.bias) {
      const product = this.#product(x, `${name}.weight`, shape);
      const bias = this.graph.weight(this.weights.get(`${name}.bias`, [shape.out]));
      return this.graph.node('BiasGelu', [product, bias], {}, microsoft);
    }
    return this.activation(this.linear(x, name, shape), kind);
  }

  activation(x: Value, kind: Activation): Value {
    if (kind === 'relu') return this.graph.node('Relu', [x]);
    if (kind === 'silu') return this.graph.node('Mul', [x, this.graph.node('Sigmoid', [x])]);
    return this.graph.node('Gelu', [x], { approximate: kind === 'gelu' ? 'none' : 'tanh' });
  }

  /** (x − mean)/√(variance + ε) · weight + bias over the last axis. */
  layerNorm(x: Value, name: string, width: number, epsilon: number): Value {
    const scale = this.graph.weight(this.weights.get(`${name}.weight`, [width]));
    const bias = this.graph.weight(this.weights.get(`${name}.bias`, [width]));
    return this.graph.node('LayerNormalization', [x, scale, bias], { axis: -1, epsilon: { float: epsilon } });
  }

  /** (x − mean)/√(variance + ε) over the last axis, without parameters. */
  plainLayerNorm(x: Value, width: number, epsilon: number): Value {
    let ones = this.#ones.get(width);
    if (!ones) this.#ones.set(width, (ones = this.graph.float32(new Float32Array(width).fill(1), [width])));
    return this.graph.node('LayerNormalization', [x, ones], { axis: -1, epsilon: { float: epsilon } });
  }

  /** x/√(mean of x² + ε) · (offset + weight) over the last axis; the offset is 1 in Gemma. */
  rmsNorm(x: Value, name: string, width: number, epsilon: number, offset: 0 | 1 = 0): Value {
    const stored = this.graph.weight(this.weights.get(`${name}.weight`, [width]));
    const scale = offset === 0 ? stored : this.graph.node('Add', [stored, this.#constant(offset)]);
    return this.graph.node('SimplifiedLayerNormalization', [x, scale], { axis: -1, epsilon: { float: epsilon } });
  }

  /** The same norm for every head: (B, T, heads·size) → the same shape, `norm` being over the last axis `size`. */
  perHead(x: Value, heads: number, size: number, norm: (x: Value) => Value): Value {
    const { graph } = this;
    const split = graph.node('Reshape', [x, graph.int64([0, 0, heads, size])]);
    return graph.node('Reshape', [norm(split), graph.int64([0, 0, heads * size])]);
  }

  multiply(x: Value, factor: Value | number): Value {
    return this.graph.node('Mul', [x, typeof factor === 'number' ? this.#constant(factor) : factor]);
  }

  /** x limited to ±bound. */
  clip(x: Value, bound: number): Value {
    return this.graph.node('Clip', [x, this.#constant(-bound), this.#constant(bound)]);
  }

  /** cap·tanh(x/cap). */
  softcap(x: Value, cap: number): Value {
    const squeezed = this.graph.node('Tanh', [this.graph.node('Div', [x, this.#constant(cap)])]);
    return this.multiply(squeezed, cap);
  }

  /** (…, parts·size) → parts of (…, size). */
  split(x: Value, parts: number, size: number): Value[] {
    const sizes = this.graph.int64(Array.from({ length: parts }, () => size));
    return this.graph.nodes('Split', [x, sizes], { axis: -1 }, parts);
  }

  add(...terms: Value[]): Value {
    return terms.reduce((sum, term) => this.graph.node('Add', [sum, term]));
  }

  /** (B, T, heads·size) split per head into `parts` of `size`, as GPT-NeoX stores query, key and value together. */
  splitHeads(x: Value, heads: number, size: number, parts: number): Value[] {
    const { graph } = this;
    const perHead = graph.node('Reshape', [x, graph.int64([0, 0, heads, parts * size])]);
    const sizes = graph.int64(Array.from({ length: parts }, () => size));
    const joined = graph.int64([0, 0, heads * size]);
    return graph
      .nodes('Split', [perHead, sizes], { axis: 3 }, parts)
      .map((part) => graph.node('Reshape', [part, joined]));
  }

  /** Rotates the first `rope.dimensions` of every head by position (halves, as GPT-NeoX and Llama). */
  rotary(x: Value, heads: number, headSize: number, rope: Rope): Value {
    if (rope.dimensions === 0) return x;
    const { graph } = this;
    const { positions, cos, sin } = this.#ropeTables(rope);
    const dimensions = rope.dimensions === headSize ? 0 : rope.dimensions;
    const attributes = { interleaved: 0, num_heads: heads, rotary_embedding_dim: dimensions };
    return graph.node('RotaryEmbedding', [x, positions, cos, sin], attributes, microsoft);
  }

  /**
   * Causal softmax attention: q (B, T, heads·size), k and v (B, T, kvHeads·size) → (B, T, heads·size).
   * `GroupQueryAttention` holds no T² scores a head, but takes head sizes divisible by 8 only: others are padded with
   * zeros, which change no product.
   */
  attention(q: Value, k: Value, v: Value, shape: AttentionShape): Value {
    const { graph } = this;
    if (this.#inputs.cache) return this.#inputs.cache.attend(q, k, v, shape);
    const { heads, kvHeads, headSize } = shape;
    const size = Math.ceil(headSize / 8) * 8;
    graph.cost.perTokenPair += 4 * heads * size;
    const attributes = {
      num_heads: heads,
      kv_num_heads: kvHeads,
      scale: { float: shape.scale ?? 1 / Math.sqrt(headSize) },
      local_window_size: shape.window ?? -1,
      softcap: { float: shape.softcap ?? 0 },
    };
    const widened = [
      this.#padHeads(q, heads, headSize, size),
      ...[k, v].map((x) => this.#padHeads(x, kvHeads, headSize, size)),
    ];
    const inputs = [...widened, none, none, this.#inputs.lengths(), this.#inputs.total()];
    const mixed = graph.nodes('GroupQueryAttention', inputs, attributes, 3, microsoft)[0]!;
    if (size === headSize) return mixed;
    const perHead = graph.node('Reshape', [mixed, graph.int64([0, 0, heads, size])]);
    const [from, to, axis] = [[0], [headSize], [3]].map((values) => graph.int64(values));
    return graph.node('Reshape', [
      graph.node('Slice', [perHead, from!, to!, axis!]),
      graph.int64([0, 0, heads * headSize]),
    ]);
  }

  /** (B, T, heads·size) → (B, T, heads·wanted), each head followed by zeros. */
  #padHeads(x: Value, heads: number, size: number, wanted: number): Value {
    if (size === wanted) return x;
    const { graph } = this;
    const perHead = graph.node('Reshape', [x, graph.int64([0, 0, heads, size])]);
    const padded = graph.node('Pad', [perHead, graph.int64([0, 0, 0, 0, 0, 0, 0, wanted - size])]);
    return graph.node('Reshape', [padded, graph.int64([0, 0, heads * wanted])]);
  }

  /** One pair of tables a RoPE, for positions from 0; or, where θ depends on a sequence's length, for every token. */
  #ropeTables(rope: Rope): PositionTables {
    const { graph } = this;
    const key = JSON.stringify(rope);
    let tables = this.#tables.get(key);
    if (!tables) {
      const { cache } = this.#inputs;
      if (rope.scaling?.type === 'dynamic' && this.#maxTokens > rope.scaling.original) {
        if (cache) throw this.#unkeepable(rope.scaling.original);
        tables = dynamicTables(graph, rope, rope.scaling, this.#inputs.ids, this.#inputs.lengths());
      } else {
        const { cos, sin } = ropeTables(rope, this.#maxTokens);
        const dims = [this.#maxTokens, rope.dimensions / 2];
        const positions = cache?.positions ?? graph.int64([0]);
        tables = { positions, cos: graph.float32(cos, dims), sin: graph.float32(sin, dims) };
      }
      this.#tables.set(key, tables);
    }
    return tables;
  }

  /** Keys that were rotated for a shorter sequence are wrong in a longer one. */
  #unkeepable(original: number): EigentraceError {
    return new EigentraceError(
      'input',
      `checkpoint ${this.weights.checkpoint}: its rotary embedding stretches with the sequence, so keys can't be kept, ` +
        `got up to ${this.#maxTokens} tokens (expected at most ${original})`,
    );
  }

  #constant(value: number): Value {
    return this.graph.float32(Float32Array.of(value), []);
  }

  #product(x: Value, name: string, shape: Omit<LinearShape, 'bias'>): Value {
    const dims = shape.inOut ? [shape.in, shape.out] : [shape.out, shape.in];
    const tensor = this.weights.product(name, dims, shape.inOut ?? false);
    this.graph.cost[this.#picked ? 'perSequence' : 'perToken'] += 2 * shape.in * shape.out;
    const integers = this.weights.integers(name);
    if (integers) return this.#integers.product(x, integers);
    return this.graph.node('FusedMatMul', [x, this.graph.weight(tensor)], { transB: shape.inOut ? 0 : 1 }, microsoft);
  }

  /** Logits, by the unembedding stored as (out, in) without a bias: x (…, in) → (…, out), or its chosen rows. */
  project(x: Value, name: string, shape: { in: number; out: number }): Value {
    const rows = this.#headRows;
    const all = this.weights.get(name, [shape.out, shape.in]);
    const weight = this.graph.weight(rows ? rowsOf(all, rows) : all);
    this.graph.cost[this.#picked ? 'perSequence' : 'perToken'] +=
      2 * shape.in * (rows ? rows.to - rows.from : shape.out);
    return this.graph.node('FusedMatMul', [x, weight], { transB: 1 }, microsoft);
  }
}
