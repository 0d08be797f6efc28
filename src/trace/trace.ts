/**
 * The main job: every checkpoint of a series, one measurement each. `job.ts` goes through them in rounds, `settle.ts` brings
 * one to its end, `ledger.ts` knows where it stands in RUN, `downloads.ts` has it here in time.
 */
import { refuseUnknownDevice } from '../runtime/index.js';
import { checkAlerts } from './alerts.js';
import { checkRequest } from './check-request.js';
import { Job } from './job.js';
import type { TraceHooks, TraceRequest, TraceResult } from './request.js';

/** Measures what is not measured yet. Rejects only when nothing can be done at all: no series, no corpus, no RUN. */
export async function trace(request: TraceRequest, hooks: TraceHooks = {}): Promise<TraceResult> {
  checkRequest(request);
  if (hooks.alerts) checkAlerts(hooks.alerts);
  await refuseUnknownDevice(request.device);
  const job = await Job.open(request, hooks);
  try {
    return await job.run();
  } finally {
    await job.close();
  }
}
