/**
 * Standard errors of functions of curves (definitions §6). The jackknife's groups are the same rows at every checkpoint,
 * so replicate k is a whole curve: any function of curves (a difference, a turning point, a correlation, a slope) gets its
 * standard error by evaluating it on each of the K curves. That keeps the strong correlation between checkpoints which
 * were measured on the same sequences, which independent error bars lose.
 */
import { jackknife } from './jackknife.js';

/** K curves of one value a point; `[k][i]` is the value at point i without group k, null where there is none. */
export type ReplicateCurves = readonly (readonly (number | null)[])[];

/**
 * Replicates by point, as measurements store them, turned into curves: a point without replicates is null on all of them.
 * Null where no point has any, or where points have different numbers of groups: then k is not the same rows everywhere.
 */
export function replicateCurves(byPoint: readonly (readonly (number | null)[] | null)[]): (number | null)[][] | null {
  const sizes = new Set(byPoint.flatMap((replicates) => (replicates === null ? [] : [replicates.length])));
  const [groups] = sizes;
  if (groups === undefined || sizes.size > 1 || groups < 2) return null;
  return Array.from({ length: groups }, (_, k) => byPoint.map((replicates) => replicates?.[k] ?? null));
}

/** The paired standard error of `figure`, a function of a curve; null where it is null or not finite on any replicate. */
export function errorOfCurves(
  curves: ReplicateCurves,
  figure: (curve: readonly (number | null)[]) => number | null,
): number | null {
  const values: number[] = [];
  for (const curve of curves) {
    const value = figure(curve);
    if (value === null || !Number.isFinite(value)) return null;
    values.push(value);
  }
  return values.length < 2 ? null : jackknife(values).se;
}

/** The paired standard error of value `to` less value `from` of a curve; null where a replicate lacks either. */
export function errorOfDifference(curves: ReplicateCurves, from: number, to: number): number | null {
  return errorOfCurves(curves, (curve) => {
    const [a, b] = [curve[from] ?? null, curve[to] ?? null];
    return a === null || b === null ? null : b - a;
  });
}
