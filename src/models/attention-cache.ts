/**
 * Attention whose tokens stand anywhere: each has a position and a row of a mask, and keys and values of earlier runs
 * come in as they lie in a buffer. Only the new tokens' keys and values go out, so that a buffer is filled in place and
 * never copied. With a mask that is a tree, the answers to one question share its context in a single pass.
 *
 * softmax([q·Kᵖᵀ, q·Kⁿᵀ]·scale + mask) · [Vᵖ; Vⁿ], p the past's and n the new ones. The past may be longer than what is
 * filled: the mask leaves the rest out.
 */
import type { AttentionShape } from './blocks.js';
import { microsoft, type Graph, type Value } from './graph.js';

/** Keys (and values) of one block: (B, heads, tokens, size). */
export interface CacheShape {
  readonly heads: number;
  readonly size: number;
}

export class AttentionCache {
  /** (B, T) int64: each token's position. */
  readonly positions: Value;
  /** What each block keeps. */
  readonly shapes: CacheShape[] = [];
  /** Windows of the masks that are asked for; null: every token before. */
  readonly windows: (number | null)[] = [];
  readonly inputs: string[] = ['positions'];
  readonly outputs: string[] = [];
  readonly #graph: Graph;
  readonly #past: boolean;

  /** `past`: whether there are earlier tokens, and the new ones' keys and values are wanted. */
  constructor(graph: Graph, past: boolean) {
    this.#graph = graph;
    this.#past = past;
    this.positions = graph.input('positions', 'int64', ['B', 'T']);
  }

  /** q (B, T, heads·size), k and v (B, T, kvHeads·size) of the next block → (B, T, heads·size). */
  attend(q: Value, k: Value, v: Value, shape: AttentionShape): Value {
    const graph = this.#graph;
    const { heads, kvHeads, headSize } = shape;
    graph.cost.perTokenPair += 4 * heads * headSize;
    const block = this.shapes.push({ heads: kvHeads, size: headSize }) - 1;
    const shared = heads !== kvHeads;
    const byHead = (x: Value, count: number): Value =>
      graph.node('Transpose', [graph.node('Reshape', [x, graph.int64([0, 0, count, headSize])])], {
        perm: [0, 2, 1, 3],
      });
    /** Query heads that share keys stand under one another: (B, kvHeads, group·T, …), and back. */
    const grouped = (x: Value, last: number): Value =>
      shared ? graph.node('Reshape', [x, graph.int64([0, kvHeads, -1, last])]) : x;
    const apart = (x: Value, last: number): Value =>
      shared ? graph.node('Reshape', [x, graph.int64([0, heads, -1, last])]) : x;
    const queries = grouped(byHead(q, heads), headSize);
    const keys = byHead(k, kvHeads);
    const values = byHead(v, kvHeads);
    const alpha = { float: shape.scale ?? 1 / Math.sqrt(headSize) };
    const products = (of: Value): Value => graph.node('FusedMatMul', [queries, of], { transB: 1, alpha }, microsoft);
    const past = this.#past ? this.#pastOf(block, { heads: kvHeads, size: headSize }) : null;
    const joined = past ? graph.node('Concat', [products(past.keys), products(keys)], { axis: 3 }) : products(keys);
    // (B, heads, T, S); 0 keeps the last axis as it is.
    let scores = apart(joined, 0);
    if (shape.softcap) {
      const cap = graph.float32(Float32Array.of(shape.softcap), []);
      scores = graph.node('Mul', [graph.node('Tanh', [graph.node('Div', [scores, cap])]), cap]);
    }
    const masked = graph.node('Add', [scores, this.#mask(shape.window ?? null)]);
    const weights = grouped(graph.node('Softmax', [masked], { axis: -1 }), 0);
    let mixed: Value;
    if (past) {
      this.#keep(block, 'keys', keys, kvHeads, headSize);
      this.#keep(block, 'values', values, kvHeads, headSize);
      const length = graph.node('Shape', [past.keys], { start: 2, end: 3 });
      const [zero, end, axis] = [[0], [Number.MAX_SAFE_INTEGER], [3]].map((list) => graph.int64(list));
      const before = graph.node('Slice', [weights, zero!, length, axis!]);
      const now = graph.node('Slice', [weights, length, end!, axis!]);
      mixed = graph.node('Add', [graph.node('MatMul', [before, past.values]), graph.node('MatMul', [now, values])]);
    } else mixed = graph.node('MatMul', [weights, values]);
    const back = graph.node('Transpose', [apart(mixed, headSize)], { perm: [0, 2, 1, 3] });
    return graph.node('Reshape', [back, graph.int64([0, 0, heads * headSize])]);
  }

  #pastOf(block: number, { heads, size }: CacheShape): { keys: Value; values: Value } {
    const [keys, values] = ['keys', 'values'].map((kind) => {
      const name = `past.${block}.${kind}`;
      this.inputs.push(name);
      return this.#graph.input(name, 'float32', ['B', heads, 'P', size]);
    });
    return { keys: keys!, values: values! };
  }

  #keep(block: number, kind: string, x: Value, heads: number, size: number): void {
    const name = `new.${block}.${kind}`;
    this.outputs.push(name);
    this.#graph.output(name, x, ['B', heads, 'T', size]);
  }

  /** (B, 1, T, S) float32, 0 where a token sees, very negative where it doesn't. One input a window. */
  #mask(window: number | null): Value {
    const name = maskName(window);
    if (!this.windows.includes(window)) {
      this.windows.push(window);
      this.inputs.push(name);
      this.#graph.input(name, 'float32', ['B', 1, 'T', 'S']);
    }
    return name as Value;
  }
}

/** The input that holds the mask of a window. */
export function maskName(window: number | null): string {
  return window === null ? 'mask' : `mask.${window}`;
}
