/** How it was measured, in a line of facts and in the short lines of a caption. */
import { count, si } from './format.js';
import type { RunStory, SeriesStory } from './story.js';

/** `20 checkpoints measured, 4 flagged`, `N = 1,500`, corpus, definition, date: each short, in order. */
export function factsOf(series: SeriesStory, run: RunStory, layer: string): string[] {
  const { checkpoints, corpus, n, d } = series;
  const flagged = checkpoints.filter(({ flags }) => flags.some((flag) => (flag.layer ?? layer) === layer)).length;
  const failed = run.failures.filter((f) => f.series === series.name && f.variant === series.variant).length;
  const measured = `${count(checkpoints.length, 'checkpoint')} measured, ${flagged} flagged, ${failed} failed`;
  const rows = n === null ? 'N differs' : `N = ${n.toLocaleString('en-US')}`;
  const columns = d === null ? 'd not the same everywhere' : `d = ${d.toLocaleString('en-US')}`;
  return [
    measured,
    `${rows}, ${columns}`,
    corpus === null ? 'corpus not known' : corpusWords(corpus),
    `position ${series.position}`,
    `definitions ${series.definitions.version}: ${series.definitions.ids.slice(0, 2).join(', ')}`,
    dates(series.created),
  ];
}

function corpusWords({ name, sequences, tokens, minTokens, maxTokens }: NonNullable<SeriesStory['corpus']>): string {
  const from = minTokens === null || minTokens === 0 ? '' : ` of more than ${minTokens} tokens`;
  const cut = maxTokens === null ? '' : `, cut at ${maxTokens}`;
  return `${count(sequences, 'sequence')} of ${name}${from}${cut} (${si(tokens)} tokens)`;
}

export function dates([first, last]: SeriesStory['created']): string {
  const [from, to] = [first.slice(0, 10), last.slice(0, 10)];
  return from === to ? from : `${from} to ${to}`;
}
