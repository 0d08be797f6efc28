/** The head of a series of which a run holds findings and no geometry. */
import { dates } from './facts.js';
import { count, si } from './format.js';
import type { SeriesStory } from './story.js';

/** What is there, in a sentence. */
export function foundWords(series: SeriesStory): string {
  const { memorization = [], ablation = [], samples = [], directions = [], downstream, checkpoints } = series;
  const names = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name).join(', ');
  const parts = [
    ...(memorization.length === 0 ? [] : [`memorization (${names(memorization)})`]),
    ...(ablation.length === 0 ? [] : [`ablations (${names(ablation)})`]),
    ...(directions.length === 0 ? [] : [`directions (${names(directions)})`]),
    ...(samples.length === 0 ? [] : ['generated texts']),
    ...(downstream.length === 0 ? [] : [count(new Set(downstream.map(({ task }) => task)).size, 'task')]),
  ];
  const what = parts.length === 0 ? 'findings' : parts.join(', ');
  return `No geometry is measured in this run: it holds ${what} at ${count(checkpoints.length, 'checkpoint')}.`;
}

export function foundFacts({ checkpoints, architecture, parameters, created }: SeriesStory): string[] {
  const size = parameters === null ? [] : [`${si(parameters)} parameters`];
  return [
    `${count(checkpoints.length, 'checkpoint')} looked at`,
    ...(architecture === null ? [] : [[architecture, ...size].join(', ')]),
    dates(created),
  ];
}
