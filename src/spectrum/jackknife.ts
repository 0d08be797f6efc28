/**
 * Standard errors by the delete-a-group jackknife (definitions §6): with θ₍ₖ₎ the figure without group k,
 * SE² = (K−1)/K · Σ (θ₍ₖ₎ − θ̄)². Intervals use Student's t with K−1 degrees of freedom. With heavy tails the median SE
 * is a third to 60 % of the truth, so the largest deviation and a dominating group are reported beside it.
 */

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

export interface JackknifeError {
  se: number;
  /** Largest |θ₍ₖ₎ − θ̄|. */
  deviation: number;
  /** Largest share of one group in SE²; 0 when all replicates are equal. */
  share: number;
  /** The group with that share. */
  group: number;
}

export function jackknife(replicates: readonly number[]): JackknifeError {
  const K = replicates.length;
  const mean = replicates.reduce((s, x) => s + x, 0) / K;
  const squares = replicates.map((x) => (x - mean) ** 2);
  const total = squares.reduce((s, x) => s + x, 0);
  const most = Math.max(...squares);
  return {
    se: Math.sqrt(((K - 1) / K) * total),
    deviation: Math.sqrt(most),
    share: total > 0 ? most / total : 0,
    group: squares.indexOf(most),
  };
}
