/**
 * When a change counts, and the rule as it is printed: beyond its paired standard error, beyond a size, and beyond what the
 * checkpoints' own scatter could make.
 */
import type { LaidCurve } from './axis.js';
import type { CurvePhases } from './phases.js';
import type { Thresholds } from './prominence.js';
import { scatterChange } from './scatter.js';

export interface CurveThresholds extends Thresholds {
  /** Whether scatter is a threshold too. */
  readonly withScatter: boolean;
}

/** The scatter of a curve and the change that counts beyond it; null where it is not used or not known. */
export function scatterThreshold(
  { scatter, values }: LaidCurve,
  { withScatter }: CurveThresholds,
): { readonly deviation: number; readonly change: number } | null {
  if (!withScatter || scatter === null) return null;
  return { deviation: scatter, change: scatterChange(scatter, values.length) };
}

/** The rule as it was applied to a curve, in a sentence and in numbers. */
export function ruleOf(curve: 'rankme' | 'alpha', laid: LaidCurve, thresholds: CurveThresholds): CurvePhases['rule'] {
  const { change } = thresholds;
  const standardErrors = laid.curves === null ? null : thresholds.standardErrors;
  const scatter = scatterThreshold(laid, thresholds);
  const isRankme = curve === 'rankme';
  const limits = [
    ...(standardErrors === null ? [] : [`${standardErrors} paired standard errors`]),
    isRankme ? `ln ${Number(Math.exp(change).toPrecision(6))}` : `${round(change)}`,
    ...(scatter === null ? [] : [`what the scatter of its checkpoints could make (${round(scatter.change)})`]),
  ];
  const all = limits.length > 1 ? `${limits.slice(0, -1).join(', ')} and ${limits.at(-1)!}` : limits[0]!;
  const text =
    `turning points of ${isRankme ? 'ln RankMe' : 'α'} over ln(${laid.axis}) by prominence: an extremum counts when ` +
    `the changes to the kept extrema on either side, ends included, exceed ${all}`;
  return { text, standardErrors, change, scatter };
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
