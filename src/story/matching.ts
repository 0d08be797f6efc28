/** Which checkpoint of a series a result is of: the one of its name, else the only one of its step. */
import type { DownstreamCurve } from './story.js';

export interface PlacedCheckpoint {
  readonly stage: string;
  readonly revision: string;
  readonly step: number | null;
  readonly tokens: number | null;
}

type Point = Pick<DownstreamCurve['points'][number], 'stage' | 'revision' | 'step'>;

/**
 * Its index; −1 where it is of none of them, or of several (seeds share a step). A result whose name says no stage counts
 * as pretraining, and is looked up in the one stage of a series that has another alone.
 */
export function checkpointOf(checkpoints: readonly PlacedCheckpoint[], { stage, revision, step }: Point): number {
  const name = revision ?? (step === null ? null : `step${step}`);
  const named = checkpoints.findIndex((c) => c.stage === stage && c.revision === name);
  if (named >= 0) return named;
  const stages = new Set(checkpoints.map((c) => c.stage));
  const its = stages.size === 1 && stage === 'pretrain' ? [...stages][0]! : stage;
  const same = (fits: (c: PlacedCheckpoint) => boolean): number => {
    const found = checkpoints.flatMap((c, i) => (fits(c) ? [i] : []));
    return found.length === 1 ? found[0]! : -1;
  };
  const elsewhere = same((c) => c.revision === name);
  return elsewhere >= 0 || step === null ? elsewhere : same((c) => c.stage === its && c.step === step);
}
