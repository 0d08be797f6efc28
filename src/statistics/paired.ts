/**
 * Two answers to the same questions: the mean difference with its standard error over questions, the paired t test of it,
 * and for right and wrong McNemar's exact test: of the questions that changed, are as many changed one way as the other?
 */
import { incompleteBeta, studentCdf } from './student-t.js';

export interface Paired {
  readonly difference: number;
  /** s/√n, n − 1 in s; null for one question. */
  readonly se: number | null;
  /** Two-sided, n − 1 degrees of freedom; null where nothing varies. */
  readonly p: number | null;
  readonly n: number;
}

/** Of a − b; null where there is no question. */
export function paired(a: readonly number[], b: readonly number[]): Paired | null {
  const n = a.length;
  if (n === 0 || n !== b.length) return null;
  const differences = a.map((x, i) => x - b[i]!);
  const difference = differences.reduce((sum, x) => sum + x, 0) / n;
  if (n === 1) return { difference, se: null, p: null, n };
  const square = differences.reduce((sum, x) => sum + (x - difference) ** 2, 0) / (n - 1);
  const se = Math.sqrt(square / n);
  const p = se > 0 ? 2 * studentCdf(-Math.abs(difference) / se, n - 1) : null;
  return { difference, se, p, n };
}

export interface McNemar {
  /** Right in the first and wrong in the second, and the other way round. */
  readonly gained: number;
  readonly lost: number;
  /** Two-sided exact p; 1 where nothing changed. */
  readonly p: number;
}

/** `a` and `b`: whether each question was right. */
export function mcnemar(a: readonly boolean[], b: readonly boolean[]): McNemar {
  const gained = a.filter((right, i) => right && !b[i]!).length;
  const lost = a.filter((right, i) => !right && b[i]!).length;
  return { gained, lost, p: Math.min(1, 2 * binomialTail(Math.min(gained, lost), gained + lost)) };
}

/** P(X ≤ k) of X ~ Binomial(n, ½): I_½(n − k, k + 1). */
function binomialTail(k: number, n: number): number {
  return k >= n ? 1 : incompleteBeta(0.5, 0.5, n - k, k + 1);
}
