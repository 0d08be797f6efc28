/**
 * Turning points of a curve by prominence (definitions §7). All extrema start as kept, the two ends with them; an extremum's
 * prominence is the smaller of the changes to the kept extrema on either side of it. While some extremum has a change
 * that does not count (too small, or within its error), the least prominent of those is dropped. What is left are the
 * turning points; every stretch between them, and to the ends, is a change that counts.
 */

/** When a change counts. */
export interface Thresholds {
  /** From so many paired standard errors of it, where they are known. */
  readonly standardErrors: number;
  /** And from this size. */
  readonly change: number;
}

/** A kept extremum: points `first`..`last` share its value (one point, but on a plateau), `index` is the middle one. */
export interface Extremum {
  readonly kind: 'maximum' | 'minimum';
  readonly first: number;
  readonly index: number;
  readonly last: number;
}

/** The paired standard error of value `to` less value `from`; null where it is not known. */
export type ErrorOf = (from: number, to: number) => number | null;

/** Whether a change exceeds both thresholds. */
export function counts(change: number, se: number | null, thresholds: Thresholds): boolean {
  const size = Math.abs(change);
  return size > thresholds.change && (se === null || size > thresholds.standardErrors * se);
}

/** The turning points of the curve, in order; the ends are none. */
export function turningExtrema(values: readonly number[], errorOf: ErrorOf, thresholds: Thresholds): Extremum[] {
  const kept = extrema(values);
  for (;;) {
    let least: { at: number; prominence: number } | null = null;
    for (let at = 0; at < kept.length; at++) {
      const here = kept[at]!;
      const sides = [kept[at - 1]?.index ?? 0, kept[at + 1]?.index ?? values.length - 1];
      // Above zero where the extremum stands out from that side; two minima in a row (a maximum between them was
      // dropped) leave the higher one with a negative change.
      const sign = here.kind === 'maximum' ? 1 : -1;
      const changes = sides.map((side) => sign * (values[here.index]! - values[side]!));
      const isKept = changes.every(
        (change, i) => change > 0 && counts(change, errorOf(here.index, sides[i]!), thresholds),
      );
      const prominence = Math.min(...changes);
      if (!isKept && (least === null || prominence < least.prominence)) least = { at, prominence };
    }
    if (least === null) return kept;
    kept.splice(least.at, 1);
  }
}

/** Every local extremum between the ends, a plateau as one. */
function extrema(values: readonly number[]): Extremum[] {
  const found: Extremum[] = [];
  for (let first = 1; first < values.length - 1; first++) {
    let last = first;
    while (last < values.length - 1 && values[last + 1] === values[first]) last++;
    if (last === values.length - 1) break;
    const before = values[first]! - values[first - 1]!;
    const after = values[first]! - values[last + 1]!;
    // A plateau that starts at the curve's first point is part of the end.
    if (before * after > 0) {
      const index = Math.floor((first + last) / 2);
      found.push({ kind: before > 0 ? 'maximum' : 'minimum', first, index, last });
    }
    first = last;
  }
  return found;
}
