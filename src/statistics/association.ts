/**
 * How two curves over the same checkpoints go together (definitions §9), read three ways: their levels (descriptive: curves
 * that drift look correlated), the steps between neighbours, which carry a p-value, and what is left of the levels given
 * ln(training tokens): r_xy·z = (r_xy − r_xz r_yz) / √((1 − r_xz²)(1 − r_yz²)), of values and of ranks. Errors are the
 * jackknife's over the curves of x without each group of rows, y held, and over those of y without each group of its
 * questions, x held: rows and questions share nothing, so their variances add.
 */
import { correlationPValue, pearson, spearman, varies } from './correlation.js';
import { partialOf, RankCorrelations } from './rank-correlations.js';
import { errorOfCurves, type ReplicateCurves } from './replicate-curves.js';

export interface CurvePair {
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** What is held in the partial correlation, by point: ln(tokens); null where it has none (step 0). */
  readonly given: readonly (number | null)[];
  /** x without each of K groups of rows, each a whole curve; null: without errors. */
  readonly replicates: ReplicateCurves | null;
  /** y without each of its groups of questions. Default null. */
  readonly yReplicates?: ReplicateCurves | null;
  /** What x and y are called where one of them is why there is no correlation. */
  readonly names: readonly [string, string];
  /** What n counts. Default `checkpoints in common`. */
  readonly points?: string;
}

export interface Correlations {
  /** Pairs of values. */
  readonly n: number;
  readonly pearson: number | null;
  readonly pearsonSe: number | null;
  readonly spearman: number | null;
  readonly spearmanSe: number | null;
  /** Why there is none; null where there is one. */
  readonly reason: string | null;
}

export interface Association {
  readonly levels: Correlations;
  /** `p`: of Pearson's r, two-sided by Student's t with n − 2 degrees of freedom. */
  readonly increments: Correlations & { readonly p: number | null };
  readonly partial: Correlations;
}

/** Fewer pairs than these lie on a line whatever they are, or leave no degree of freedom. */
const least = { levels: 3, increments: 3, partial: 4 } as const;

/** Points are in order: neighbours are neighbours. */
export function associate({
  x,
  y,
  given,
  replicates,
  yReplicates = null,
  names,
  points = 'checkpoints in common',
}: CurvePair): Association {
  const steps = differencesOf;
  const held = given.flatMap((value, i) => (value === null ? [] : [i]));
  const among = (values: readonly number[]): number[] => held.map((i) => values[i]!);
  const z = among(given.map((value) => value ?? 0));
  const whole = (curves: ReplicateCurves | null): readonly (readonly number[])[] | null =>
    curves?.every((curve) => curve.every((value) => value !== null)) ? curves : null;
  const [ofX, ofY] = [whole(replicates), whole(yReplicates)];
  const curves = (of: (values: readonly number[]) => readonly number[]) => ({
    xCurves: ofX && ofX.map(of),
    yCurves: ofY && ofY.map(of),
  });

  const levels = correlate({
    ...{ x, y, names, ...curves((values) => values), least: least.levels, what: points },
    ...{ pearson, spearman },
  });
  const increments = correlate({
    ...{ x: steps(x), y: steps(y), ...curves(steps), least: least.increments },
    ...{ what: 'steps between neighbours', names: names.map((name) => `the steps of ${name}`) as [string, string] },
    ...{ pearson, spearman },
  });
  const partial = correlate({
    ...{ x: among(x), y: among(y), names, ...curves(among), least: least.partial },
    ...{ what: `${points} with ln(tokens)`, left: true },
    pearson: (a, b) => partialPearson(a, b, z),
    spearman: (a, b) => partialOf(new RankCorrelations([a, b, z]).matrix()),
  });
  const p = increments.pearson === null ? null : correlationPValue(increments.pearson, increments.n);
  return { levels, increments: { ...increments, p }, partial };
}

/** Pearson's r of x and y given z; null where one does not vary, or z determines it. */
export function partialPearson(x: readonly number[], y: readonly number[], z: readonly number[]): number | null {
  const all = [x, y, z];
  return partialOf(all.map((a, i) => all.map((b, j) => (i === j ? (varies(a) ? 1 : null) : pearson(a, b)))));
}

interface Question {
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly names: readonly [string, string];
  readonly xCurves: ReplicateCurves | null;
  readonly yCurves: ReplicateCurves | null;
  readonly least: number;
  /** What n counts. */
  readonly what: string;
  /** Whether nothing may be left of a list that varies. */
  readonly left?: boolean;
  readonly pearson: (x: readonly number[], y: readonly number[]) => number | null;
  readonly spearman: (x: readonly number[], y: readonly number[]) => number | null;
}

function correlate({ x, y, names, xCurves, yCurves, least, what, left, ...figures }: Question): Correlations {
  const n = x.length;
  const flat = [x, y].findIndex((values) => !varies(values));
  const reason =
    n < least
      ? `${n} ${n === 1 ? what.replace(/^(\w+)s\b/, '$1') : what} (expected at least ${least})`
      : flat >= 0
        ? `${names[flat]!} ${/^the steps/.test(names[flat]!) ? 'do' : 'does'} not vary`
        : null;
  const none = { pearson: null, pearsonSe: null, spearman: null, spearmanSe: null };
  if (reason !== null) return { n, ...none, reason };
  const error = (figure: Question['pearson']): number | null => {
    const parts = [
      ...(xCurves === null ? [] : [errorOfCurves(xCurves, (curve) => figure(curve as readonly number[], y))]),
      ...(yCurves === null ? [] : [errorOfCurves(yCurves, (curve) => figure(x, curve as readonly number[]))]),
    ];
    return parts.length === 0 || parts.includes(null) ? null : Math.hypot(...(parts as number[]));
  };
  const [r, rho] = [figures.pearson(x, y), figures.spearman(x, y)];
  if (r === null && rho === null && left === true) return { n, ...none, reason: 'ln(tokens) determines one of them' };
  return {
    ...{ n, pearson: r, pearsonSe: r === null ? null : error(figures.pearson) },
    ...{ spearman: rho, spearmanSe: rho === null ? null : error(figures.spearman), reason: null },
  };
}

function differencesOf(values: readonly number[]): number[] {
  return values.slice(1).map((value, i) => value - values[i]!);
}
