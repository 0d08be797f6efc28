/**
 * How directions change from one checkpoint to the next. A direction's sign is free and its rank may swap, so it is held
 * against the same rank (|cos|) and against whichever earlier direction is nearest; the whole by the overlap of the two
 * subspaces, ‖U Vᵀ‖² / k, in [k/d, 1] on average for unrelated ones. Computed from stored vectors whenever it is asked for.
 */
import { directionsOf, vectorsOf } from './detail.js';
import type { Finding } from '../record/index.js';

export interface DirectionChange {
  /** The checkpoint before. */
  readonly since: string;
  /** ‖U Vᵀ‖² / k of the first k, k the fewer of both; null where the widths differ. */
  readonly subspace: number | null;
  /** What two unrelated subspaces would have on average, k/d. */
  readonly chance: number;
  /** By direction: |cos| with that of its rank before, and the nearest before with its rank. Null: no such rank there. */
  readonly directions: readonly {
    readonly overlap: number | null;
    readonly nearest: number;
    readonly nearestRank: number;
  }[];
}

/** Of each finding since the one before it in its stage order; null for the first, for nulls, and after another width. */
export function changesOf(findings: readonly (Finding | null)[]): (DirectionChange | null)[] {
  let before: Finding | null = null;
  return findings.map((finding) => {
    if (finding === null || (finding.control ?? null) !== null) return null;
    const change = before === null ? null : changeOf(before, finding);
    before = finding;
    return change;
  });
}

export function changeOf(before: Finding, after: Finding): DirectionChange | null {
  const [old, now] = [directionsOf(before), directionsOf(after)];
  if (old.d !== now.d || old.directions.length === 0) return null;
  const [V, U] = [vectorsOf(old), vectorsOf(now)];
  const { d } = now;
  const cos = (u: number, v: number): number => {
    let sum = 0;
    for (let j = 0; j < d; j++) sum += U[u * d + j]! * V[v * d + j]!;
    return Math.abs(sum);
  };
  const k = Math.min(old.directions.length, now.directions.length);
  let squares = 0;
  const directions = now.directions.map((_, u) => {
    const overlaps = old.directions.map((_, v) => cos(u, v));
    if (u < k) for (const overlap of overlaps.slice(0, k)) squares += overlap ** 2;
    const nearest = Math.max(...overlaps);
    return { overlap: overlaps[u] ?? null, nearest, nearestRank: overlaps.indexOf(nearest) + 1 };
  });
  return { since: before.revision, subspace: k === 0 ? null : squares / k, chance: k / d, directions };
}
