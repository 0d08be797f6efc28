/**
 * Two curves on one axis: at each common checkpoint the difference b − a with its standard error, Student's t interval
 * (K−1 degrees of freedom) and p-value, corrected by Holm over the checkpoints; and how the curves go together.
 * Errors as definitions §6 has them: paired by left-outs on the same rows, variances added on disjoint rows, none else.
 */
import {
  correlationPValue,
  errorOfPair,
  jackknife,
  judge,
  pearson,
  spearman,
  type Judged,
  type Pairing,
} from '../statistics/index.js';
import { differingParts, type Differing } from './differing.js';
import { rowsRelation, type RowsRelation } from './rows-relation.js';
import { isLevel, type Axis, type Side } from './side.js';
import { pairsOf, type Pair, type Value } from './values.js';

export interface Difference extends Omit<Pair, 'a' | 'b'>, Judged {
  readonly a: Pick<Value, 'revision' | 'value' | 'se' | 'interpolated' | 'flags'>;
  readonly b: Pick<Value, 'revision' | 'value' | 'se' | 'interpolated' | 'flags'>;
  /** b − a; null where either is absent. */
  readonly difference: number | null;
  readonly se: number | null;
}

export interface Correlation {
  /** Checkpoints, and steps between neighbours of one stage. */
  readonly n: number;
  readonly levels: {
    readonly pearson: number | null;
    readonly pearsonSe: number | null;
    readonly spearman: number | null;
    readonly spearmanSe: number | null;
  };
  readonly increments: { readonly n: number; readonly pearson: number | null; readonly p: number | null };
}

export interface FigureComparison {
  readonly figure: string;
  readonly differences: readonly Difference[];
  /** Null against a control that is a level. */
  readonly correlation: Correlation | null;
  /** Why differences have no error; null when they have. */
  readonly withoutErrors: string | null;
}

export interface Comparison {
  readonly a: SideFacts;
  readonly b: SideFacts;
  readonly axis: Axis;
  readonly differing: readonly Differing[];
  readonly rows: RowsRelation;
  /** Checkpoints that only one of the two has. */
  readonly unmatched: { readonly a: number; readonly b: number };
  readonly figures: readonly FigureComparison[];
}

export type SideFacts = Pick<Side, 'label' | 'run' | 'series' | 'layer' | 'position' | 'variant' | 'control'> & {
  readonly checkpoints: number;
};

export interface CompareSidesOptions {
  readonly figures: readonly string[];
  readonly axis: Axis;
  readonly interpolate: boolean;
  /** What the user knows of the rows. */
  readonly rows: 'same' | 'disjoint' | null;
}

export function compareSides(a: Side, b: Side, options: CompareSidesOptions): Comparison {
  const rows = rowsRelation(a, b, options.rows);
  const figures = options.figures.map((figure) => {
    const pairs = pairsOf(a, b, figure, options.axis, options.interpolate);
    return { pairs, compared: compareFigure(figure, pairs, rows, isLevel(a) || isLevel(b)) };
  });
  const matched = (which: 'a' | 'b'): number =>
    new Set(
      figures[0]?.pairs.flatMap((pair) =>
        pair[which].revision === null ? [] : [`${pair.stage}/${pair[which].revision}`],
      ),
    ).size;
  return {
    ...{ a: factsOf(a), b: factsOf(b), axis: options.axis, rows },
    differing: differingParts(a, b, options.figures),
    unmatched: { a: a.points.length - matched('a'), b: b.points.length - matched('b') },
    figures: figures.map(({ compared }) => compared),
  };
}

function factsOf({ label, run, series, layer, position, variant, control, points }: Side): SideFacts {
  return { label, run, series, layer, position, variant, control, checkpoints: points.length };
}

