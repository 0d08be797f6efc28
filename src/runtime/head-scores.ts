/**
 * Final states → ln p of chosen tokens, and the likeliest ones. Logits exist for at most 256 rows at once, fewer where
 * the vocabulary is large.
 */
import type { Model } from '../models/index.js';
import { loadOn } from './device.js';
import type { ModelProcess } from './process.js';

/** The unembedding, loaded in a child; states from anywhere may be scored by it. */
export interface ScoreHead {
  readonly child: ModelProcess;
  /** Width d of a state. */
  readonly width: number;
  readonly vocabulary: number;
  /** Rows a run. */
  readonly rows: number;
  /** Whether it can name the likeliest tokens. */
  readonly top: boolean;
}

/** Which tokens are scored: pair n asks for ln p of `tokens[n]` in row `rows[n]`; rows ascend. */
export interface TokenPairs {
  readonly rows: ArrayLike<number>;
  readonly tokens: ArrayLike<number>;
}

export interface HeadScores {
  /** ln p of each pair. */
  readonly logprobs: Float64Array;
  /** The likeliest token of each row; of equal ones the first. */
  readonly argmax: Int32Array;
  /** Where asked for: the k likeliest tokens of each row, (R, k), likeliest first. */
  readonly top: { readonly k: number; readonly ids: Int32Array; readonly logprobs: Float64Array } | null;
}

/** Logits held at once; with them three arrays as large, one of them float64. */
const logitsBound = 256 * 50_432;

export async function loadScoreHead(
  child: ModelProcess,
  model: Model,
  options: { readonly threads: number; readonly device?: string; readonly top?: boolean },
): Promise<ScoreHead> {
  const top = options.top ?? false;
  await loadOn(child, 'scores', model.scoreHead({ top }), options.threads, options.device ?? 'cpu');
  return { child, width: model.width, vocabulary: model.vocabulary, rows: headRowsOf(model), top };
}

/** Rows of logits that are held at once. */
export function headRowsOf({ vocabulary }: Pick<Model, 'vocabulary'>): number {
  return Math.max(1, Math.min(256, Math.floor(logitsBound / vocabulary)));
}

/** Scores states (R, d); `k` likeliest tokens a row, where the head was loaded for it. */
export async function headScores(head: ScoreHead, states: Float32Array, pairs: TokenPairs, k = 0): Promise<HeadScores> {
  const d = head.width;
  const count = states.length / d;
  if (k > 0 && !head.top) throw new Error('internal: the head was not loaded for the likeliest tokens');
  const logprobs = new Float64Array(pairs.rows.length);
  const argmax = new Int32Array(count);
  const kept = Math.min(k, head.vocabulary);
  const ids = new Int32Array(count * kept);
  const best = new Float64Array(count * kept);
  for (let from = 0, pair = 0; from < count; from += head.rows) {
    const until = Math.min(count, from + head.rows);
    const first = pair;
    while (pair < pairs.rows.length && pairs.rows[pair]! < until) pair++;
    const asked = new BigInt64Array(2 * (pair - first));
    for (let n = first; n < pair; n++) {
      asked[2 * (n - first)] = BigInt(pairs.rows[n]! - from);
      asked[2 * (n - first) + 1] = BigInt(pairs.tokens[n]!);
    }
    const out = await head.child.run('scores', {
      states: { type: 'float32', data: states.slice(from * d, until * d), dims: [until - from, d] },
      pairs: { type: 'int64', data: asked, dims: [pair - first, 2] },
      ...(head.top ? { k: { type: 'int64', data: BigInt64Array.of(BigInt(Math.max(1, kept))), dims: [1] } } : {}),
    });
    logprobs.set(out['logprobs']!.data as Float64Array, first);
    argmax.set(Int32Array.from(out['argmax']!.data as BigInt64Array, Number), from);
    if (kept > 0) {
      ids.set(Int32Array.from(out['top_ids']!.data as BigInt64Array, Number), from * kept);
      best.set(out['top_logprobs']!.data as Float64Array, from * kept);
    }
  }
  return { logprobs, argmax, top: kept > 0 ? { k: kept, ids, logprobs: best } : null };
}
