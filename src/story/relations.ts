/**
 * What geometry has to do with tasks (definitions §9): every figure with every task curve over the checkpoints that both
 * have, within one stage. A family of tests is the matrix of one stage: p-values stand beside Holm's over all its cells.
 */
import { associate, holm, replicateCurves, type Association } from '../statistics/index.js';
import { checkpointOf, type PlacedCheckpoint } from './matching.js';
import type { DownstreamCurve, SeriesStory } from './story.js';

/** Figures of one layer over checkpoints, by column. */
export interface Geometry {
  /** In order of stage and step. */
  readonly checkpoints: readonly PlacedCheckpoint[];
  /** By figure: one value a checkpoint. */
  readonly figures: Readonly<Record<string, readonly (number | null)[]>>;
  readonly replicates: {
    readonly rankme: readonly (readonly (number | null)[] | null)[];
    readonly alpha: readonly (readonly (number | null)[] | null)[];
  };
  /** Why replicate k is not the same rows at every checkpoint; null when it is. */
  readonly unpaired: string | null;
}

export interface Relation extends Association {
  readonly figure: string;
  readonly task: string;
  readonly metric: string;
  readonly source: string;
  /** Of the increments' p, over the matrix. */
  readonly pHolm: number | null;
  /** What the errors are over: `sequences` of the geometry, `questions` of the task; empty: there are none. */
  readonly errorsOver: readonly ('sequences' | 'questions')[];
  /** Why they are not over sequences; null when they are. */
  readonly withoutErrors: string | null;
}

export interface StageRelations {
  readonly stage: string;
  /** Measured checkpoints of the stage, and those with the result of any task. */
  readonly checkpoints: number;
  readonly matched: number;
  /** What the partial correlations are given: ln(tokens), or ln(steps) where tokens are not known. */
  readonly given: 'tokens' | 'steps';
  /** Checkpoints without that: step 0. */
  readonly withoutGiven: readonly string[];
  /** Tests in the family of Holm's correction. */
  readonly tests: number;
  /** By figure, then by task, in the orders asked for. */
  readonly relations: readonly Relation[];
}

export interface RelationsAsked {
  readonly stage: string;
  readonly figures: readonly string[];
  /** What n counts, for reasons. Default `checkpoints in common`. */
  readonly points?: string;
}

/** Relations within one stage. Figures that were not measured have reasons in place of values. */
export function relationsOf(
  geometry: Geometry,
  curves: readonly DownstreamCurve[],
  { stage, figures, points }: RelationsAsked,
): StageRelations {
  const own = geometry.checkpoints.flatMap((checkpoint, i) => (checkpoint.stage === stage ? [i] : []));
  const at = (i: number): PlacedCheckpoint => geometry.checkpoints[i]!;
  const tasks = curves.map((curve) => ({ curve, results: resultsOf(geometry.checkpoints, curve) }));
  const given = own.some((i) => (at(i).tokens ?? 0) > 0) ? 'tokens' : 'steps';
  const lnOf = (i: number): number | null => {
    const { tokens, step } = at(i);
    const value = given === 'tokens' ? tokens : step;
    return value === null || !(value > 0) ? null : Math.log(value);
  };
  const cells = figures.flatMap((figure) =>
    tasks.map(({ curve: { task, metric, source }, results }) => {
      const column = geometry.figures[figure];
      const shared = own.filter((i) => (column?.[i] ?? null) !== null && results.has(i));
      const { replicates, withoutErrors } = replicatesOf(geometry, figure, shared);
      const yReplicates = replicateCurves(shared.map((i) => results.get(i)!.replicates ?? null));
      const hasQuestions = yReplicates?.every((curve) => curve.every((value) => value !== null)) ?? false;
      const association = associate({
        x: shared.map((i) => column![i]!),
        y: shared.map((i) => results.get(i)!.value),
        given: shared.map(lnOf),
        replicates,
        yReplicates: hasQuestions ? yReplicates : null,
        names: [figure, task],
        ...(points === undefined ? {} : { points }),
      });
      const errorsOver = [
        ...(replicates === null ? [] : (['sequences'] as const)),
        ...(hasQuestions ? (['questions'] as const) : []),
      ];
      return { figure, task, metric, source, ...association, errorsOver, withoutErrors };
    }),
  );
  const adjusted = holm(cells.map(({ increments }) => increments.p));
  const matched = own.filter((i) => tasks.some(({ results }) => results.has(i)));
  return {
    ...{ stage, checkpoints: own.length, matched: matched.length, given },
    withoutGiven: matched.filter((i) => lnOf(i) === null).map((i) => at(i).revision),
    tests: adjusted.filter((p) => p !== null).length,
    relations: cells.map((cell, i) => ({ ...cell, pHolm: adjusted[i]! })),
  };
}

/** A task's result by index of the checkpoint; of several for one checkpoint the first. */
function resultsOf(
  checkpoints: readonly PlacedCheckpoint[],
  { points }: DownstreamCurve,
): Map<number, DownstreamCurve['points'][number]> {
  const results = new Map<number, DownstreamCurve['points'][number]>();
  for (const point of points) {
    const index = checkpointOf(checkpoints, point);
    if (index >= 0 && !results.has(index)) results.set(index, point);
  }
  return results;
}

/** A figure's curves without each group of rows, at these checkpoints. */
function replicatesOf(
  { replicates, unpaired }: Pick<Geometry, 'replicates' | 'unpaired'>,
  figure: string,
  shared: readonly number[],
): { replicates: (number | null)[][] | null; withoutErrors: string | null } {
  if (figure !== 'rankme' && figure !== 'alpha') {
    return { replicates: null, withoutErrors: 'only RankMe and α are stored without each group of rows' };
  }
  if (unpaired !== null) return { replicates: null, withoutErrors: unpaired };
  const curves = replicateCurves(shared.map((i) => replicates[figure][i] ?? null));
  const isWhole = curves?.every((curve) => curve.every((value) => value !== null)) ?? false;
  if (isWhole) return { replicates: curves, withoutErrors: null };
  const withoutErrors =
    curves === null ? 'measured without errors' : `${figure} is absent without some group of rows at some checkpoint`;
  return { replicates: null, withoutErrors };
}

/** The geometry of a series' story at one layer; numbers are rounded as the story's are. */
export function geometryOfStory(series: SeriesStory, layer: string): Geometry {
  const { checkpoints, curves, unpaired = null } = series;
  const { figures = {}, replicates = { rankme: [], alpha: [] } } = curves[layer] ?? {};
  return { checkpoints, figures, replicates, unpaired };
}

/**
 * Where a page looks for relations: pretraining if it has results enough, else the first stage that has. Null where none
 * has: there is nothing to correlate.
 */
export function relatedStage(series: SeriesStory, curves: readonly DownstreamCurve[]): string | null {
  const found = new Map<string, Set<number>>();
  for (const curve of curves) {
    for (const index of resultsOf(series.checkpoints, curve).keys()) {
      const { stage } = series.checkpoints[index]!;
      found.set(stage, (found.get(stage) ?? new Set()).add(index));
    }
  }
  const enough = series.stages.map(({ name }) => name).filter((name) => (found.get(name)?.size ?? 0) >= 4);
  return enough.includes('pretrain') ? 'pretrain' : (enough[0] ?? null);
}
