/** The scores under every change as figures: accuracy and ln p of the right answer, each beside the unchanged model's. */
import type { FindingValue } from '../record/index.js';
import { mcnemar, paired } from '../statistics/index.js';
import { variantName, type Variant } from './variant.js';

export const ablationVersion = 'ablation-1';

/** How a variant did on each question. */
export interface Outcome {
  readonly variant: Variant;
  /** By metric, by question. */
  readonly right: readonly (readonly boolean[])[];
  /** ln p of the right answer, by question. */
  readonly logprobs: readonly number[];
}

/** A variant's figures; the draws of a random one are one variant. */
export interface VariantFigures {
  readonly name: string;
  readonly values: readonly FindingValue[];
}

interface Means {
  readonly name: string;
  /** By metric and question: 1, 0, or between for several draws. */
  readonly scores: readonly (readonly number[])[];
  readonly logprobs: readonly number[];
  readonly outcomes: readonly Outcome[];
}

/** Rows of the long table, variant by variant; `set` heads each name. */
export function figuresOf(set: string, metrics: readonly string[], outcomes: readonly Outcome[]): FindingValue[] {
  const groups = grouped(outcomes);
  const [original] = groups;
  return groups.flatMap((group) => {
    const control = group.outcomes[0]!.variant.kind === 'band' ? controlOf(group, groups) : null;
    const row = (metric: string, value: number | null, se: number | null, reason?: string): FindingValue => ({
      ...{ name: `${set}: ${group.name}`, metric, value, se, n: group.logprobs.length, definition: ablationVersion },
      ...(reason === undefined ? {} : { reason }),
    });
    const rows: FindingValue[] = [];
    for (const [m, metric] of [...metrics, 'logprob'].entries()) {
      const of = (each: Means): readonly number[] => each.scores[m] ?? each.logprobs;
      const level = paired(
        of(group),
        of(group).map(() => 0),
      );
      rows.push(row(metric, level?.difference ?? null, level?.se ?? null, level ? undefined : 'no questions'));
      if (group === original) continue;
      const change = paired(of(group), of(original!));
      if (!change) continue;
      rows.push(row(`${metric}_change`, change.difference, change.se));
      const [only, ...more] = group.outcomes;
      // Of several draws a question is right in part: the exact test is of one answer against one.
      if (m < metrics.length && more.length === 0) {
        rows.push(row(`${metric}_mcnemar_p`, mcnemar(only!.right[m]!, original!.outcomes[0]!.right[m]!).p, null));
      } else rows.push(row(`${metric}_t_p`, change.p, null, change.p === null ? 'no question changed' : undefined));
      const against = control && paired(of(group), of(control));
      if (!against) continue;
      rows.push(row(`${metric}_vs_random`, against.difference, against.se));
      rows.push(row(`${metric}_vs_random_p`, against.p, null, against.p === null ? 'no question differs' : undefined));
    }
    return rows;
  });
}

function grouped(outcomes: readonly Outcome[]): Means[] {
  const names = [...new Set(outcomes.map(({ variant }) => variantName(variant)))];
  return names.map((name): Means => {
    const own = outcomes.filter(({ variant }) => variantName(variant) === name);
    const mean = (of: (outcome: Outcome) => readonly number[]): number[] =>
      of(own[0]!).map((_, i) => own.reduce((sum, outcome) => sum + of(outcome)[i]!, 0) / own.length);
    return {
      name,
      scores: own[0]!.right.map((_, m) => mean(({ right }) => right[m]!.map(Number))),
      logprobs: mean(({ logprobs }) => logprobs),
      outcomes: own,
    };
  });
}

/** The random directions of the same number, changed in the same way. */
function controlOf(group: Means, groups: readonly Means[]): Means | null {
  const { variant } = group.outcomes[0]!;
  if (variant.kind !== 'band') return null;
  const size = variant.band.to - variant.band.from + 1;
  const name = variantName({ kind: 'random', mode: variant.mode, size, draw: 0 });
  return groups.find((each) => each.name === name) ?? null;
}
