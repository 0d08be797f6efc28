/** What nulls say: whether a series' figures are told apart from those of shuffled tokens, random weights or white noise. */
import { controlPairing, type Pairing, type SequencesMeasured } from '../statistics/index.js';
import { difference, figureCurve, isPaired, isResolved, type Difference } from './curve.js';
import { signed } from './format.js';
import type { Control, RunStory, SeriesStory } from './story.js';
import type { Warning } from './warnings.js';

const names: Readonly<Record<Control['kind'], string>> = {
  'shuffled-tokens': 'shuffled tokens',
  'random-init': 'random weights',
  gaussian: 'white noise',
};

interface Against {
  readonly name: string;
  /** Null: no difference has an error. */
  readonly pairing: Pairing | null;
  /** Checkpoints that are told apart, of those whose difference has an error. */
  readonly told: number;
  readonly of: number;
  /** Revisions that are not told apart. */
  readonly not: readonly string[];
  readonly last: { readonly revision: string; readonly difference: Difference };
}

/** One sentence a control: at how many checkpoints RankMe differs by more than 3 errors, and by how much at the last. */
export function controlDetails(series: SeriesStory, run: RunStory, layer: string): string[] {
  return comparisons(series, run, layer).map(({ name, pairing, told, of, last: { revision, difference } }) => {
    if (pairing === null) {
      return `Whether RankMe differs from ${name} can't be told: they were not measured on the same sequences.`;
    }
    const size = signed(difference.value, difference.se);
    if (of === 0) return `RankMe less that of ${name} is ${size} at ${revision}; the difference has no error.`;
    const errors = pairing === 'paired' ? 'paired' : 'independent rows';
    return `RankMe differs from ${name} beyond 3 errors at ${told} of ${of} checkpoints (${revision}: ${size}, ${errors}).`;
  });
}

/** Controls that some checkpoint's RankMe does not exceed. */
export function controlWarnings(series: SeriesStory, run: RunStory, layer: string): Warning[] {
  return comparisons(series, run, layer).flatMap(({ name, pairing, not, of }) => {
    if (pairing === null || not.length === 0) return [];
    const where = not.slice(0, 3).join(', ') + (not.length > 3 ? ', …' : '');
    const text = `RankMe is not told apart from ${name} at ${not.length} of ${of} checkpoints (${where}).`;
    return [{ code: 'control', text }];
  });
}

function comparisons(series: SeriesStory, run: RunStory, layer: string): Against[] {
  if (series.control !== null) return [];
  const nulls = run.series.filter((other) => other.name === series.name && other.control !== null);
  return nulls.flatMap((control) => against(series, control, layer) ?? []);
}

function against(series: SeriesStory, control: SeriesStory, layer: string): Against | null {
  // White noise has no layers: its one curve stands beside any of them.
  const own = control.layers.includes(layer) ? layer : control.layers.length === 1 ? control.layers[0]! : null;
  if (own === null) return null;
  const curve = figureCurve(series, 'rankme', layer);
  const nulls = figureCurve(control, 'rankme', own);
  const pairing = pairingOf(series, control);
  const rows = pairing === 'independent' ? pairing : pairing === 'paired';
  // Weights or noise that belong to no checkpoint are a level beside all of them.
  const isLevel = control.control!.kind !== 'shuffled-tokens';
  const found = series.checkpoints.flatMap(({ stage, revision }, at) => {
    const null_ = isLevel
      ? 0
      : control.checkpoints.findIndex((other) => other.stage === stage && other.revision === revision);
    const change = null_ < 0 ? null : difference(nulls, null_, curve, at, rows);
    return change === null ? [] : [{ revision, difference: change }];
  });
  const last = found.at(-1);
  if (last === undefined) return null;
  const known = found.filter((entry) => entry.difference.se !== null);
  const not = known.filter((entry) => !isResolved(entry.difference)).map(({ revision }) => revision);
  return { name: names[control.control!.kind], pairing, told: known.length - not.length, of: known.length, not, last };
}

function pairingOf(series: SeriesStory, control: SeriesStory): Pairing | null {
  const pairing = controlPairing(control.control!.kind, sequencesOf(series), sequencesOf(control));
  return pairing === 'paired' && !(isPaired(series) && isPaired(control)) ? null : pairing;
}

function sequencesOf({ corpus }: SeriesStory): SequencesMeasured | null {
  if (corpus === null) return null;
  const { sha256, sequences, tokens, minTokens, maxTokens } = corpus;
  return { corpus: sha256, sequences, tokens, minTokens, maxTokens };
}
