/**
 * Final states → ln p of chosen tokens and the likeliest token. The logits are float32; the softmax's sum is taken in
 * float64 (50,000 float32 terms would cost the sixth digit), so ln p is as good as the logits are.
 */
import type { Decoder } from './architecture.js';
import { Blocks } from './blocks.js';
import { none, type Graph } from './graph.js';
import type { Weights } from './weights.js';

/**
 * Inputs: `states` (R, d) float32; `pairs` (N, 2) int64, a row and the token whose ln p is asked, any number a row;
 * with `top`, `k` (1) int64. Outputs: `logprobs` (N) float64, `argmax` (R) int64, the first of equal ones;
 * with `top`, `top_ids` (R, k) int64 and `top_logprobs` (R, k) float64, likeliest first.
 */
export function scoreHead(
  decoder: Decoder,
  graph: Graph,
  weights: Weights,
  { top }: { readonly top: boolean },
): { inputs: string[]; outputs: string[] } {
  const b = new Blocks(graph, weights, { ids: none, last: none, lengths: () => none, total: () => none }, 1);
  const states = graph.input('states', 'float32', ['R', decoder.width]);
  const pairs = graph.input('pairs', 'int64', ['N', 2]);
  const logits = decoder.unembed(b, states);
  const axis = graph.int64([1]);
  const most = graph.node('ReduceMax', [logits, axis], { keepdims: 1 });
  // (R, 1): ln Σ exp, of differences from the largest logit, so that none overflows.
  const exponentials = graph.toFloat64(graph.node('Exp', [graph.node('Sub', [logits, most])]));
  const sums = graph.node('Log', [graph.node('ReduceSum', [exponentials, axis], { keepdims: 1 })]);
  const normalisers = graph.node('Add', [sums, graph.toFloat64(most)]);
  const chosen = graph.toFloat64(graph.node('GatherND', [logits, pairs]));
  const [from, to] = [[0], [1]].map((values) => graph.int64(values));
  const rows = graph.node('Slice', [pairs, from!, to!, axis]);
  graph.output(
    'logprobs',
    graph.node('Sub', [
      chosen,
      graph.node('Reshape', [graph.node('GatherND', [normalisers, rows]), graph.int64([-1])]),
    ]),
    ['N'],
    'float64',
  );
  graph.output('argmax', graph.node('ArgMax', [logits], { axis: 1, keepdims: 0 }), ['R'], 'int64');
  if (!top) return { inputs: ['states', 'pairs'], outputs: ['logprobs', 'argmax'] };
  const k = graph.input('k', 'int64', [1]);
  const [values, ids] = graph.nodes('TopK', [logits, k], { axis: 1, largest: 1, sorted: 1 }, 2);
  graph.output('top_ids', ids!, ['R', 'k'], 'int64');
  graph.output('top_logprobs', graph.node('Sub', [graph.toFloat64(values!), normalisers]), ['R', 'k'], 'float64');
  return { inputs: ['states', 'pairs', 'k'], outputs: ['logprobs', 'argmax', 'top_ids', 'top_logprobs'] };
}
