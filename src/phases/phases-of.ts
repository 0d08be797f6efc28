/**
 * Phases of a series from its curves of RankMe and α (definitions §7). Each curve is read on its own by the same rule, with
 * its own thresholds; where the two disagree, both stand and the disagreement is said.
 */
import { EigentraceError } from '../errors.js';
import { curvePhases } from './curve-phases.js';
import { disagreements } from './disagreements.js';
import type { PhaseOptions, PhasePoint, Phases } from './phases.js';

/** Thresholds where none are given: 3 paired standard errors, 5 % of RankMe or 0.05 of α, and scatter. */
export const defaultThresholds = {
  standardErrors: 3,
  rankmeChange: Math.log(1.05),
  alphaChange: 0.05,
  scatter: true,
} as const;

/** The phases of one stage of a series. The points are given in any order; their indices are kept. */
export function phasesOf(points: readonly PhasePoint[], options: PhaseOptions = {}): Phases {
  const { standardErrors, rankmeChange, alphaChange, scatter } = { ...defaultThresholds, ...options };
  for (const [name, value] of Object.entries({ standardErrors, rankmeChange, alphaChange })) {
    if (value >= 0 && Number.isFinite(value)) continue;
    throw new EigentraceError('usage', `${name}: is no threshold, got ${value} (expected a number ≥ 0)`);
  }
  const rankme = curvePhases(points, 'rankme', { standardErrors, change: rankmeChange, withScatter: scatter });
  const alpha = curvePhases(points, 'alpha', { standardErrors, change: alphaChange, withScatter: scatter });
  return { rankme, alpha, disagreements: disagreements(rankme, alpha) };
}
