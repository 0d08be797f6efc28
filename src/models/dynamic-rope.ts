/**
 * Dynamic NTK scaling of RoPE, as transformers computes it for a sequence of T tokens alone:
 * θ_T = θ · (factor·max(T, original)/original − (factor − 1))^(R/(R−2)). The base differs from sequence to sequence of a
 * batch, so the tables are nodes of the graph: one row of cos and sin a token of the batch.
 */
import type { Graph, Value } from './graph.js';
import type { Rope, RopeScaling } from './rope.js';

/** Tables of cos and sin (rows, R/2), and the rows that tokens use: (1) the first token's, or (B, T) every token's. */
export interface PositionTables {
  readonly positions: Value;
  readonly cos: Value;
  readonly sin: Value;
}

/** Tables of B·T rows for the batch `ids` (B, T), whose sequences' last tokens are at `last` (B) int32. */
export function dynamicTables(
  graph: Graph,
  rope: Rope,
  scaling: RopeScaling & { type: 'dynamic' },
  ids: Value,
  last: Value,
): PositionTables {
  const { theta, dimensions } = rope;
  const { factor, original } = scaling;
  const number = (value: number): Value => graph.float32(Float32Array.of(value), []);
  const op = (type: string, ...inputs: Value[]): Value => graph.node(type, inputs);
  const half = dimensions / 2;
  const [zero, one] = [0, 1].map((value) => graph.node('Squeeze', [graph.int64([value])]));
  // (B, 1): the base of each sequence.
  const length = op('Max', op('Add', graph.toFloat32(last), number(1)), number(original));
  const stretched = op('Sub', op('Div', op('Mul', number(factor), length), number(original)), number(factor - 1));
  const base = op('Mul', number(theta), op('Pow', stretched, number(dimensions / (dimensions - 2))));
  // (B, 1, half): its frequencies.
  const exponents = Float32Array.from({ length: half }, (_, j) => (2 * j) / dimensions);
  const powers = op('Pow', op('Unsqueeze', base, graph.int64([1, 2])), graph.float32(exponents, [1, 1, half]));
  const frequencies = op('Div', number(1), powers);
  // (B, T, half): angles, then one row a token.
  const shape = op('Shape', ids);
  const tokens = op('Gather', shape, one!);
  const positions = graph.toFloat32(op('Range', zero!, tokens, one!));
  const angles = op('Mul', op('Unsqueeze', positions, graph.int64([0, 2])), frequencies);
  const rows = op('Reshape', angles, graph.int64([-1, half]));
  const count = op('Size', ids);
  return {
    positions: op('Reshape', op('Range', zero!, count, one!), shape),
    cos: op('Cos', rows),
    sin: op('Sin', rows),
  };
}
