/**
 * The tokens whose logits a direction moves most: W u for each direction u, by the model's own head less what it gives the
 * zero state (a bias). A head that caps its logits (Gemma) keeps their order; the changes shown are then after the cap.
 */
import type { Model } from '../models/index.js';
import { headMemory, type ModelProcess } from '../runtime/index.js';
import type { VisitTools } from '../visit/index.js';

export interface TokenEnd {
  readonly id: number;
  /** Change of the logit by one unit along the direction. */
  readonly change: number;
}

/** By direction: the tokens that rise most, and those that fall most. */
export async function movedTokens(
  child: ModelProcess,
  model: Model,
  vectors: Float64Array,
  count: number,
  { threads, memory }: Pick<VisitTools, 'threads' | 'memory'>,
): Promise<{ positive: TokenEnd[]; negative: TokenEnd[] }[]> {
  const d = model.width;
  const k = vectors.length / d;
  // The zero state, then the directions, of every piece of the vocabulary.
  const states = [new Float32Array(d), ...Array.from({ length: k }, (_, u) => vectors.subarray(u * d, (u + 1) * d))];
  const logits = states.map(() => new Float32Array(model.vocabulary));
  try {
    const pieces = headPieces(model, memory);
    for (let piece = 0; piece < pieces; piece++) {
      const bound = (at: number): number => Math.floor((at * model.vocabulary) / pieces);
      const tokens = pieces === 1 ? null : { from: bound(piece), to: bound(piece + 1) };
      await child.load('head', model.headGraph('logits', tokens), threads);
      for (const [s, state] of states.entries()) {
        const feeds = { states: { type: 'float32' as const, data: Float32Array.from(state), dims: [1, d] } };
        const out = await child.run('head', feeds);
        logits[s]!.set(out['logits']!.data as Float32Array, tokens?.from ?? 0);
      }
    }
    const zero = logits[0]!;
    const ends: { positive: TokenEnd[]; negative: TokenEnd[] }[] = [];
    for (let u = 0; u < k; u++) {
      const changes = logits[u + 1]!.map((x, id) => x - zero[id]!);
      const order = Uint32Array.from(changes.keys()).sort((a, b) => changes[b]! - changes[a]! || a - b);
      const end = (ids: Uint32Array): TokenEnd[] => Array.from(ids, (id) => ({ id, change: changes[id]! }));
      const fewer = Math.min(count, order.length);
      ends.push({
        positive: end(order.subarray(0, fewer)),
        negative: end(order.slice(order.length - fewer).reverse()),
      });
    }
    return ends;
  } finally {
    await child.release('head').catch(() => undefined);
  }
}

/** A piece of the vocabulary has at least so many tokens. */
const leastPiece = 256;

/** As few pieces of the vocabulary as take a quarter of the bound each. */
function headPieces(model: Model, memory: number | null): number {
  const sizes = model.sizes();
  if (memory === null || !sizes.head?.divisible) return 1;
  return Math.max(1, Math.min(Math.ceil(headMemory(sizes) / (memory / 4)), Math.floor(model.vocabulary / leastPiece)));
}
