/** Results of tasks in a run (RUN/tasks) as curves of its series' stories. */
import { taskCurves, type TaskFinding } from '../evaluation/index.js';
import type { Finding } from '../record/index.js';
import { placeOf, type FindingPlace } from './found.js';

export interface KeptTasks {
  readonly place: FindingPlace;
  readonly finding: TaskFinding;
}

export function keepTasks(finding: Finding): KeptTasks {
  const { series, stage, revision, step, tokens, variant, control, options, values } = finding;
  return {
    place: placeOf(finding),
    finding: { series, stage, revision, step, tokens, variant, control, options, values },
  };
}

/** By series, in the order of the findings. */
export const taskStories = (kept: readonly KeptTasks[]) => taskCurves(kept.map(({ finding }) => finding));
