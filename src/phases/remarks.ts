/** What a reader must know of how far to trust the phases of a curve, in words. */
import type { LaidCurve } from './axis.js';
import type { Phase, PhasePoint, TurningPoint } from './phases.js';

/** Fewer checkpoints than these show no phases. */
export const leastCheckpoints = 4;

/** A checkpoint's name, or its place among those given. */
export function nameOf(points: readonly PhasePoint[], i: number): string {
  return points[i]!.revision ?? `checkpoint ${i + 1}`;
}

export function remarks(
  points: readonly PhasePoint[],
  { values, curves, index }: LaidCurve,
  phases: readonly Phase[],
  turningPoints: readonly TurningPoint[],
): string[] {
  if (values.length === 0) return ['not resolved: no checkpoints'];
  const name = (i: number) => nameOf(points, i);
  const notes: string[] = [];
  if (values.length < leastCheckpoints) {
    notes.push(
      `not resolved: ${values.length} checkpoint${values.length === 1 ? '' : 's'} (expected at least ${leastCheckpoints})`,
    );
  }
  if (curves === null) notes.push('no paired standard errors: changes count by their size alone');
  else {
    const without = index.filter((_, i) => curves.some((curve) => curve[i] === null));
    if (without.length > 0) {
      notes.push(
        `no standard errors at ${without.map(name).join(', ')}: changes from and to there count by their size alone`,
      );
    }
  }
  const names = phases.map((phase) => phase.name);
  if (names.includes('warmup') && names.length === 1) {
    notes.push('there is no entropy-seeking: whether this is the warmup or compression-seeking can not be told');
  }
  for (const { kind, index: at } of turningPoints) {
    const flags = points[at]!.flags ?? [];
    if (flags.length > 0) notes.push(`the ${kind} at ${name(at)} stands on a flagged checkpoint (${flags.join(', ')})`);
  }
  return notes;
}
