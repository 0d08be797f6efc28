/** `--dry-run`: what a request would do, without measuring, hashing or writing anything. */
import { kindOf } from '../bytes/index.js';
import { selectRevisions, type Series } from '../checkpoints/index.js';
import { openRun } from '../record/index.js';
import { estimateSeconds } from './estimate.js';
import { flagged } from './flagged.js';
import { variantOf } from './recording.js';
import type { TraceHooks, TracePlan, TraceRequest } from './request.js';
import { openSource, type SubjectSource } from './source.js';
import { planOf, survey } from './survey.js';
import { refuseUnknownDevice } from '../runtime/index.js';
import { checkAlerts } from './alerts.js';
import { checkRequest } from './check-request.js';

/** The plan of a request. A checkpoint that can't be measured has a `problem`; the others are planned all the same. */
export async function planTrace(request: TraceRequest, hooks: TraceHooks = {}): Promise<TracePlan> {
  checkRequest(request);
  if (hooks.alerts) checkAlerts(hooks.alerts);
  await refuseUnknownDevice(request.device);
  const opened = await openSource(request, hooks.signal);
  try {
    return await planOfSource(opened, request, hooks);
  } finally {
    await opened.subjects.places?.close();
  }
}

async function planOfSource(
  opened: { series: Series; subjects: SubjectSource },
  request: TraceRequest,
  hooks: TraceHooks,
): Promise<TracePlan> {
  const { series } = opened;
  const chosen = selectRevisions(series.entries, request.revisions);
  const { entries, subjects, skipped, notes } = await flagged(series, opened.subjects, chosen, request, hooks.signal);
  const run = (await kindOf(`${request.out}/run.json`)) === 'file' ? await openRun(request.out) : null;
  const surveyed = await survey(entries, series.entries[0]!, subjects, {
    ...{ request, run, signal: hooks.signal },
    refOf: ({ stage, revision }, control) => ({
      ...{ series: series.name, stage, revision },
      variant: variantOf(run?.record ?? null, series.name, request, control),
    }),
  });
  const plan = { ...planOf(series, surveyed, request), skipped: [...skipped] };
  plan.notes.unshift(...notes);
  const todo = plan.checkpoints.filter(({ reused, problem }) => !reused && problem === null);
  if (todo.length === 0) return plan;
  // White noise goes through no model.
  const forward = todo.filter(({ control }) => control?.kind !== 'gaussian').length;
  const flops = { forward: forward * plan.flops.forward, spectrum: todo.length * plan.flops.spectrum };
  return { ...plan, seconds: await estimateSeconds(flops, request.threads) };
}
