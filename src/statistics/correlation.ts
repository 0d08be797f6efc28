/**
 * Correlation of two lists (definitions §9): Pearson's r and Spearman's ρ (average ranks for ties), and of curves: levels
 * without a p-value (two independent random walks look correlated), increments between neighbours with one, from Student's t
 * with m − 2 degrees of freedom. Null where a list does not vary or is too short.
 */
import { jackknife } from './jackknife.js';
import { studentCdf } from './student-t.js';

/** Pearson's r; null for fewer than three pairs, or where a list is constant. */
export function pearson(x: readonly number[], y: readonly number[]): number | null {
  const n = x.length;
  if (n < 3 || y.length !== n) return null;
  const [mx, my] = [meanOf(x), meanOf(y)];
  let [xy, xx, yy] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [a, b] = [x[i]! - mx, y[i]! - my];
    xy += a * b;
    xx += a * a;
    yy += b * b;
  }
  if (isRounding(xx, mx, n) || isRounding(yy, my, n)) return null;
  return Math.max(-1, Math.min(1, xy / Math.sqrt(xx) / Math.sqrt(yy)));
}

/** Whether values differ by more than rounding. */
export function varies(values: readonly number[]): boolean {
  const mean = meanOf(values);
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return values.length > 0 && !isRounding(square, mean, values.length);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Whether a sum of squares about a mean is nothing but rounding. */
function isRounding(square: number, mean: number, n: number): boolean {
  return square === 0 || square <= n * (1e-14 * Math.abs(mean)) ** 2;
}

/** Ranks from 1, ascending; ties share their average. */
export function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const found = new Array<number>(values.length);
  for (let from = 0; from < order.length;) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let i = from; i < to; i++) found[order[i]!] = (from + 1 + to) / 2;
    from = to;
  }
  return found;
}

/** Spearman's ρ: Pearson's r of the ranks. */
export function spearman(x: readonly number[], y: readonly number[]): number | null {
  return pearson(ranks(x), ranks(y));
}

/** Two-sided p-value of a correlation r of n pairs without any correlation; null for n < 4. */
export function correlationPValue(r: number, n: number): number | null {
  if (n < 4) return null;
  if (Math.abs(r) >= 1) return 0;
  const t = Math.abs(r) * Math.sqrt((n - 2) / (1 - r * r));
  return 2 * studentCdf(-t, n - 2);
}

/** How the left-outs of two curves belong together: `k` leaves out the same texts in both, or other texts. */
export type Pairing = 'paired' | 'independent';

/**
 * Standard error of a figure of two curves from their left-outs. Paired: by both curves' replicate k at once. Independent
 * rows: the variance of each with the other held, added. `x[k]`, `y[k]` are whole curves; null where the figure is null.
 */
export function errorOfPair(
  whole: { x: readonly number[]; y: readonly number[] },
  replicates: { x: readonly (readonly number[])[]; y: readonly (readonly number[])[] },
  pairing: Pairing,
  figure: (x: readonly number[], y: readonly number[]) => number | null,
): number | null {
  const { x, y } = replicates;
  const errorOf = (values: readonly (number | null)[]): number | null => {
    const known = values.filter((value) => value !== null && Number.isFinite(value));
    return known.length < 2 || known.length < values.length ? null : jackknife(known as number[]).se;
  };
  if (pairing === 'paired') return x.length === y.length ? errorOf(x.map((curve, k) => figure(curve, y[k]!))) : null;
  const fromX = errorOf(x.map((curve) => figure(curve, whole.y)));
  const fromY = errorOf(y.map((curve) => figure(whole.x, curve)));
  return fromX === null || fromY === null ? null : Math.hypot(fromX, fromY);
}
