/** Every question's answers under every change of the states, from one forward pass. */
import type { EncodedPair } from '../evaluation/index.js';
import type { Model } from '../models/index.js';
import {
  scoreChanged,
  type ModelProcess,
  type ScoreItem,
  type ScoreOptions,
  type StateChange,
} from '../runtime/index.js';
import type { Outcome } from './figures.js';
import type { QuestionSet } from './question-set.js';
import type { Variant } from './variant.js';

export interface Scored {
  readonly outcomes: readonly Outcome[];
  /** ln p of each question's answers under each variant. */
  readonly loglikelihoods: readonly (readonly (readonly number[])[])[];
  /** Questions whose context was cut from the left, and by how many tokens in all. */
  readonly cut: { readonly questions: number; readonly tokens: number };
}

export async function scoreVariants(
  child: ModelProcess,
  model: Model,
  set: QuestionSet,
  pairs: readonly (readonly EncodedPair[])[],
  changes: readonly { readonly variant: Variant; readonly change: StateChange | null }[],
  options: ScoreOptions,
): Promise<Scored> {
  const { items, places } = shared(pairs);
  const found = await scoreChanged(
    child,
    model,
    items,
    changes.map(({ change }) => change),
    options,
  );
  const cuts = places.map((own) => Math.max(0, ...own.map(({ item, member }) => found[0]![item]![member]!.cut)));
  const all = found.map((scores) =>
    places.map((own) =>
      own.map(({ item, member }) => {
        const { logprobs, greedy } = scores[item]![member]!;
        return { total: logprobs.reduce((sum, x) => sum + x, 0), greedy };
      }),
    ),
  );
  const loglikelihoods = all.map((questions) => questions.map((own) => own.map(({ total }) => total)));
  const outcomes = changes.map(({ variant }, v): Outcome => {
    const verdicts = all[v]!.map((own, i) =>
      set.right(
        i,
        loglikelihoods[v]![i]!,
        own.map(({ greedy }) => greedy),
      ),
    );
    return {
      variant,
      right: set.metrics.map((_, m) => verdicts.map((verdict) => verdict[m]!)),
      logprobs: loglikelihoods[v]!.map((own, i) => own[set.target(i)]!),
    };
  });
  return {
    outcomes,
    loglikelihoods,
    cut: { questions: cuts.filter((tokens) => tokens > 0).length, tokens: cuts.reduce((sum, x) => sum + x, 0) },
  };
}

interface Place {
  readonly item: number;
  readonly member: number;
}

/** Answers of a question to the same context are one item, which computes it once; `places` leads back. */
function shared(pairs: readonly (readonly EncodedPair[])[]): { items: ScoreItem[]; places: Place[][] } {
  const items: { context: Int32Array; continuations: Int32Array[] }[] = [];
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
