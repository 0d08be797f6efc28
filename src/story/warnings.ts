/** What changes the reading of a series' numbers, most serious first: it stands in the head, not in a footer. */
import { figureCurve, isPaired } from './curve.js';
import { count, percent } from './format.js';
import type { RunStory, SeriesStory } from './story.js';

export interface Warning {
  /** `failed`, `small-sample`, `poor-fit`, …; flags keep their own code. */
  readonly code: string;
  readonly text: string;
}

/** Below this r² α is no longer the slope of a power law (white noise at N ≈ d fits α ≈ 0.15 with less). */
const poorFit = 0.9;

export function warningsOf(series: SeriesStory, run: RunStory, layer: string): Warning[] {
  return [
    ...runWarnings(series, run),
    ...flagged(series, layer),
    ...biased(series, layer),
    ...absentAlpha(series, layer),
    ...fits(series, layer),
    ...errors(series, layer),
  ];
}

/** What holds whatever was measured. */
export function runWarnings(series: SeriesStory, run: RunStory): Warning[] {
  return [...alerts(series, run), ...damaged(run), ...failed(series, run), ...sameWeights(series)];
}

/** What somebody asked to hear of comes first: the latest, and how many before it. */
function alerts(series: SeriesStory, run: RunStory): Warning[] {
  const own = (run.alerts ?? []).filter((a) => a.series === series.name && a.variant === series.variant);
  const last = own.at(-1);
  if (!last) return [];
  const more = own.length > 1 ? `, and ${own.length - 1} before` : '';
  return [{ code: 'alert', text: `Alert at ${last.revision}: ${last.message}${more}.` }];
}

function damaged({ problems }: RunStory): Warning[] {
  if (problems.length === 0) return [];
  const files = shown(problems.map(({ file }) => file));
  return [{ code: 'damaged', text: `${count(problems.length, 'file')} of the run can't be read: ${files}.` }];
}

function failed(series: SeriesStory, run: RunStory): Warning[] {
  const own = run.failures.filter((f) => f.series === series.name && f.variant === series.variant);
  if (own.length === 0) return [];
  const names = shown(own.map(({ revision }) => revision));
  const of = series.checkpoints.length + own.length;
  return [{ code: 'failed', text: `${own.length} of ${count(of, 'checkpoint')} could not be measured: ${names}.` }];
}

/** A revision whose weights are another's is a known fault of public series (definitions §13). */
function sameWeights({ checkpoints }: SeriesStory): Warning[] {
  const first = new Map<string, string>();
  const pairs = checkpoints.flatMap(({ weights, revision }) => {
    if (weights === null) return [];
    const other = first.get(weights);
    if (other === undefined) first.set(weights, revision);
    return other === undefined ? [] : [`${revision} = ${other}`];
  });
  if (pairs.length === 0) return [];
  const text = `${count(pairs.length, 'checkpoint')} with the weights of another: ${shown(pairs)}.`;
  return [{ code: 'same-weights', text }];
}

/** Why a flag matters, by code; others are told in their own words. */
const meanings: Readonly<Record<string, string>> = {
  'small-sample': 'N is less than 2d, so RankMe reads low, its peaks most of all',
  biased: 'more rows would move RankMe or α by over 5 %: levels are biased, read differences',
  'few-rows-dominate': 'one group of rows makes over half of SE², so intervals are optimistic',
};

function flagged({ checkpoints }: SeriesStory, layer: string): Warning[] {
  const codes = new Map<string, { at: Set<number>; message: string }>();
  checkpoints.forEach(({ flags }, at) => {
    for (const flag of flags) {
      if (flag.layer !== undefined && flag.layer !== layer) continue;
      const seen = codes.get(flag.code) ?? { at: new Set(), message: flag.message };
      seen.at.add(at);
      codes.set(flag.code, seen);
    }
  });
  return [...codes].map(([code, { at, message }]) => {
    const where =
      at.size === checkpoints.length ? `all ${at.size} checkpoints` : `${at.size} of ${checkpoints.length} checkpoints`;
    return { code, text: `${code} (${where}): ${meanings[code] ?? message}.` };
  });
}

/** How far the extrapolation in N would move RankMe at most. */
function biased(series: SeriesStory, layer: string): Warning[] {
  const { values } = figureCurve(series, 'rankme', layer);
  const extrapolated = series.curves[layer]?.figures['rankme_extrapolated'] ?? [];
  let most = 0;
  let where = '';
  values.forEach((value, at) => {
    const beyond = extrapolated[at] ?? null;
    if (value === null || beyond === null || value === 0) return;
    const share = beyond / value - 1;
    if (Math.abs(share) > Math.abs(most)) [most, where] = [share, series.checkpoints[at]!.revision];
  });
  if (Math.abs(most) <= 0.05) return [];
  const text = `Extrapolated to many rows, RankMe moves by up to ${percent(most)} (${where}).`;
  return [{ code: 'extrapolation', text }];
}

function absentAlpha(series: SeriesStory, layer: string): Warning[] {
  const { values } = figureCurve(series, 'alpha', layer);
  const absent = values.flatMap((value, at) => (value === null ? [at] : []));
  if (absent.length === 0) return [];
  const reasons = series.curves[layer]?.reasons['alpha'] ?? {};
  const reason = reasons[String(absent[0])] ?? reasons['*'] ?? 'not measured';
  const where = absent.length === values.length ? 'everywhere' : `at ${count(absent.length, 'checkpoint')}`;
  return [{ code: 'no-alpha', text: `α is absent ${where}: ${reason}.` }];
}

function fits(series: SeriesStory, layer: string): Warning[] {
  const r2 = (series.curves[layer]?.figures['r2'] ?? []).map((value, at) => ({ value, at }));
  const poor = r2.filter(
    (entry): entry is { value: number; at: number } => entry.value !== null && entry.value < poorFit,
  );
  if (poor.length === 0) return [];
  const worst = poor.reduce((a, b) => (b.value < a.value ? b : a));
  const name = series.checkpoints[worst.at]!.revision;
  const text = `The power law fits poorly at ${poor.length} of ${count(r2.length, 'checkpoint')} (r² below ${poorFit}, ${worst.value.toFixed(2)} at ${name}): α there is no decay of a power law.`;
  return [{ code: 'poor-fit', text }];
}

function errors(series: SeriesStory, layer: string): Warning[] {
  const { replicates } = figureCurve(series, 'rankme', layer);
  if (replicates.every((values) => values === null)) {
    return [{ code: 'no-errors', text: 'Measured without standard errors: no change can be told from noise.' }];
  }
  return isPaired(series)
    ? []
    : [{ code: 'unpaired', text: `Differences have no paired errors: ${series.unpaired ?? ''}.` }];
}

/** Up to three names, and how many more. */
function shown(names: readonly string[]): string {
  const more = names.length - 3;
  return names.slice(0, 3).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
