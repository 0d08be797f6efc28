/** `generate`: the same prompts gone on with by every checkpoint of a series. */
import { visit, type VisitHooks, type VisitResult } from '../visit/index.js';
import { GenerateJob } from './job.js';
import { promptsOf } from './prompts.js';
import { samplingOf, type GenerateRequest } from './request.js';

/** Each result's finding holds the texts: `finding.detail.prompts`, of `GeneratedPrompt`. */
export type GenerateResult = VisitResult;

/** Writes what is not written yet. Rejects only when nothing can be done at all. */
export async function generate(request: GenerateRequest, hooks: VisitHooks = {}): Promise<GenerateResult> {
  samplingOf(request);
  const prompts = await promptsOf(request.prompts, request.promptsFile);
  return await visit(request, new GenerateJob(request, prompts), hooks);
}