function compareFigure(
  figure: string,
  pairs: readonly Pair[],
  rows: RowsRelation,
  againstLevel: boolean,
): FigureComparison {
  const errors = pairs.map((pair) => errorOf(pair, rows));
  const found = pairs.map(({ a: { value: x }, b: { value: y } }, i) => {
    const difference = x === null || y === null ? null : y - x;
    const { se, df } = errors[i]!;
    return { difference, df, se: difference === null || df === null ? null : se };
  });
  const judged = judge(found);
  const differences = pairs.map((pair, i): Difference => {
    const { stage, at, tokens, step } = pair;
    const { difference, se } = found[i]!;
    return { ...{ stage, at, tokens, step, a: shown(pair.a), b: shown(pair.b), difference, se }, ...judged[i]! };
  });
  const isWithout = differences.every(({ se }) => se === null);
  return {
    figure,
    differences,
    correlation: againstLevel ? null : correlationOf(pairs, rows),
    withoutErrors: isWithout
      ? (errors.find(({ why }) => why !== null)?.why ?? 'there are no common checkpoints')
      : null,
  };
}

function shown({ revision, value, se, interpolated, flags }: Value): Difference['a'] {
  return { revision, value, se, interpolated, flags };
}

/** Standard error of b − a with its degrees of freedom, or why there is none. */
function errorOf(
  { a, b }: Pair,
  { relation, why }: RowsRelation,
): { se: number | null; df: number | null; why: string | null } {
  const none = (reason: string) => ({ se: null, df: null, why: reason });
  if (relation === 'unknown' || relation === 'shared') return none(why);
  const groups = Math.min(a.groups ?? Infinity, b.groups ?? Infinity);
  if (relation === 'same') {
    const [x, y] = [a.replicates, b.replicates];
    if (!x || !y) return none('left-out values of this figure are not stored, which errors on the same rows need');
    if (x.length !== y.length) return none(`cut into ${x.length} and ${y.length} groups, so errors are not paired`);
    return { se: jackknife(x.map((value, k) => y[k]! - value)).se, df: x.length - 1, why: null };
  }
  if (a.se === null || b.se === null || groups === Infinity)
    return none('a side was measured without errors of this figure');
  return { se: Math.hypot(a.se, b.se), df: groups - 1, why: null };
}

/** Over the pairs that have both values, in their order. */
function correlationOf(pairs: readonly Pair[], { relation }: RowsRelation): Correlation {
  const known = pairs.filter(({ a, b }) => a.value !== null && b.value !== null);
  const whole = { x: known.map(({ a }) => a.value!), y: known.map(({ b }) => b.value!) };
  const curves = (which: 'a' | 'b'): number[][] | null => {
    const all = known.map((pair) => pair[which].replicates);
    const groups = all[0]?.length;
    if (groups === undefined || !all.every((values) => values?.length === groups)) return null;
    return Array.from({ length: groups }, (_, k) => all.map((values) => values![k]!));
  };
  const [x, y] = [curves('a'), curves('b')];
  const pairing: Pairing | null = relation === 'same' ? 'paired' : relation === 'disjoint' ? 'independent' : null;
  const errorOfFigure = (figure: typeof pearson): number | null =>
    x && y && pairing ? errorOfPair(whole, { x, y }, pairing, figure) : null;
  // Steps between neighbours of one stage; where one begins there is no step.
  const steps = known.slice(1).flatMap((pair, i) => {
    const before = known[i]!;
    return pair.stage === before.stage ? [{ x: whole.x[i + 1]! - whole.x[i]!, y: whole.y[i + 1]! - whole.y[i]! }] : [];
  });
  const r = pearson(
    steps.map((step) => step.x),
    steps.map((step) => step.y),
  );
  return {
    n: known.length,
    levels: {
      pearson: pearson(whole.x, whole.y),
      pearsonSe: errorOfFigure(pearson),
      spearman: spearman(whole.x, whole.y),
      spearmanSe: errorOfFigure(spearman),
    },
    increments: { n: steps.length, pearson: r, p: r === null ? null : correlationPValue(r, steps.length) },
  };
}
