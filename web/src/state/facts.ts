/** The line of facts below the finding. */
import type { RunStory, SeriesStory } from '../../../src/story/index.js';
import { flagsAt } from './table.js';
import { day, si } from './words.js';

export interface Fact {
  readonly name: string;
  readonly value: string;
  /** Smaller, after the value; may be empty. */
  readonly more: string;
}

export function factsOf(series: SeriesStory, run: RunStory, layer: string): Fact[] {
  if (series.layers.length === 0) return foundFacts(series);
  const { checkpoints, corpus, n, d, alphaRange } = series;
  const flagged = checkpoints.filter((_, i) => flagsAt(series, layer, i).length > 0).length;
  const failed = failuresOf(series, run).length;
  const facts: Fact[] = [
    { name: 'Checkpoints', value: `${checkpoints.length} measured`, more: `${flagged} flagged, ${failed} failed` },
  ];
  if (n !== null && d !== null) {
    const ratio = n / d;
    const width = `width d = ${d.toLocaleString('en-US')}, N/d = ${ratio.toFixed(ratio < 10 ? 1 : 0)}`;
    facts.push({ name: 'Sequences', value: `N = ${n.toLocaleString('en-US')}`, more: width });
  }
  if (corpus) {
    const most = corpus.maxTokens === null ? '' : `, at most ${corpus.maxTokens.toLocaleString('en-US')} each`;
    facts.push({ name: 'Corpus', value: corpus.name, more: `${si(corpus.tokens)} tokens${most}` });
  }
  const [main] = series.definitions.ids;
  const range = `α over ranks ${alphaRange.join('–')}, v${series.definitions.version}`;
  facts.push({ name: 'Definition', value: main ?? 'rankme', more: range });
  facts.push({
    name: 'Measured',
    value: day(series.created[1]),
    more: `eigentrace ${series.versions['eigentrace'] ?? '?'}`,
  });
  return facts;
}

/** Of a series with findings and no geometry. */
function foundFacts({ checkpoints, architecture, parameters, created, versions }: SeriesStory): Fact[] {
  const size = parameters === null ? '' : `${si(parameters)} parameters`;
  return [
    { name: 'Checkpoints', value: `${checkpoints.length} looked at`, more: 'no geometry' },
    ...(architecture === null ? [] : [{ name: 'Model', value: architecture, more: size }]),
    { name: 'Found', value: day(created[1]), more: `eigentrace ${versions['eigentrace'] ?? '?'}` },
  ];
}

export function failuresOf(series: SeriesStory, run: RunStory): RunStory['failures'] {
  return run.failures.filter((failure) => failure.series === series.name && failure.variant === series.variant);
}
