/** Every question's answers under every variant, and which of them are right. */
import { loglikelihoodOf, scoreQuestions } from '../evaluation/index.js';
import type { StateChange } from '../runtime/index.js';
import type { VisitSubject, VisitTools } from '../visit/index.js';
import type { Outcome } from './figures.js';
import type { QuestionSet } from './question-set.js';
import type { Variant } from './variant.js';

export interface Scored {
  readonly outcomes: readonly Outcome[];
  /** Tokens cut from the left of each question. */
  readonly cut: readonly number[];
}

export async function scoreVariants(
  subject: VisitSubject,
  set: QuestionSet,
  changes: readonly { readonly variant: Variant; readonly change: StateChange | null }[],
  tools: VisitTools,
): Promise<Scored> {
  const ways = changes.map(({ change }) => change);
  const { scores, cut } = await scoreQuestions(subject.model, set.pairs(subject), ways, tools);
  const outcomes = changes.map(({ variant }, v): Outcome => {
    const loglikelihoods = scores[v]!.map((own) => own.map(loglikelihoodOf));
    const verdicts = scores[v]!.map((own, i) =>
      set.right(
        i,
        loglikelihoods[i]!,
        own.map(({ greedy }) => greedy),
      ),
    );
    return {
      variant,
      right: set.metrics.map((_, m) => verdicts.map((verdict) => verdict[m]!)),
      logprobs: loglikelihoods.map((own, i) => own[set.target(i)]!),
    };
  });
  return { outcomes, cut };
}
