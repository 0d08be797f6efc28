/** `ablate`: what a model can still do when eigen-directions of its final states are removed, or alone are kept (definitions §10). */
import { EigentraceError } from '../errors.js';
import { paperAblationFor, type PaperAblation } from '../paper/index.js';
import { visit, type VisitHooks, type VisitResult } from '../visit/index.js';
import { AblateJob } from './job.js';
import { questionSets } from './question-set.js';
import type { AblateRequest } from './request.js';

export interface AblateResult extends VisitResult {
  /** The paper's Table 8 (SciQ), where the series is one of its models. */
  readonly paper: PaperAblation | null;
}

/** Finds what is not found yet. Rejects only when nothing can be done at all. */
export async function ablate(request: AblateRequest, hooks: VisitHooks = {}): Promise<AblateResult> {
  const { fewshot, fewshotSeed, limit, randomDraws, randomSeed } = request;
  const whole = (option: string, value: number, least: number, most = 2 ** 32 - 1): void => {
    if (Number.isInteger(value) && value >= least && value <= most) return;
    throw new EigentraceError('usage', `${option}: got ${value} (expected a whole number from ${least} to ${most})`);
  };
  whole('--fewshot', fewshot, 0);
  whole('--fewshot-seed', fewshotSeed, 0);
  whole('--random', randomDraws, 0, 1000);
  whole('--random-seed', randomSeed, 0);
  if (limit !== null) whole('--limit', limit, 1);
  const sets = await questionSets(request);
  const result = await visit(request, new AblateJob(request, sets), hooks);
  return { ...result, paper: paperAblationFor(result.series) };
}
