/** `directions`: what the top eigenvectors of the final states are, at every checkpoint of a series. */
import { EigentraceError } from '../errors.js';
import { visit, type VisitHooks, type VisitResult } from '../visit/index.js';
import { changesOf, type DirectionChange } from './change.js';
import { DirectionsJob } from './job.js';
import type { DirectionsRequest } from './request.js';

export interface DirectionsResult extends VisitResult {
  /** By result: how its directions changed since the checkpoint before; null for the first, and where there is none to hold against. */
  readonly changes: readonly (DirectionChange | null)[];
}

/** Finds what is not found yet. Rejects only when nothing can be done at all. */
export async function directions(request: DirectionsRequest, hooks: VisitHooks = {}): Promise<DirectionsResult> {
  const whole = (option: string, value: number, least: number, most: number): void => {
    if (Number.isInteger(value) && value >= least && value <= most) return;
    throw new EigentraceError('usage', `${option}: got ${value} (expected a whole number from ${least} to ${most})`);
  };
  whole('--top', request.top, 1, 1000);
  whole('--passages', request.passages, 0, 100);
  whole('--passage-tokens', request.passageTokens, 1, 1000);
  whole('--tokens', request.tokens, 0, 1000);
  whole('--coordinates', request.coordinates, 1, 1000);
  const result = await visit(request, new DirectionsJob(request), hooks);
  return { ...result, changes: changesOf(result.results.map(({ finding }) => finding)) };
}
