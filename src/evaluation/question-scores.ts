/** Scores of every question's answers, as they are and under changes of the states, from one forward pass. */
import type { Model } from '../models/index.js';
import type { FindingFlag } from '../record/index.js';
import { interruptible, scoreChanged, type ContinuationScore, type StateChange } from '../runtime/index.js';
import { scoringStages, type VisitTools } from '../visit/index.js';
import type { EncodedPair } from './encode.js';

/** Tokens of context where a config names no positions, as in the harness. */
const defaultPositions = 2048;

export interface QuestionScores {
  /** By change, question and pair. */
  readonly scores: readonly (readonly (readonly ContinuationScore[])[])[];
  /** Tokens that were cut from the left of each question so that it fits the model. */
  readonly cut: readonly number[];
}

/** Tokens that a model takes. */
export function positionsOf(model: Model): number {
  return model.positions ?? defaultPositions;
}

/** `changes`: what is done to the states before the unembedding; null: nothing. */
export async function scoreQuestions(
  model: Model,
  pairs: readonly (readonly EncodedPair[])[],
  changes: readonly (StateChange | null)[],
  tools: VisitTools,
): Promise<QuestionScores> {
  const { items, places } = shared(pairs);
  const { child, threads, signal } = tools;
  tools.progress('load', 0, model.bytes);
  let started = 0;
  const found = await interruptible(child, signal, () =>
    scoreChanged(child, model, items, changes, {
      ...{ threads, maxTokens: positionsOf(model), stagesFor: scoringStages(model, tools) },
      ...(signal ? { signal } : {}),
      onLoaded: () => (started = performance.now()),
      onProgress: (done, of) => {
        const seconds = (performance.now() - started) / 1000;
        tools.progress('score', done, of, done > 0 ? done / seconds : null);
      },
    }),
  );
  const scores = found.map((changed) => places.map((own) => own.map(({ item, member }) => changed[item]![member]!)));
  return { scores, cut: (scores[0] ?? []).map((own) => own.reduce((most, { cut }) => Math.max(most, cut), 0)) };
}

/** ln p of a whole answer. */
export function loglikelihoodOf({ logprobs }: ContinuationScore): number {
  return logprobs.reduce((sum, value) => sum + value, 0);
}

/** That some questions did not fit; `cut`: tokens cut of each. */
export function cutFlags(cut: readonly number[], limit: number): FindingFlag[] {
  const count = cut.filter((tokens) => tokens > 0).length;
  if (count === 0) return [];
  const tokens = cut.reduce((sum, each) => sum + each, 0);
  const message =
    `${count} of ${cut.length} questions are longer than the model's ${limit} tokens: ` +
    `${tokens} tokens were cut from the left`;
  return [{ code: 'context-cut', message, count }];
}

interface Place {
  readonly item: number;
  readonly member: number;
}

interface Item {
  readonly context: Int32Array;
  readonly continuations: Int32Array[];
}

/** Answers of a question to the same context are one item, which computes it once; `places` leads back. */
function shared(pairs: readonly (readonly EncodedPair[])[]): { items: Item[]; places: Place[][] } {
  const items: Item[] = [];
  const places = pairs.map((own) => {
    const first = items.length;
    return own.map(({ context, continuation }): Place => {
      let item = first;
      while (item < items.length && !same(items[item]!.context, context)) item++;
      if (item === items.length) items.push({ context, continuations: [] });
      return { item, member: items[item]!.continuations.push(continuation) - 1 };
    });
  });
  return { items, places };
}

function same(a: Int32Array, b: Int32Array): boolean {
  return a === b || (a.length === b.length && a.every((id, i) => id === b[i]));
}
