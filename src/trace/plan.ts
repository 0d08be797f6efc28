/** `--dry-run`: what a request would do, without measuring, hashing or writing anything. */
import { kindOf } from '../bytes/index.js';
import { selectRevisions, type Series } from '../checkpoints/index.js';
import { openRun } from '../record/index.js';
import { calibrate, calibrateRows, type Pace } from './calibrate.js';
import { flagged } from './flagged.js';
import { variantOf } from './recording.js';
import type { TraceHooks, TracePlan, TraceRequest } from './request.js';
import { openSource, type SubjectSource } from './source.js';
import { planOf, survey, type Surveyed } from './survey.js';
import { refuseUnknownDevice } from '../runtime/index.js';
import { checkAlerts } from './alerts.js';
import { checkRequest } from './check-request.js';

/** Seconds that a measurement takes to be written and flushed. */
const storing = 0.02;

/** The plan of a request. A checkpoint that can't be measured has a `problem`; the others are planned all the same. */
export async function planTrace(request: TraceRequest, hooks: TraceHooks = {}): Promise<TracePlan> {
  checkRequest(request);
  if (hooks.alerts) checkAlerts(hooks.alerts);
  await refuseUnknownDevice(request.device);
  const start = performance.now();
  const opened = await openSource(request, hooks.signal);
  try {
    return await planOfSource(opened, request, hooks, start);
  } finally {
    await opened.subjects.places?.close();
  }
}

async function planOfSource(
  opened: { series: Series; subjects: SubjectSource },
  request: TraceRequest,
  hooks: TraceHooks,
  start: number,
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
  const looked = (performance.now() - start) / 1000;
  const plan = { ...planOf(series, surveyed, request), skipped: [...skipped] };
  plan.notes.unshift(...notes);
  const todo = surveyed.filter(({ opened, stored }) => opened !== null && stored === null);
  if (todo.length === 0) return plan;
  const fetch = await fetchOf(todo, subjects);
  if (fetch) plan.notes.push('the time is without that of the download');
  const pace = await paceOf(todo, request);
  const time = timeOf(todo, pace, looked);
  const seconds = Object.values(time).reduce((sum, part) => sum + part, 0);
  if (pace.busy > 1.5) plan.notes.push(busyNote(pace.busy));
  return { ...plan, seconds, time, ...(fetch ? { fetch } : {}) };
}

/** What has to come from the Hub, by its listing. */
async function fetchOf(todo: readonly Surveyed[], subjects: SubjectSource): Promise<TracePlan['fetch']> {
  const entries = new Set(todo.flatMap(({ entry, control }) => (entry.hub && control === null ? [entry] : [])));
  const { places } = subjects;
  if (entries.size === 0 || !places) return undefined;
  const fetcher = await places.fetcher();
  const sum = { bytes: 0, cached: 0 };
  for (const entry of entries) {
    const { bytes, cached } = await fetcher.sizeOf(entry);
    sum.bytes += bytes - cached;
    sum.cached += cached;
  }
  return sum;
}

function busyNote(busy: number): string {
  const times = busy.toFixed(busy < 10 ? 1 : 0);
  return `other work keeps this machine busy (${times} processes a core): the time holds while it does, an idle machine is faster`;
}

/** The first that goes through a model tells the pace of all: they are of one series. */
async function paceOf(todo: readonly Surveyed[], request: TraceRequest): Promise<Pace> {
  const all = todo.flatMap(({ opened }) => opened ?? []);
  const models = all.flatMap((opened) => (opened.kind === 'model' && opened.files.length > 0 ? [opened] : []));
  const model = models.find(({ checkpoint }) => !checkpoint.isRemote) ?? models[0];
  if (model) return calibrate(model, request);
  const rows = all.find((opened) => opened.kind !== 'model')!;
  return calibrateRows(rows.n, rows.d, rows.kind === 'features' ? rows.layers.size : 1, request);
}

/** Seconds of all that is left to do, by what they are spent on. */
function timeOf(todo: readonly Surveyed[], pace: Pace, looked: number): NonNullable<TracePlan['time']> {
  const time = { start: pace.start + looked, hash: 0, load: 0, forward: 0, spectrum: 0, store: 0 };
  for (const { opened, hashed, control } of todo) {
    if (!hashed && control === null) time.hash += (opened?.bytes ?? 0) * pace.hashByte;
    time.store += storing;
    const layers = opened?.kind === 'noise' ? 1 : null;
    time.spectrum += layers === null ? pace.spectrum : pace.spectrum / Math.max(1, pace.layers);
    if (opened?.kind !== 'model') continue;
    time.load += pace.load;
    time.forward += pace.forward;
    if (control?.kind === 'random-init') time.load += opened.model.parameters.all * pace.draw;
  }
  return time;
}
