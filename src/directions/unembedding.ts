/**
 * The tokens whose logits a direction moves most: W u for each direction u, by the model's own head less what it gives the
 * zero state (a bias). A head that caps its logits (Gemma) keeps their order; the changes shown are then after the cap.
 */
import type { Model } from '../models/index.js';
import type { ModelProcess } from '../runtime/index.js';

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
  threads: number,
): Promise<{ positive: TokenEnd[]; negative: TokenEnd[] }[]> {
  const d = model.width;
  const k = vectors.length / d;
  await child.load('head', model.headGraph('logits'), threads);
  try {
    const logitsOf = async (state: Float32Array): Promise<Float32Array> => {
      const out = await child.run('head', { states: { type: 'float32', data: state, dims: [1, d] } });
      return out['logits']!.data as Float32Array;
    };
    const zero = await logitsOf(new Float32Array(d));
    const ends: { positive: TokenEnd[]; negative: TokenEnd[] }[] = [];
    for (let u = 0; u < k; u++) {
      const logits = await logitsOf(Float32Array.from(vectors.subarray(u * d, (u + 1) * d)));
      const changes = logits.map((x, id) => x - zero[id]!);
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
