/**
 * Where a turning point is: the vertex of a parabola y = a + b·u + c·u² through checkpoints around the extremum, clipped to
 * its neighbours. Through the nearest three, and through as many more, up to 7, as the curve's scatter can't tell from the
 * extremum: a parabola through 7 in any case is drawn to the gentler side of a curve that bends differently on its two
 * sides (on 15 to 153 simulated checkpoints its intervals held the truth in 30–80 %, these in 84–100 %: docs/phases.md).
 * The interval is that of the vertex from the replicates, and at least one checkpoint spacing to each side; it reaches as
 * far as checkpoints that scatter can't tell from the extremum.
 */
import { errorOfCurves, studentQuantile, type ReplicateCurves } from '../statistics/index.js';
import type { Extremum } from './prominence.js';

/** Checkpoints to each side of the extremum that the parabola is fitted through, at most. */
const reach = 3;
/** Differences of two checkpoints up to so many times √2 · scatter may be scatter. */
const alikeFactor = 2.5;

export interface Place {
  readonly at: number;
  readonly low: number;
  readonly high: number;
  /** Jackknife error of the vertex; null without replicates. */
  readonly se: number | null;
}

/** A curve as the place of its turning points needs it. */
export interface PlacedCurve {
  readonly x: readonly number[];
  readonly values: readonly number[];
  readonly curves: ReplicateCurves | null;
  readonly scatter: number | null;
  /** Whether its first point is the random network: at 0 tokens it has no place on a logarithm to fit through. */
  readonly isRandomFirst: boolean;
}

/**
 * The place of an extremum on the x axis, with its interval (95 %). `from` and `to` are the turning points or ends on
 * either side: beyond them the curve turns again.
 */
export function placeOf(extremum: Extremum, curve: PlacedCurve, [from, to]: readonly [number, number]): Place {
  const { x, values, curves, scatter, isRandomFirst } = curve;
  const { first, index, last } = extremum;
  const [left, right] = [first - 1, last + 1];
  const alike = alikeFactor * Math.SQRT2 * (scatter ?? 0);
  const isAlike = (i: number) => Math.abs(values[i]! - values[index]!) <= alike;
  // The outermost of them: among many checkpoints scatter puts some that are not alike in between.
  const begin = range(from, first).find(isAlike)!;
  const end = range(last, to).findLast(isAlike)!;
  const anchored = (i: number) => i > 0 || !isRandomFirst;
  const nearest = range(left, right).filter(anchored);
  const window = range(
    Math.min(left, Math.max(begin, first - reach)),
    Math.max(right, Math.min(end, last + reach)),
  ).filter(anchored);
  const sign = extremum.kind === 'maximum' ? -1 : 1;
  const vertex = (of: readonly (number | null)[]): number | null => {
    for (const points of [window, nearest]) {
      if (points.length < 3) continue;
      const y = points.map((i) => of[i] ?? null);
      if (!y.every((v) => v !== null)) return null;
      const u = points.map((i) => x[i]! - x[index]!);
      const [, b, c] = parabola(u, y);
      // Bent the other way, the wide parabola says nothing about this extremum.
      if (sign * c > 0) return clip(x[index]! - b / (2 * c), x[left]!, x[right]!);
    }
    return x[index]!;
  };
  const at = vertex(values)!;
  const se = curves === null ? null : errorOfCurves(curves, vertex);
  const half = se === null || curves === null ? 0 : studentQuantile(0.975, curves.length - 1) * se;
  return {
    at,
    low: Math.max(x[0]!, Math.min(x[begin]!, at - Math.max(half, x[index]! - x[left]!))),
    high: Math.min(x.at(-1)!, Math.max(x[end]!, at + Math.max(half, x[right]! - x[index]!))),
    se,
  };
}

/** Least squares of y = a + b·u + c·u² through three or more points of different u. */
function parabola(u: readonly number[], y: readonly number[]): readonly [number, number, number] {
  // In steps of the widest |u|, and by orthogonal polynomials: powers of u up to the fourth would lose digits.
  const scale = Math.max(...u.map(Math.abs));
  const t = u.map((v) => v / scale);
  const n = t.length;
  const mean = sum(t) / n;
  const p1 = t.map((v) => v - mean);
  const n1 = dot(p1, p1);
  const k =
    dot(
      p1.map((v) => v * v),
      p1,
    ) / n1;
  const p2 = p1.map((v) => v * v - k * v - n1 / n);
  const [c0, c1, c2] = [sum(y) / n, dot(y, p1) / n1, dot(y, p2) / dot(p2, p2)];
  // c0 + c1·(t − m) + c2·((t − m)² − k·(t − m) − n1/n), by powers of t.
  const a = c0 - c1 * mean + c2 * (mean * mean + k * mean - n1 / n);
  const b = c1 - c2 * (2 * mean + k);
  return [a, b / scale, c2 / (scale * scale)];
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

function clip(v: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, v));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, v) => total + v, 0);
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((total, v, i) => total + v * b[i]!, 0);
}
