/** `sweep --dry-run`: which points would be measured in how many forward passes, without measuring, hashing or writing. */
import { kindOf } from '../bytes/index.js';
import { selectRevisions, type SeriesEntry } from '../checkpoints/index.js';
import { openAnySeries } from './places.js';
import { messageOf } from '../errors.js';
import type { Layer } from '../models/index.js';
import { openRun } from '../record/index.js';
import { estimate, estimateRows, estimateSeconds } from './estimate.js';
import { passesOf, type ForwardPass } from './forward-passes.js';
import type { TraceHooks } from './request.js';
import type { SweepPoint } from './sweep-points.js';
import { SweepSurvey } from './sweep-survey.js';
import { checkSweepRequest, type SweepRequest } from './sweep.js';

export interface SweepPlan {
  series: string;
  /** By checkpoint, in the order of the sweeps and their values. */
  points: {
    stage: string;
    revision: string;
    sweep: SweepPoint['sweep'];
    /** Rows and columns; null where it can't be measured. */
    n: number | null;
    d: number | null;
    /** A measurement with the same key is there and will be reused. */
    reused: boolean;
    /** Why it can't be measured, when that is known before starting. */
    problem: string | null;
  }[];
  /** Of all that is not reused. */
  forwardPasses: number;
  flops: { forward: number; spectrum: number };
  /** Estimated seconds from this machine's measured speed; null when nothing is left to do. */
  seconds: number | null;
  /** Estimated peak memory in bytes. */
  peakMemory: number;
  notes: string[];
}

export async function planSweep(request: SweepRequest, hooks: TraceHooks = {}): Promise<SweepPlan> {
  checkSweepRequest(request);
  const { base } = request;
  const series = await openAnySeries(base.series!, { tokensPerStep: base.tokensPerStep });
  const run = (await kindOf(`${base.out}/run.json`)) === 'file' ? await openRun(base.out) : null;
  const survey = new SweepSurvey(request, series, run);
  const plan: SweepPlan = {
    ...{ series: series.name, points: [], forwardPasses: 0, flops: { forward: 0, spectrum: 0 } },
    ...{ seconds: null, peakMemory: 0, notes: [...series.notes] },
  };
  try {
    await planEach(survey, selectRevisions(series.entries, base.revisions), plan, hooks);
  } finally {
    await survey.places.close();
  }
  if (plan.forwardPasses > 0) plan.seconds = await estimateSeconds(plan.flops, base.threads);
  return plan;
}

async function planEach(
  survey: SweepSurvey,
  entries: readonly SeriesEntry[],
  plan: SweepPlan,
  hooks: TraceHooks,
): Promise<void> {
  for (const entry of entries) {
    const surveyed = await survey.of(entry, { signal: hooks.signal }, false);
    for (const { point, subject, stored, error } of surveyed) {
      const { stage, revision } = entry;
      const sequences = subject?.sequences;
      const n = sequences ? (point.request.position === 'all' ? sequences.tokens : sequences.found) : null;
      plan.points.push({
        ...{ stage, revision, sweep: point.sweep, n, d: subject?.model.width ?? null },
        ...{ reused: stored !== null, problem: subject ? null : messageOf(error) },
      });
    }
    const todo = surveyed.flatMap(({ point, stored, subject }) => (subject && !stored ? [{ point, subject }] : []));
    for (const pass of passesOf(todo)) addPass(plan, pass);
  }
}

function addPass(plan: SweepPlan, pass: ForwardPass): void {
  const { model } = pass.members[0]!.subject;
  const layers = [...new Set(pass.members.flatMap(({ subject }): Layer[] => [...subject.layers]))];
  const lengths = pass.ids.map((ids) => ids.length);
  const whole = estimate(model, layers, lengths, pass.members[0]!.point.request);
  plan.forwardPasses++;
  plan.flops.forward += whole.forward;
  plan.peakMemory = Math.max(plan.peakMemory, whole.peakMemory);
  for (const { point, subject } of pass.members) {
    const { sequences } = subject;
    const n = point.request.position === 'all' ? sequences.tokens : sequences.found;
    plan.flops.spectrum += estimateRows(n, model.width, subject.layers.length, point.request).spectrum;
  }
}
