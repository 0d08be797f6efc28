/**
 * Tokens → final states of the tokens that are scored. Beside the plain graph (model.ts) it lets each sequence of a batch
 * choose any number of tokens: what a question's answers need, and nothing else, leaves the child.
 */
import { AttentionCache } from './attention-cache.js';
import type { Decoder } from './architecture.js';
import { Blocks } from './blocks.js';
import { none, type Graph, type Value } from './graph.js';
import type { Weights } from './weights.js';

/** Inputs `ids` (B, T) int64, `lengths` (B) int32 (the last token's place), `total` () int32, `rows` (R, 2) int64. */
export function rowGraph(
  decoder: Decoder,
  graph: Graph,
  weights: Weights,
  maxTokens: number,
): { inputs: string[]; outputs: string[] } {
  const ids = graph.input('ids', 'int64', ['B', 'T']);
  const lengths = graph.input('lengths', 'int32', ['B']);
  const total = graph.input('total', 'int32', []);
  const rows = graph.input('rows', 'int64', ['R', 2]);
  const b = new Blocks(graph, weights, { ids, last: none, lengths: () => lengths, total: () => total }, maxTokens);
  graph.output('final', finalRows(decoder, b, decoder.embed(b, ids), rows), ['R', decoder.width]);
  return { inputs: ['ids', 'lengths', 'total', 'rows'], outputs: ['final'] };
}

/**
 * The same for tokens at positions of their own, which see what a mask says; with `past`, earlier tokens' keys and values
 * too. Inputs `ids`, `positions` (B, T) int64, `rows` (R, 2) int64, a mask a window (B, 1, T, S) float32, and
 * `past.<block>.keys` and `.values` (B, heads, P, size); outputs `final` (R, d), `new.<block>.keys` and `.values`.
 */
export function cachedGraph(
  decoder: Decoder,
  graph: Graph,
  weights: Weights,
  { maxTokens, past }: { readonly maxTokens: number; readonly past: boolean },
): { inputs: string[]; outputs: string[]; cache: AttentionCache } {
  const ids = graph.input('ids', 'int64', ['B', 'T']);
  const rows = graph.input('rows', 'int64', ['R', 2]);
  const cache = new AttentionCache(graph, past);
  const b = new Blocks(graph, weights, { ids, last: none, lengths: () => none, total: () => none, cache }, maxTokens);
  graph.output('final', finalRows(decoder, b, decoder.embed(b, ids), rows), ['R', decoder.width]);
  return { inputs: ['ids', 'rows', ...cache.inputs], outputs: ['final', ...cache.outputs], cache };
}

/** All blocks on embeddings (B, T, d), the last one's output and the final norm for `rows` only: (R, d). */
function finalRows(decoder: Decoder, b: Blocks, embedded: Value, rows: Value): Value {
  let x = embedded;
  for (let layer = 0; layer < decoder.layers; layer++) {
    const deepest = layer === decoder.layers - 1;
    x = decoder.block(b, layer, x, deepest ? (y) => b.pickRows(y, rows) : (y) => y);
  }
  return decoder.finalNorm(b, x);
}
