/**
 * What an ablation says: which changes of the main metric are resolved at 5 % (Holm over the variants of a checkpoint), and
 * which of them differ from what as many random directions do.
 */
import { holm } from '../statistics/index.js';
import type { AblationFigure, AblationStory, AblationVariant } from './ablation.js';
import { isPretraining } from './curve.js';
import { percent, signed, withError } from './format.js';
import type { SeriesStory } from './story.js';

const level = 0.05;

/** A sentence for each set of questions, at the last checkpoint of pretraining (else the last there is). */
export function ablationDetails({ ablation = [] }: SeriesStory): string[] {
  return ablation.flatMap((story) => {
    const last = story.points.findLastIndex((point) => isPretraining(point));
    return ablationWords(story, last < 0 ? story.points.length - 1 : last) ?? [];
  });
}

/** Of one checkpoint; null where the unchanged model has no value. */
function ablationWords(ablation: AblationStory, at: number): string | null {
  const found = changesOf(ablation, at);
  if (!found) return null;
  const { metric, original, changed, resolved, against } = found;
  const what = metric === 'acc' ? 'accuracy' : metric;
  const start = `${ablation.name} at ${ablation.points[at]!.revision}: ${what} ${withError(original[0]!, original[1])}`;
  if (resolved.length === 0) {
    return `${start}; no change by removing or keeping eigen-directions is resolved (5 %, Holm over ${changed.length}).`;
  }
  const words = resolved.map(({ variant, figure }) => {
    const variance = variant.variance[at] ?? null;
    const share = variance === null ? '' : ` (${percent(variance)} of the variance)`;
    return `${signed(figure[2]!, figure[3])} with ${variant.name}${share}`;
  });
  const versus = against.map(({ variant, figure }) => `${signed(figure[5]!, figure[6])} with ${variant.name}`);
  const rest = changed.filter((each) => !resolved.includes(each)).map(({ variant }) => variant.name);
  return [
    `${start}, ${words.join(', ')}`,
    ...(versus.length === 0 ? [] : [`against as many random directions ${versus.join(', ')}`]),
    ...(rest.length === 0 ? [] : [`not resolved: ${rest.join(', ')}`]),
  ]
    .join('; ')
    .concat('.');
}

/** Which changes of a checkpoint are resolved, for beside its figures; null where there are none. */
export function ablationVerdict(ablation: AblationStory, at: number, metric: string): string | null {
  const found = changesOf(ablation, at, metric);
  if (!found || found.changed.length === 0) return null;
  const { changed, resolved, against } = found;
  const listed = (of: readonly Changed[]) =>
    of.length === 0
      ? 'none'
      : of.length === changed.length && of.length > 1
        ? 'all of them'
        : of.map(({ variant }) => variant.name).join(', ');
  const hasRandom = changed.some(({ figure }) => figure[7] !== null);
  const random = hasRandom ? `; differences from as many random directions: ${listed(against)}` : '';
  return `Resolved at 5 % (Holm over ${changed.length}): changes, ${listed(resolved)}${random}.`;
}

interface Changed {
  readonly variant: AblationVariant;
  readonly figure: AblationFigure;
}

function changesOf(ablation: AblationStory, at: number, metric = ablation.metrics[0] ?? 'logprob') {
  const of = ({ figures }: AblationVariant) => figures[metric]?.[at] ?? null;
  const unchanged = ablation.variants.find(({ kind }) => kind === 'original');
  const original = unchanged ? of(unchanged) : null;
  if (!ablation.points[at] || !original || original[0] === null) return null;
  const changed = ablation.variants.flatMap((variant): Changed[] => {
    const figure = variant.kind === 'band' ? of(variant) : null;
    return figure === null || figure[2] === null ? [] : [{ variant, figure }];
  });
  const resolved = resolvedOf(changed, ({ figure }) => figure[4]);
  return { metric, original, changed, resolved, against: resolvedOf(changed, ({ figure }) => figure[7]) };
}

function resolvedOf(all: readonly Changed[], p: (each: Changed) => number | null): Changed[] {
  const adjusted = holm(all.map(p));
  return all.filter((_, i) => (adjusted[i] ?? 1) < level);
}
