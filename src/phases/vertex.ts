/**
 * Where a turning point is: the vertex of a parabola y = a + b·u + c·u², fitted by least squares through up to 7
 * checkpoints around the extremum and clipped to its neighbours. An argmax at a checkpoint has a jackknife error of 0 in
 * most runs and covers the truth in 3–40 % of cases; the vertex with at least one checkpoint spacing to each side covers
 * it in 97–100 % (definitions §7; docs/phases.md has our own figures).
 */
import { errorOfCurves, studentQuantile, type ReplicateCurves } from '../statistics/index.js';
import type { Extremum } from './prominence.js';

/** Checkpoints to each side of the extremum that the parabola is fitted through. */
const reach = 3;

export interface Place {
  readonly at: number;
  readonly low: number;
  readonly high: number;
  /** Jackknife error of the vertex; null without replicates. */
  readonly se: number | null;
}

/**
 * The place of an extremum on the x axis, with its interval (95 %). `from` and `to` are the turning points or ends on
 * either side: beyond them the curve turns again. `anchored` points have a place of their own on the axis; others (the
 * random network, at 0 tokens) are not fitted through.
 */
export function placeOf(
  extremum: Extremum,
  x: readonly number[],
  values: readonly number[],
  curves: ReplicateCurves | null,
  [from, to]: readonly [number, number],
  anchored: (i: number) => boolean,
): Place {
  const { first, index, last } = extremum;
  const [left, right] = [first - 1, last + 1];
  const window = range(Math.max(from, first - reach), Math.min(to, last + reach)).filter(anchored);
  const nearest = range(left, right).filter(anchored);
  const sign = extremum.kind === 'maximum' ? -1 : 1;
  const vertex = (curve: readonly (number | null)[]): number | null => {
    for (const points of [window, nearest]) {
      if (points.length < 3) continue;
      const y = points.map((i) => curve[i] ?? null);
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
    low: Math.max(x[0]!, at - Math.max(half, x[index]! - x[left]!)),
    high: Math.min(x.at(-1)!, at + Math.max(half, x[right]! - x[index]!)),
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
