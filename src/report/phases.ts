/** Phases of a series' pretraining at one layer (definitions §7): of other stages a page shows changes, not phases. */
import type { Phases } from '../phases/index.js';
import { phasesOfCurve as findPhases, type Curve } from '../record/index.js';

/** `[[layer, phases]]`, or nothing where there is no pretraining. */
export function phasesOfCurve(curve: Curve): [string, Phases][] {
  const found = findPhases(curve, { stage: 'pretrain' });
  return found === null ? [] : [[curve.layer, found.phases]];
}
