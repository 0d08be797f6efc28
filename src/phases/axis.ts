/**
 * A curve laid out on its axis: x = ln(tokens), or ln(steps) where tokens are not known, in order, a point an x. The random
 * network (0 tokens) has no place on a logarithm: it stands one spacing left of the first trained checkpoint.
 */
import { replicateCurves, type ReplicateCurves } from '../statistics/index.js';
import type { PhasePoint } from './phases.js';
import { scatterOf } from './scatter.js';

export interface LaidCurve {
  readonly axis: 'tokens' | 'steps';
  /** Index among the points given. */
  readonly index: readonly number[];
  /** Tokens or steps. */
  readonly position: readonly number[];
  readonly x: readonly number[];
  /** ln RankMe, or α. */
  readonly values: readonly number[];
  readonly curves: ReplicateCurves | null;
  /** Of its checkpoints about the curve, without the random network; null where they are too few to tell. */
  readonly scatter: number | null;
  /** Whether its first point is the random network. */
  readonly isRandomFirst: boolean;
  /** What was left out, in words. */
  readonly notes: readonly string[];
}

/** The figure of a curve, and on which scale its changes are measured. */
const scales = {
  rankme: {
    figure: 'RankMe',
    scale: Math.log,
    isSound: (value: number) => value > 0 && Number.isFinite(value),
  },
  alpha: { figure: 'α', scale: (value: number) => value, isSound: (value: number) => Number.isFinite(value) },
} as const;

/** Lays out a curve; `withRandom` false leaves the random network out. */
export function layOut(points: readonly PhasePoint[], curve: 'rankme' | 'alpha', withRandom: boolean): LaidCurve {
  const { figure, scale, isSound } = scales[curve];
  const notes: string[] = [];
  const measured = points.flatMap((point, index) => {
    const value = point[curve];
    return value !== null && isSound(value) ? [{ point, index, value: scale(value) }] : [];
  });
  const absent = points.length - measured.length;
  if (absent > 0) notes.push(`${absent} of ${points.length} checkpoints have no ${figure} and are left out`);
  const axis = axisOf(measured.map(({ point }) => point));
  const placed = measured.flatMap((entry) => {
    const position = axis === 'tokens' ? entry.point.tokens : entry.point.step;
    return position !== null && position >= 0 && Number.isFinite(position) ? [{ ...entry, position }] : [];
  });
  if (placed.length < measured.length) {
    const known = axis === 'tokens' ? 'tokens are' : 'step is';
    notes.push(
      `${measured.length - placed.length} of ${points.length} checkpoints are left out: their ${known} not known`,
    );
  }
  placed.sort((a, b) => a.position - b.position);
  const distinct = placed.filter(({ position }, i) => position !== placed[i - 1]?.position);
  if (distinct.length < placed.length) {
    notes.push(
      `${placed.length - distinct.length} of ${points.length} checkpoints are left out: another stands at the same ${axis}`,
    );
  }
  const kept = withRandom ? distinct : distinct.filter(({ position }) => position > 0);
  const isRandomFirst = kept[0]?.position === 0;
  const x = kept.map(({ position }) => Math.log(position));
  if (isRandomFirst) x[0] = x.length > 2 ? 2 * x[1]! - x[2]! : (x[1] ?? 0) - Math.LN2;
  const values = kept.map(({ value }) => value);
  const trained = isRandomFirst ? 1 : 0;
  return {
    axis,
    scatter: scatterOf(x.slice(trained), values.slice(trained)),
    index: kept.map(({ index }) => index),
    position: kept.map(({ position }) => position),
    x,
    values,
    curves: replicateCurves(
      kept.map(
        ({ point }) => point.replicates?.[curve].map((v) => (v !== null && isSound(v) ? scale(v) : null)) ?? null,
      ),
    ),
    isRandomFirst,
    notes,
  };
}

/** Tokens or steps at an x, exact at checkpoints: 0 for the random network's. */
export function positionAt(laid: LaidCurve, x: number): number {
  const at = laid.x.indexOf(x);
  return at >= 0 ? laid.position[at]! : Math.exp(x);
}

/** Tokens where all have them, or as many as have a step. */
function axisOf(points: readonly PhasePoint[]): 'tokens' | 'steps' {
  const tokens = points.filter((point) => point.tokens !== null).length;
  return tokens >= points.filter((point) => point.step !== null).length ? 'tokens' : 'steps';
}
