/** Generated texts of a run as a page shows them: by series, the same prompts written in the same way. */
import { samplesOf, type SampledPrompt } from '../generation/detail.js';
import { canonicalJson, type Finding } from '../record/index.js';
import type { SamplesStory } from '../story/index.js';
import { columns, grouped, placeOf, significant, type FindingPlace } from './found.js';

/** Characters of texts that a page holds of one request, and of one text or prompt. */
const budget = 300_000;
const longest = { text: 1200, prompt: 400 };
/** Completions of a prompt that are shown, where they have room. */
const mostSamples = 3;

const metrics = ['distinct_1', 'distinct_2', 'distinct_3', 'loops', 'longest_repeat', 'new_tokens'];

/** What is kept of a finding. */
export interface KeptSamples {
  readonly place: FindingPlace;
  readonly options: Finding['options'];
  readonly prompts: readonly SampledPrompt[];
  readonly values: Finding['values'];
  readonly notes: readonly string[];
}

export function keepSamples(finding: Finding): KeptSamples {
  const { options, values, flags } = finding;
  const prompts = samplesOf(finding).map(({ completions, ...prompt }) => ({
    ...prompt,
    completions: completions
      .slice(0, mostSamples)
      .map((each) => ({ ...each, text: each.text.slice(0, longest.text + 2) })),
  }));
  return { place: placeOf(finding), options, prompts, values, notes: flags.map(({ message }) => message) };
}

/** By series, in the order of the findings. */
export function samplesStories(kept: readonly KeptSamples[]): Map<string, SamplesStory[]> {
  const stories = new Map<string, SamplesStory[]>();
  const real = kept.filter(({ place }) => !place.isControl);
  for (const group of grouped(real, ({ place, options }) => canonicalJson([place.series, options]))) {
    const { series } = group[0]!.place;
    stories.set(series, [...(stories.get(series) ?? []), storyOf(group)]);
  }
  for (const [series, all] of stories)
    stories.set(
      series,
      all.map((story) => named(story, all)),
    );
  return stories;
}

function storyOf(group: readonly KeptSamples[]): SamplesStory {
  const [{ prompts, options }] = group as [KeptSamples];
  const written = Number(options['samples'] ?? 1);
  const { count, samples } = room(group);
  return {
    name: nameOf(options),
    prompts: prompts.slice(0, count).map(({ prompt }, p) => ({
      text: cut(prompt, longest.prompt),
      figures: columns(metrics, (metric) => group.map((kept) => figureOf(kept, p, metric))),
    })),
    left: { prompts: prompts.length - count, completions: Math.max(0, written - samples) },
    points: group.map(({ place, prompts: own, notes }) => ({
      ...{ stage: place.stage, revision: place.revision, step: place.step, tokens: place.tokens, notes },
      texts: own.slice(0, count).map(({ completions }) =>
        completions.slice(0, samples).map(({ text, finish, ids, distinct, longestRepeat, loop }) => ({
          ...{ text: cut(text, longest.text), isCut: text.length > longest.text, tokens: ids, finish },
          distinct: distinct.map(significant),
          repeat: longestRepeat?.length ?? null,
          loop: loop && { period: loop.period, from: loop.from },
        })),
      ),
    })),
  };
}

/** As many prompts as the budget has room for, at least one; one sample each where that makes room for more than one. */
function room(group: readonly KeptSamples[]): { count: number; samples: number } {
  const of = (samples: number): number => {
    let used = 0;
    const most = group[0]!.prompts.length;
    for (let p = 0; p < most; p++) {
      for (const { prompts } of group) {
        for (const { text } of prompts[p]?.completions.slice(0, samples) ?? []) used += text.length;
      }
      if (used > budget) return p;
    }
    return most;
  };
  const all = of(mostSamples);
  if (all === group[0]!.prompts.length || all > 1) return { count: all, samples: mostSamples };
  return { count: Math.max(1, of(1)), samples: 1 };
}

/** Values stand prompt by prompt, each name headed by the prompt's number. */
function figureOf({ values }: KeptSamples, prompt: number, metric: string): readonly [number, number | null] | null {
  const found = values.find(({ name, metric: own }) => own === metric && name.startsWith(`${prompt + 1}: `));
  return found === undefined || found.value === null ? null : [significant(found.value)!, significant(found.se)];
}

function nameOf(options: Finding['options']): string {
  const { greedy, temperature, topK, topP, seed, maxNewTokens, stop } = options;
  const how =
    greedy === true
      ? ['greedy']
      : [
          `temperature ${Number(temperature)}`,
          ...(topK === null || topK === undefined ? [] : [`top-k ${Number(topK)}`]),
          ...(topP === 1 || topP === undefined ? [] : [`top-p ${Number(topP)}`]),
          `seed ${Number(seed)}`,
        ];
  const ends = Array.isArray(stop) && stop.length > 0 ? [stop.length === 1 ? 'a stop text' : 'stop texts'] : [];
  return [...how, `at most ${Number(maxNewTokens)} tokens`, ...ends].join(', ');
}

/** Two requests told alike differ in their prompts: they are numbered. */
function named(story: SamplesStory, all: readonly SamplesStory[]): SamplesStory {
  const same = all.filter(({ name }) => name === story.name);
  return same.length === 1 ? story : { ...story, name: `${story.name}, request ${same.indexOf(story) + 1}` };
}

function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  // A pair of surrogates is not parted.
  return `${text.slice(0, /[\uD800-\uDBFF]/.test(text[most - 1]!) ? most - 1 : most)}…`;
}
