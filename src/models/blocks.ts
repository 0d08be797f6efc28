/**
 * The pieces that architectures are made of, each a few nodes of the graph: embedding, linear, norms, activation,
 * rotary embedding, attention. Weights stay as stored: (out, in) matrices are multiplied transposed
 * (`FusedMatMul` with transB, never a Transpose node, which would be folded into a second copy of the model),
 * and embeddings are gathered first and cast after.
 */
import { EigentraceError } from '../errors.js';
import { microsoft, none, type Graph, type Value } from './graph.js';
import { ropeTables, type Rope } from './rope.js';
import type { Weights } from './weights.js';

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
}

export interface AttentionShape {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headSize: number;
  /** Softmax scale; default 1/√headSize. */
  readonly scale?: number;
}

export class Blocks {
  readonly graph: Graph;
  readonly weights: Weights;
  readonly #inputs: BatchInputs;
  readonly #maxTokens: number;
  readonly #tables = new Map<string, [Value, Value]>();
  /** Whether only the chosen token of each sequence is left: (B, d) instead of (B, T, d). */
  #picked = false;

  constructor(graph: Graph, weights: Weights, inputs: BatchInputs, maxTokens: number) {
    this.graph = graph;
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

  /** Rows of a (rows, width) table: ids (B, T) → (B, T, width) float32. */
  embedding(ids: Value, name: string, rows: number, width: number): Value {
    const tensor = this.weights.get(name, [rows, width]);
    const gathered = this.graph.node('Gather', [this.graph.stored(tensor), ids]);
    return tensor.dtype === 'F32' ? gathered : this.graph.toFloat32(gathered);
  }

  /** x (…, in) · W(out, in)ᵀ + b → (…, out). */
  linear(x: Value, name: string, shape: { in: number; out: number; bias: boolean }): Value {
    const product = this.#product(x, `${name}.weight`, shape);
    if (!shape.bias) return product;
    return this.graph.node('Add', [product, this.graph.weight(this.weights.get(`${name}.bias`, [shape.out]))]);
  }

  /** As linear, then the activation. */
  activatedLinear(x: Value, name: string, shape: { in: number; out: number; bias: boolean }, kind: Activation): Value {
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
    const key = `${rope.theta}/${rope.dimensions}`;
    let tables = this.#tables.get(key);
    if (!tables) {
      const { cos, sin } = ropeTables(rope, this.#maxTokens);
      const dims = [this.#maxTokens, rope.dimensions / 2];
      tables = [graph.float32(cos, dims), graph.float32(sin, dims)];
      this.#tables.set(key, tables);
    }
    const start = graph.int64([0]);
    const dimensions = rope.dimensions === headSize ? 0 : rope.dimensions;
    const attributes = { interleaved: 0, num_heads: heads, rotary_embedding_dim: dimensions };
    return graph.node('RotaryEmbedding', [x, start, ...tables], attributes, microsoft);
  }

  /**
   * Causal softmax attention: q (B, T, heads·size), k and v (B, T, kvHeads·size) → (B, T, heads·size).
   * `GroupQueryAttention` holds no T² scores a head, but takes head sizes divisible by 8 only; others use
   * `MultiHeadAttention`.
   */
  attention(q: Value, k: Value, v: Value, shape: AttentionShape): Value {
    const { graph } = this;
    const scale = { float: shape.scale ?? 1 / Math.sqrt(shape.headSize) };
    graph.cost.perTokenPair += 4 * shape.heads * shape.headSize;
    if (shape.headSize % 8 === 0) {
      const attributes = { num_heads: shape.heads, kv_num_heads: shape.kvHeads, scale };
      const inputs = [q, k, v, none, none, this.#inputs.lengths(), this.#inputs.total()];
      return graph.nodes('GroupQueryAttention', inputs, attributes, 3, microsoft)[0]!;
    }
    if (shape.heads !== shape.kvHeads) {
      throw new EigentraceError(
        'input',
        `checkpoint ${this.weights.checkpoint}: grouped key-value heads of size ${shape.headSize} are not supported ` +
          '(expected a head size divisible by 8)',
      );
    }
    return graph.node('MultiHeadAttention', [q, k, v], { num_heads: shape.heads, unidirectional: 1, scale }, microsoft);
  }

  #product(x: Value, name: string, shape: { in: number; out: number }): Value {
    const weight = this.graph.weight(this.weights.get(name, [shape.out, shape.in]));
    this.graph.cost[this.#picked ? 'perSequence' : 'perToken'] += 2 * shape.in * shape.out;
    return this.graph.node('FusedMatMul', [x, weight], { transB: 1 }, microsoft);
  }

  /** Logits or any product with a stored (out, in) matrix that has no bias: x (…, in) → (…, out). */
  project(x: Value, name: string, shape: { in: number; out: number }): Value {
    return this.#product(x, name, shape);
  }
}
