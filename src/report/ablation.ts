/** Findings of an ablation as a page shows them: by series, the checkpoints at which the same was asked. */
import { ablationOf, type AblationDetail } from '../ablation/detail.js';
import { canonicalJson, type Finding } from '../record/index.js';
import type { AblationFigure, AblationStory, AblationVariant } from '../story/index.js';
import { columns, grouped, placeOf, significant, type FindingPlace } from './found.js';

/** What is kept of a finding. */
export interface KeptAblation {
  readonly place: FindingPlace;
  /** Findings with the same options belong together. */
  readonly options: string;
  readonly detail: AblationDetail;
  readonly questions: number;
  readonly values: Finding['values'];
  readonly notes: readonly string[];
}

export function keepAblation(finding: Finding): KeptAblation {
  const { values, flags, options } = finding;
  return {
    place: placeOf(finding),
    options: canonicalJson(options),
    detail: ablationOf(finding),
    questions: values[0]?.n ?? 0,
    values,
    notes: flags.filter(({ code }) => code !== 'note').map(({ message }) => message),
  };
}

/** By series, in the order of the findings. */
export function ablationStories(kept: readonly KeptAblation[]): Map<string, AblationStory[]> {
  const stories = new Map<string, AblationStory[]>();
  const real = kept.filter(({ place }) => !place.isControl);
  for (const group of grouped(real, ({ place, options }) => JSON.stringify([place.series, options]))) {
    const { series } = group[0]!.place;
    stories.set(series, [...(stories.get(series) ?? []), storyOf(group)]);
  }
  for (const [series, all] of stories) stories.set(series, named(all));
  return stories;
}

function storyOf(group: readonly KeptAblation[]): AblationStory {
  const { detail } = group[0]!;
  const { questions, metrics, chance, basis } = detail;
  const names = [...new Set(group.flatMap(({ detail: { variants } }) => variants.map(({ name }) => name)))];
  const draws = group.flatMap(({ detail: { variants } }) =>
    variants.flatMap((variant) => (variant.kind === 'random' ? [variant.draw] : [])),
  );
  return {
    ...{ name: questions, questions, corpus: basis.corpus, mean: basis.mean, chance },
    draws: new Set(draws).size,
    metrics: [...metrics, 'logprob'],
    points: group.map(({ place, questions: count, detail: { basis: own }, notes }) => ({
      ...{ stage: place.stage, revision: place.revision, step: place.step, tokens: place.tokens },
      ...{ questions: count, n: own.n, d: own.d, rank: own.rank, notes },
    })),
    variants: names.map((name) => variantOf(name, group, [...metrics, 'logprob'])),
  };
}

function variantOf(name: string, group: readonly KeptAblation[], metrics: readonly string[]): AblationVariant {
  const own = group.map(({ detail }) => detail.variants.find((variant) => variant.name === name));
  const first = own.find((variant) => variant !== undefined)!;
  const done = first.kind === 'original' ? null : first.mode === 'keep' ? 'kept' : 'removed';
  const control = first.kind === 'band' ? `random-${first.size} ${done!}` : null;
  const isThere = group.some(({ detail }) => detail.variants.some((variant) => variant.name === control));
  return {
    ...{ name, kind: first.kind, size: first.kind === 'original' ? null : first.size },
    control: isThere ? control : null,
    variance: own.map((variant) => (variant?.kind === 'band' ? significant(variant.variance) : null)),
    figures: columns(metrics, (metric) => group.map((kept) => figureOf(kept, name, metric))),
  };
}

function figureOf({ detail, values }: KeptAblation, name: string, metric: string): AblationFigure | null {
  const of = (which: string) =>
    values.find((value) => value.metric === which && value.name === `${detail.questions}: ${name}`);
  const level = of(metric);
  if (!level) return null;
  const change = of(`${metric}_change`);
  const versus = of(`${metric}_vs_random`);
  const p = of(`${metric}_mcnemar_p`) ?? of(`${metric}_t_p`);
  const numbers = [level.value, level.se, change?.value, change?.se, p?.value];
  const against = [versus?.value, versus?.se, of(`${metric}_vs_random_p`)?.value];
  return [...numbers, ...against].map((value) => significant(value ?? null)) as unknown as AblationFigure;
}

/** Two sets of one name are told apart by what differs: corpus, mean, or their number. */
function named(all: readonly AblationStory[]): AblationStory[] {
  return all.map((story) => {
    const same = all.filter(({ questions }) => questions === story.questions);
    if (same.length === 1) return story;
    const told = (other: AblationStory) =>
      `${other.questions} (${[other.corpus, ...(other.mean ? [] : ['no mean']), `${other.draws} random`].join(', ')})`;
    const own = told(story);
    const twins = same.filter((other) => told(other) === own);
    return { ...story, name: twins.length === 1 ? own : `${own}, request ${twins.indexOf(story) + 1}` };
  });
}
