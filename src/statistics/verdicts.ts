/** What a family of differences says, each with its standard error: Student's interval, p, Holm's correction, and the verdict. */
import { holm } from './holm.js';
import { studentCdf, studentQuantile } from './student-t.js';

export interface Judged {
  /** 95 % interval by Student's t; null without an error. */
  readonly interval: readonly [number, number] | null;
  /** Two-sided, of no difference; and Holm's over the family. */
  readonly p: number | null;
  readonly pHolm: number | null;
  /** At the 5 % level after Holm's correction; `not resolved`: no difference is seen, or there is no error. */
  readonly verdict: 'above' | 'below' | 'not resolved';
}

const level = 0.05;

/** `df`: K − 1 of the jackknife's K groups. */
export function judge(
  family: readonly { readonly difference: number | null; readonly se: number | null; readonly df: number | null }[],
): Judged[] {
  const found = family.map(({ difference, se, df }) => {
    if (difference === null || se === null || df === null) return { difference, interval: null, p: null };
    const reach = studentQuantile(1 - level / 2, df) * se;
    const p = se > 0 ? 2 * studentCdf(-Math.abs(difference) / se, df) : difference === 0 ? 1 : 0;
    return { difference, interval: [difference - reach, difference + reach] as const, p };
  });
  const adjusted = holm(found.map(({ p }) => p));
  return found.map(({ difference, interval, p }, i) => {
    const pHolm = adjusted[i] ?? null;
    const isResolved = difference !== null && pHolm !== null && pHolm <= level;
    return { interval, p, pHolm, verdict: !isResolved ? 'not resolved' : difference > 0 ? 'above' : 'below' };
  });
}
