/**
 * Whether there is memorization: the partial ρ of a checkpoint against that of the series' control (its step 0, or weights
 * drawn at random), which has seen no data (definitions §8). The groups of questions are the same, so left-out values go in
 * pairs. "Memorization" is said only where the difference exceeds its error: above zero at the 5 % level, after Holm's
 * correction over the checkpoints compared.
 */
import { errorOfPair, judge, type Judged } from '../statistics/index.js';

export interface PartialRho {
  readonly value: number | null;
  readonly replicates: readonly (number | null)[];
}

export interface AgainstControl extends Judged {
  /** Partial ρ less the control's; null where either is. */
  readonly difference: number | null;
  readonly se: number | null;
}

export function againstControl(checkpoints: readonly PartialRho[], control: PartialRho): AgainstControl[] {
  const family = checkpoints.map((checkpoint) => {
    const difference = checkpoint.value === null || control.value === null ? null : checkpoint.value - control.value;
    return { difference, se: difference === null ? null : errorOf(checkpoint, control) };
  });
  const df = control.replicates.length - 1;
  return judge(family.map((each) => ({ ...each, df: df > 0 ? df : null }))).map((judged, i) => ({
    ...family[i]!,
    ...judged,
  }));
}

function errorOf(checkpoint: PartialRho, control: PartialRho): number | null {
  const all = [...checkpoint.replicates, ...control.replicates];
  if (all.some((value) => value === null)) return null;
  const curves = ({ replicates }: PartialRho): number[][] => replicates.map((value) => [value!]);
  return errorOfPair(
    { x: [checkpoint.value!], y: [control.value!] },
    { x: curves(checkpoint), y: curves(control) },
    'paired',
    ([x], [y]) => x! - y!,
  );
}
