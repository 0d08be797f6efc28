/** A figure of a curve at a place: measured there, or between two checkpoints. */
import { jackknife } from '../statistics/index.js';
import type { CurvePoint } from '../record/index.js';
import { isLevel, placeOf, type Axis, type Side } from './side.js';

export interface Value {
  /** The checkpoint; null where it lies between two. */
  readonly revision: string | null;
  readonly value: number | null;
  /** Of the value alone. */
  readonly se: number | null;
  /** K left-out values of the figure; null where none are stored. */
  readonly replicates: readonly number[] | null;
  readonly interpolated: boolean;
  /** Groups of the jackknife, for degrees of freedom; null where unknown. */
  readonly groups: number | null;
  readonly flags: readonly string[];
}

/** Two curves at one place. */
export interface Pair {
  readonly stage: string;
  readonly at: number | null;
  readonly tokens: number | null;
  readonly step: number | null;
  readonly a: Value;
  readonly b: Value;
}

/** Figures that are functions of RankMe have its left-outs. */
const derived: Readonly<Record<string, (rankme: number, d: number) => number>> = {
  spectral_entropy: (rankme) => Math.log(rankme),
  rankme_over_d: (rankme, d) => rankme / d,
};

export function valueAt(point: CurvePoint, figure: string): Value {
  const { figures, replicates, revision } = point;
  const value = figures[figure] ?? null;
  const of = (): readonly (number | null)[] | null => {
    if (replicates === null) return null;
    if (figure === 'rankme' || figure === 'alpha') return replicates[figure];
    const from = derived[figure];
    return from ? replicates.rankme.map((rankme) => from(rankme, figures['d'] ?? NaN)) : null;
  };
  const found = of();
  const known = found?.every((x) => x !== null && Number.isFinite(x)) ? (found as readonly number[]) : null;
  return {
    ...{ revision, value, interpolated: false },
    se: known ? jackknife(known).se : (figures[`${figure}_se`] ?? null),
    replicates: known,
    groups: replicates?.rankme.length ?? null,
    flags: [...new Set(point.flags.map(({ code }) => code))],
  };
}

/** The places that two curves have in common, in the order of the first; with `interpolate` also those of one between two of the other. */
export function pairsOf(a: Side, b: Side, figure: string, axis: Axis, interpolate: boolean): Pair[] {
  const pairs: Pair[] = [];
  const pair = (point: CurvePoint, valueA: Value, valueB: Value): void => {
    const { stage, tokens, step } = point;
    pairs.push({ stage, at: placeOf(point, axis), tokens, step, a: valueA, b: valueB });
  };
  // A null that belongs to no checkpoint is a level beside all of them.
  if (isLevel(a) || isLevel(b)) {
    for (const point of isLevel(a) ? b.points : a.points) {
      const [left, right] = [isLevel(a) ? a.points[0]! : point, isLevel(b) ? b.points[0]! : point];
      pair(point, valueAt(left, figure), valueAt(right, figure));
    }
    return pairs;
  }
  const isControl = a.control !== null || b.control !== null;
  const used = new Set<CurvePoint>();
  for (const point of a.points) {
    const place = placeOf(point, axis);
    const same = b.points.find(
      (other) =>
        !used.has(other) &&
        other.stage === point.stage &&
        (isControl ? other.revision === point.revision : place !== null && placeOf(other, axis) === place),
    );
    if (same) {
      used.add(same);
      pair(point, valueAt(point, figure), valueAt(same, figure));
    } else if (interpolate) {
      const between = interpolated(b, point, figure, axis);
      if (between) pair(point, valueAt(point, figure), between);
    }
  }
  if (interpolate) {
    for (const point of b.points) {
      if (used.has(point)) continue;
      const between = interpolated(a, point, figure, axis);
      if (between) pair(point, between, valueAt(point, figure));
    }
    const stages = [...new Set([...a.points, ...b.points].map(({ stage }) => stage))];
    pairs.sort((x, y) => stages.indexOf(x.stage) - stages.indexOf(y.stage) || (x.at ?? 0) - (y.at ?? 0));
  }
  return pairs;
}

/** A figure of `side` at the place of another's point, linear in ln x between its neighbours of that stage; null outside of them. */
function interpolated(side: Side, point: CurvePoint, figure: string, axis: Axis): Value | null {
  const x = placeOf(point, axis);
  if (x === null || !(x > 0)) return null;
  const known = side.points
    .filter(({ stage, figures }) => stage === point.stage && (figures[figure] ?? null) !== null)
    .map((other) => ({ other, at: placeOf(other, axis) }))
    .filter((entry): entry is { other: CurvePoint; at: number } => entry.at !== null && entry.at > 0)
    .sort((p, q) => p.at - q.at);
  const after = known.findIndex(({ at }) => at >= x);
  if (after < 1) return null;
  const [low, high] = [known[after - 1]!, known[after]!];
  const weight = Math.log(x / low.at) / Math.log(high.at / low.at);
  const [from, to] = [valueAt(low.other, figure), valueAt(high.other, figure)];
  const mix = (p: number, q: number): number => p + weight * (q - p);
  const paired = from.replicates && to.replicates?.length === from.replicates.length ? to.replicates : null;
  const replicates = paired ? from.replicates!.map((value, k) => mix(value, paired[k]!)) : null;
  return {
    ...{ revision: null, interpolated: true, replicates },
    value: mix(from.value!, to.value!),
    se: replicates ? jackknife(replicates).se : null,
    groups: replicates?.length ?? null,
    flags: [...new Set([...from.flags, ...to.flags])],
  };
}
