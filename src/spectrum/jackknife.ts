/**
 * The groups of the delete-a-group jackknife: which rows go to which, and when there are too few. Its formula stands in
 * `statistics/jackknife.ts`.
 */
export { jackknife, type JackknifeError } from '../statistics/jackknife.js';

/** Default number of groups. */
export const defaultGroups = 10;

/** Group of row i of n, 0-based: contiguous, cut as NumPy's array_split does (the first n mod K are one longer). */
export function groupOfRow(i: number, n: number, groups: number): number {
  const longer = n % groups;
  const size = Math.floor(n / groups);
  const cut = longer * (size + 1);
  return i < cut ? Math.floor(i / (size + 1)) : longer + Math.floor((i - cut) / size);
}

/** Why groups of so many rows give no jackknife; null when they do. */
export function jackknifeProblem(groupRows: readonly number[]): string | null {
  if (groupRows.length < 2) return 'errors were not asked for';
  const empty = groupRows.filter((rows) => rows === 0).length;
  if (empty > 0) return `${empty} of ${groupRows.length} groups of rows are empty (expected at least one row in each)`;
  const n = groupRows.reduce((s, x) => s + x, 0);
  if (n - Math.max(...groupRows) < 2) return 'fewer than two rows are left without a group';
  return null;
}
