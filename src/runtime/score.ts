/**
 * Log-likelihoods of continuations: ln p(continuation | context), token by token, as the lm-evaluation-harness takes them.
 * A continuation's last token is never fed in, so one-token continuations all read the context's last state, and a
 * continuation whose inputs begin another's reads the other's states.
 */
import { EigentraceError } from '../errors.js';
import type { Model } from '../models/index.js';
import { headScores, loadScoreHead, type ScoreHead } from './head-scores.js';
import { interruptible } from './interruptible.js';
import type { ModelProcess } from './process.js';
import { checkIds, eachScoredStates, type ScoringOptions } from './scored-states.js';

export interface ScoreItem {
  /** At least one token. */
  readonly context: Int32Array;
  /** Each at least one token. */
  readonly continuations: readonly Int32Array[];
}

export interface ContinuationScore {
  /** ln p of each of its tokens given what stands before. */
  readonly logprobs: Float64Array;
  /** Whether each of its tokens is the likeliest one at its place. */
  readonly greedy: boolean;
  /** Tokens cut from the left so that it fits the model. */
  readonly cut: number;
}

export interface ScoreOptions extends ScoringOptions {
  /** Tokens a sequence may have, the continuation's last not counted; default the model's positions. Null: any. */
  readonly maxTokens?: number | null;
}

/** A sequence to run, and where in it tokens are scored. */
interface Planned {
  readonly ids: Int32Array;
  /** Ascending; by row of states. */
  readonly positions: number[];
  /** What each row is asked for. */
  readonly asked: Asked[][];
}

interface Asked {
  readonly token: number;
  readonly score: Growing;
  readonly place: number;
}

/** Scores of every item's continuations, in order. */
export async function score(
  child: ModelProcess,
  model: Model,
  items: readonly ScoreItem[],
  options: ScoreOptions,
): Promise<ContinuationScore[][]> {
  const limit = options.maxTokens === undefined ? model.positions : options.maxTokens;
  const planned: Planned[] = [];
  const scores = items.map((item, index) => plan(model, item, index, limit, planned));
  await interruptible(child, options.signal, async () => {
    const head = await loadScoreHead(child, model, options);
    const queue = new HeadQueue(head);
    const sequences = planned.map((each) => each.ids);
    const positions = planned.map((each) => each.positions);
    await eachScoredStates(child, model, sequences, positions, options, (index, states) =>
      queue.add(states, planned[index]!.asked),
    );
    await queue.flush();
  });
  return scores.map((item) => item.map(({ logprobs, greedy, cut }) => ({ logprobs, greedy, cut })));
}

interface Growing extends ContinuationScore {
  greedy: boolean;
  /** Context and continuation, what doesn't fit left out. */
  readonly whole: Int32Array;
}

function plan(
  model: Model,
  { context, continuations }: ScoreItem,
  index: number,
  limit: number | null,
  planned: Planned[],
): Growing[] {
  const scores = continuations.map((continuation, c): Growing => {
    if (context.length === 0 || continuation.length === 0) {
      const what = context.length === 0 ? 'context' : `continuation ${c}`;
      throw new EigentraceError('input', `item ${index}: ${what} is empty, got no token (expected at least one)`);
    }
    const whole = new Int32Array(context.length + continuation.length);
    whole.set(context);
    whole.set(continuation, context.length);
    checkIds(model, whole, `item ${index}`);
    const cut = Math.max(0, whole.length - 1 - (limit ?? Infinity));
    if (cut > context.length - 1) {
      throw new EigentraceError(
        'input',
        `item ${index}: continuation ${c} is longer than the model, got ${continuation.length} tokens ` +
          `(expected at most ${String(limit)})`,
      );
    }
    return { whole: whole.subarray(cut), cut, logprobs: new Float64Array(continuation.length), greedy: true };
  });
  const own: Planned[] = [];
  // Longest first, so that what begins another finds it.
  const order = scores.map((_, c) => c).sort((a, b) => scores[b]!.whole.length - scores[a]!.whole.length || a - b);
  for (const c of order) {
    const { whole, logprobs } = scores[c]!;
    const inputs = whole.subarray(0, whole.length - 1);
    let home = own.find(
      ({ ids }) => (ids.length === inputs.length || !model.dependsOnLength) && inputs.every((id, t) => ids[t] === id),
    );
    if (!home) own.push((home = { ids: inputs, positions: [], asked: [] }));
    for (let j = 0; j < logprobs.length; j++) {
      const position = inputs.length - logprobs.length + j;
      let row = home.positions.indexOf(position);
      if (row < 0) row = home.asked.push([]) - 1;
      home.positions[row] = position;
      home.asked[row]!.push({ token: whole[position + 1]!, score: scores[c]!, place: j });
    }
  }
  planned.push(...own);
  return scores;
}

/** Gathers states until the head has a full run. */
class HeadQueue {
  readonly #head: ScoreHead;
  readonly #states: Float32Array;
  #asked: Asked[][] = [];

  constructor(head: ScoreHead) {
    this.#head = head;
    this.#states = new Float32Array(head.rows * head.width);
  }

  async add(states: Float32Array, asked: readonly Asked[][]): Promise<void> {
    const d = this.#head.width;
    for (const [row, each] of asked.entries()) {
      this.#states.set(states.subarray(row * d, (row + 1) * d), this.#asked.length * d);
      this.#asked.push(each);
      if (this.#asked.length === this.#head.rows) await this.flush();
    }
  }

  async flush(): Promise<void> {
    const asked = this.#asked;
    if (asked.length === 0) return;
    this.#asked = [];
    const states = this.#states.slice(0, asked.length * this.#head.width);
    const rows = asked.flatMap((each, row) => each.map(() => row));
    const tokens = asked.flatMap((each) => each.map(({ token }) => token));
    const { logprobs, argmax } = await headScores(this.#head, states, { rows, tokens });
    let pair = 0;
    for (const [row, each] of asked.entries()) {
      for (const { token, score, place } of each) {
        score.logprobs[place] = logprobs[pair++]!;
        if (argmax[row] !== token) score.greedy = false;
      }
    }
  }
}
