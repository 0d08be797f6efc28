/**
 * Products in whole numbers of eight bits, for `--precision int8`: W[o][i] ≈ v[o] · w[i][o] with w in ±127 and a scale for
 * every column of the product, x[t][i] ≈ u[t] · x̂[t][i] with a scale for every token, taken when it comes:
 *
 *   u[t] = max |x[t]| / 127        y[t][o] = u[t] · v[o] · Σ x̂[t][i] w[i][o]
 *
 * A token's scale is its own, so that it does not matter what else is in its batch. x̂ + 128 is unsigned, as the processors'
 * byte products take their left side.
 */
import { microsoft, type Graph, type Value } from './graph.js';
import type { TensorRange } from './weights.js';

/** How the products of the blocks are computed. */
export type Precision = 'float32' | 'int8';

/** A matrix in whole numbers. */
export interface IntegerMatrix {
  /** I8 (in, out). */
  readonly values: TensorRange;
  /** F32 (out). */
  readonly scales: TensorRange;
}

/** Keeps 0/0 away where a token's state is zero. */
const least = 1e-30;

export class IntegerProducts {
  readonly #graph: Graph;
  /** By input: several matrices may take the same one. */
  readonly #rounded = new Map<Value, { values: Value; scales: Value }>();
  #constants: { axis: Value; share: Value; least: Value; half: Value; middle: Value; one: Value } | null = null;

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  /** x (…, in) · W → (…, out). */
  product(x: Value, matrix: IntegerMatrix): Value {
    const graph = this.#graph;
    const { one, middle } = this.#shared();
    const { values, scales } = this.#round(x);
    const inputs = [values, graph.stored(matrix.values), one, graph.stored(matrix.scales), middle];
    return graph.node('Mul', [graph.node('MatMulIntegerToFloat', inputs, {}, microsoft), scales]);
  }

  /** x̂ + 128 as unsigned bytes, and the scale of every token (…, 1). */
  #round(x: Value): { values: Value; scales: Value } {
    const known = this.#rounded.get(x);
    if (known) return known;
    const graph = this.#graph;
    const { axis, share, least: floor, half } = this.#shared();
    const largest = graph.node('ReduceMax', [graph.node('Abs', [x]), axis], { keepdims: 1 });
    const scales = graph.node('Add', [graph.node('Mul', [largest, share]), floor]);
    const scaled = graph.node('Mul', [x, graph.node('Reciprocal', [scales])]);
    // The conversion cuts off: 128 and a half more rounds.
    const values = graph.toUint8(graph.node('Add', [scaled, half]));
    const rounded = { values, scales };
    this.#rounded.set(x, rounded);
    return rounded;
  }

  #shared() {
    const graph = this.#graph;
    const scalar = (value: number): Value => graph.float32(Float32Array.of(value), []);
    return (this.#constants ??= {
      ...{ axis: graph.int64([-1]), share: scalar(1 / 127), least: scalar(least), half: scalar(128.5) },
      ...{ middle: graph.uint8(128), one: scalar(1) },
    });
  }
}
