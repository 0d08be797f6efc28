/** Phases of a series' pretraining at one layer (definitions §7). */
import { phasesOf, type PhasePoint, type Phases } from '../phases/index.js';
import type { Curve } from '../record/index.js';

/** `[[layer, phases]]`, or nothing where there is no pretraining. Errors are used where they are paired. */
export function phasesOfCurve({ layer, points, unpaired }: Curve): [string, Phases][] {
  const pretraining = points.filter(({ stage }) => stage === 'pretrain');
  if (pretraining.length === 0) return [];
  const given = pretraining.map(({ step, tokens, figures, replicates }): PhasePoint => {
    const levels = { rankme: figures['rankme'] ?? null, alpha: figures['alpha'] ?? null };
    return { step, tokens, ...levels, replicates: unpaired === null ? replicates : null };
  });
  return [[layer, phasesOf(given)]];
}
