/** Holm's correction for several tests at once: the share of families with any false alarm stays below the level. */

/** Adjusted p-values: the i-th smallest of m times (m − i + 1), never falling, at most 1. Null stays null and counts for nothing. */
export function holm(pValues: readonly (number | null)[]): (number | null)[] {
  const known = pValues.flatMap((p, i) => (p === null ? [] : [{ p, i }])).sort((a, b) => a.p - b.p);
  const adjusted: (number | null)[] = pValues.map(() => null);
  let least = 0;
  known.forEach(({ p, i }, place) => {
    least = Math.max(least, Math.min(1, p * (known.length - place)));
    adjusted[i] = least;
  });
  return adjusted;
}
