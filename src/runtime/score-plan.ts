/**
 * What has to be run to score an item: its context once, and the continuations' inputs as branches from it, each
 * common beginning once (`apart`: each a sequence of its own, which stages need). A continuation's last token is asked for and never fed in, so answers of one token cost nothing
 * beside the context. Where tokens must be cut from the left, or a rotary embedding stretches with the sequence, each
 * continuation is a sequence of its own.
 */
import { EigentraceError } from '../errors.js';
import type { Model } from '../models/index.js';
import { checkIds } from './scored-states.js';

export interface ScoreItem {
  /** At least one token. */
  readonly context: Int32Array;
  /** Each at least one token. */
  readonly continuations: readonly Int32Array[];
}

/** A continuation's score while it grows. */
export interface Growing {
  readonly logprobs: Float64Array;
  greedy: boolean;
  readonly cut: number;
}

/** Tokens to run, and which of them are asked for what. */
export interface Planned {
  readonly ids: Int32Array;
  /** Each token's place of the one before; null: a plain sequence. */
  readonly parents: Int32Array | null;
  /** Places whose states are needed, and what of each. */
  readonly places: readonly number[];
  readonly asked: readonly Asked[][];
}

export interface Asked {
  readonly token: number;
  readonly score: Growing;
  /** Which of the continuation's tokens it is. */
  readonly place: number;
}

/** The plan of item `index`, appended to `planned`; its scores are filled in when that was run. */
export function planItem(
  model: Model,
  item: ScoreItem,
  index: number,
  limit: number | null,
  planned: Planned[],
  apart = false,
): Growing[] {
  const { context, continuations } = item;
  const scores = continuations.map((continuation, c): Growing => {
    if (context.length === 0 || continuation.length === 0) {
      const what = context.length === 0 ? 'context' : `continuation ${c}`;
      throw new EigentraceError('input', `item ${index}: ${what} is empty, got no token (expected at least one)`);
    }
    checkIds(model, continuation, `item ${index}`);
    const cut = Math.max(0, context.length + continuation.length - 1 - (limit ?? Infinity));
    if (cut > context.length - 1) {
      throw new EigentraceError(
        'input',
        `item ${index}: continuation ${c} is longer than the model, got ${continuation.length} tokens ` +
          `(expected at most ${String(limit)})`,
      );
    }
    return { logprobs: new Float64Array(continuation.length), greedy: true, cut };
  });
  if (context.length > 0) checkIds(model, context, `item ${index}`);
  const together = !apart && scores.every(({ cut }) => cut === 0) && !model.dependsOnLength;
  if (together) planned.push(treeOf(context, continuations, scores));
  else {
    for (const [c, continuation] of continuations.entries()) {
      const score = scores[c]!;
      planned.push(treeOf(context.subarray(score.cut), [continuation], [score]));
    }
  }
  return scores;
}

function treeOf(context: Int32Array, continuations: readonly Int32Array[], scores: readonly Growing[]): Planned {
  const ids = [...context];
  const parents = ids.map((_, t) => t - 1);
  /** Places by the place before and the token. */
  const branches = new Map<string, number>();
  const asked = new Map<number, Asked[]>();
  continuations.forEach((continuation, c) => {
    let at = context.length - 1;
    continuation.forEach((token, place) => {
      if (place > 0) {
        const fed = continuation[place - 1]!;
        const name = `${at} ${fed}`;
        let next = branches.get(name);
        if (next === undefined) {
          next = ids.push(fed) - 1;
          parents.push(at);
          branches.set(name, next);
        }
        at = next;
      }
      const here = asked.get(at) ?? [];
      here.push({ token, score: scores[c]!, place });
      asked.set(at, here);
    });
  });
  return {
    ids: Int32Array.from(ids),
    parents: parents.every((parent, t) => parent === t - 1) ? null : Int32Array.from(parents),
    places: [...asked.keys()],
    asked: [...asked.values()],
  };
}
