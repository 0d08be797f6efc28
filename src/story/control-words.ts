/** What nulls say: whether a series' figures are told apart from those of shuffled tokens, random weights or white noise. */
import { difference, figureCurve, isPaired, isResolved, type Difference } from './curve.js';
import { signed } from './format.js';
import type { Control, RunStory, SeriesStory } from './story.js';
import type { Warning } from './warnings.js';

/** Nulls by kind, as a page calls them. */
export const controlNames: Readonly<Record<Control['kind'], string>> = {
  'shuffled-tokens': 'shuffled tokens',
  'random-init': 'random weights',
  gaussian: 'white noise',
};

interface Against {
  readonly name: string;
  /** Checkpoints that are told apart, of those whose difference has an error. */
  readonly told: number;
  readonly of: number;
  /** Revisions that are not told apart. */
  readonly not: readonly string[];
  readonly last: { readonly revision: string; readonly difference: Difference };
}

/** One sentence a control: at how many checkpoints RankMe differs by more than 3 errors, and by how much at the last. */
export function controlDetails(series: SeriesStory, run: RunStory, layer: string): string[] {
  return comparisons(series, run, layer).map(({ name, told, of, last }) => {
    const size = signed(last.difference.value, last.difference.se);
    if (of === 0) return `RankMe less that of ${name} is ${size} at ${last.revision}; the difference has no error.`;
    const pairing = last.difference.paired ? 'paired' : 'independent rows';
    return `RankMe differs from ${name} beyond 3 errors at ${told} of ${of} checkpoints (${last.revision}: ${size}, ${pairing}).`;
  });
}

/** Controls that some checkpoint's RankMe does not exceed. */
export function controlWarnings(series: SeriesStory, run: RunStory, layer: string): Warning[] {
  return comparisons(series, run, layer).flatMap(({ name, not, of }) => {
    if (not.length === 0) return [];
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
  const { kind } = control.control!;
  const isLevel = kind !== 'shuffled-tokens';
  const rows = kind === 'gaussian' ? 'independent' : isPaired(series) && isOfSameTexts(series, control);
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
  return { name: controlNames[kind], told: known.length - not.length, of: known.length, not, last };
}

/** Whether a null was measured on the series' sequences: its tokens may be in another order, so their hash says less. */
function isOfSameTexts({ corpus: a }: SeriesStory, { corpus: b }: SeriesStory): boolean {
  if (a === null || b === null) return false;
  if (a.rowsSha256 === b.rowsSha256) return true;
  return (
    a.sha256 === b.sha256 &&
    (['sequences', 'tokens', 'minTokens', 'maxTokens'] as const).every((part) => a[part] === b[part])
  );
}
