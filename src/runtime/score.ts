/**
 * Log-likelihoods of continuations: ln p(continuation | context), token by token, as the lm-evaluation-harness takes them,
 * each question's context computed once for all its answers.
 */
import type { Model } from '../models/index.js';
import { headScores, loadScoreHead, type ScoreHead } from './head-scores.js';
import { interruptible } from './interruptible.js';
import type { ModelProcess } from './process.js';
import { planItem, type Asked, type Growing, type Planned, type ScoreItem } from './score-plan.js';
import { eachScoredStates, type ScoringOptions, type StatesSink } from './scored-states.js';
import type { Stages } from './stages.js';
import { eachTreeStates } from './tree-states.js';

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
  /**
   * Says how sequences of these lengths are run where memory is bounded, null for all of the model in one session; only
   * there do answers share their context's pass. Default: one session.
   */
  readonly stagesFor?: ((lengths: readonly number[]) => Promise<Stages | null>) | undefined;
}

/** What is done to states (R, d) before the unembedding; must not change the array that it is given. */
export type StateChange = (states: Float32Array) => Float32Array;

/** Scores of every item's continuations, in order. Afterwards the head stays loaded, and no other graph. */
export async function score(
  child: ModelProcess,
  model: Model,
  items: readonly ScoreItem[],
  options: ScoreOptions,
): Promise<ContinuationScore[][]> {
  const [scores] = await scoreChanged(child, model, items, [null], options);
  return scores!;
}

/** The same from one forward pass with the states changed in several ways before the unembedding (null: as they are). */
export async function scoreChanged(
  child: ModelProcess,
  model: Model,
  items: readonly ScoreItem[],
  changes: readonly (StateChange | null)[],
  options: ScoreOptions,
): Promise<ContinuationScore[][][]> {
  const limit = options.maxTokens === undefined ? model.positions : options.maxTokens;
  const stages = await stagesOf(model, items, options, limit);
  const planned: Planned[] = [];
  const scores = items.map((item, index) => planItem(model, item, index, limit, planned, stages !== null));
  const copies = new Map(
    scores.flat().map((each) => [each, changes.map(() => ({ ...each, logprobs: each.logprobs.slice() }))]),
  );
  await interruptible(child, options.signal, async () => {
    const head = await loadScoreHead(child, model, options);
    const queue = new HeadQueue(head, changes, copies);
    const of = tokensOf(planned);
    let before = 0;
    for (const { part, tree } of partsOf(planned)) {
      const own: ScoringOptions = {
        ...{ ...options, stages },
        onProgress: (done) => options.onProgress?.(before + done, of),
        onLoaded: () => {
          if (before === 0) options.onLoaded?.();
        },
      };
      const sink: StatesSink = (index, states) => queue.add(states, part[index]!.asked);
      if (tree) await eachTreeStates(child, model, part, own, sink);
      else {
        const sequences = part.map(({ ids }) => ids);
        const places = part.map((each) => each.places);
        await eachScoredStates(child, model, sequences, places, own, sink);
      }
      await child.release(stages ? 'states' : tree ? 'tree' : 'rows');
      before += tokensOf(part);
    }
    await queue.flush();
  });
  return changes.map((_, v) =>
    scores.map((item) =>
      item.map((each) => {
        const { logprobs, greedy, cut } = copies.get(each)![v]!;
        return { logprobs, greedy, cut };
      }),
    ),
  );
}

/** How it is run within a bound, by the lengths of what is run where nothing is shared. */
async function stagesOf(
  model: Model,
  items: readonly ScoreItem[],
  { stages = null, stagesFor }: ScoreOptions,
  limit: number | null,
): Promise<Stages | null> {
  if (stages || !stagesFor) return stages;
  const planned: Planned[] = [];
  items.forEach((item, index) => planItem(model, item, index, limit, planned, true));
  return planned.length === 0 ? null : stagesFor(planned.map(({ ids }) => ids.length));
}

/**
 * Plain sequences have a faster attention, which holds no T² scores; loading the weights again pays where they are more
 * than a few.
 */
function partsOf(planned: Planned[]): { part: Planned[]; tree: boolean }[] {
  const trees = planned.filter(({ parents }) => parents !== null);
  const plain = planned.filter(({ parents }) => parents === null);
  if (trees.length === 0) return plain.length > 0 ? [{ part: plain, tree: false }] : [];
  if (tokensOf(plain) < tokensOf(trees)) return [{ part: planned, tree: true }];
  return [
    { part: plain, tree: false },
    { part: trees, tree: true },
  ];
}

function tokensOf(planned: readonly Planned[]): number {
  return planned.reduce((sum, { ids }) => sum + ids.length, 0);
}

/** Gathers states until the head has a full run. */
class HeadQueue {
  readonly #head: ScoreHead;
  readonly #states: Float32Array;
  readonly #changes: readonly (StateChange | null)[];
  /** By what was planned: its score under each change. */
  readonly #copies: ReadonlyMap<Growing, readonly Growing[]>;
  #asked: Asked[][] = [];

  constructor(
    head: ScoreHead,
    changes: readonly (StateChange | null)[],
    copies: ReadonlyMap<Growing, readonly Growing[]>,
  ) {
    this.#head = head;
    this.#changes = changes;
    this.#copies = copies;
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
    for (const [v, change] of this.#changes.entries()) {
      const { logprobs, argmax } = await headScores(this.#head, change?.(states) ?? states, { rows, tokens });
      let pair = 0;
      for (const [row, each] of asked.entries()) {
        for (const { token, score, place } of each) {
          const own = this.#copies.get(score)![v]!;
          own.logprobs[place] = logprobs[pair++]!;
          if (argmax[row] !== token) own.greedy = false;
        }
      }
    }
  }
}
