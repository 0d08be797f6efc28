/** A single product as a graph: to measure what the machine's float32 products can do, and to take float64 ones. */
import { Graph, microsoft } from './graph.js';
import type { ModelGraph } from './model.js';

const width = 1024;
const inner = 4096;

/** `states` (R, 1024) · W(4096, 1024)ᵀ → `logits` (R, 4096), W pseudo-random float32 inside the graph. */
export function productGraph(): ModelGraph & { readonly width: number; readonly flopsPerRow: number } {
  const graph = new Graph(() => '');
  let state = 1;
  const weights = Float32Array.from({ length: inner * width }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  });
  const x = graph.input('states', 'float32', ['R', width]);
  const product = graph.node('FusedMatMul', [x, graph.float32(weights, [inner, width])], { transB: 1 }, microsoft);
  graph.output('logits', product, ['R', inner]);
  const flopsPerRow = 2 * width * inner;
  const cost = { perToken: flopsPerRow, perSequence: 0, perTokenPair: 0 };
  return { bytes: graph.encode(), folder: '/', inputs: ['states'], outputs: ['logits'], cost, width, flopsPerRow };
}

/** `c` (m, n) = `a` (m, k) · `b` (n, k)ᵀ in float64. */
export function float64ProductGraph(): Uint8Array {
  const graph = new Graph(() => '');
  const [a, b] = [graph.input('a', 'float64', ['m', 'k']), graph.input('b', 'float64', ['n', 'k'])];
  graph.output('c', graph.node('Gemm', [a, b], { transB: 1 }), ['m', 'n'], 'float64');
  return graph.encode();
}
