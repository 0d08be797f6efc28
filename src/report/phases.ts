/** Phases of a series' pretraining curve at one layer (definitions §7). */
import type { Phases } from '../phases/index.js';
import type { Measurement } from '../record/index.js';

/** `[layer, phases]`, or nothing where the series has no pretraining. */
export function phasesOfSeries(_all: readonly Measurement[], _layer: string): [string, Phases][] {
  return [];
}
