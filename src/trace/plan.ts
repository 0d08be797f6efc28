/** `--dry-run`: what a request would do, without measuring, hashing or writing anything. */
import { kindOf } from '../bytes/index.js';
import { openSeries, rememberedHashes, selectRevisions } from '../checkpoints/index.js';
import { EigentraceError, messageOf } from '../errors.js';
import { findReusable, openRun, type Run } from '../record/index.js';
import { cacheFolder, hashCache } from './cache.js';
import { estimate, estimateSeconds } from './estimate.js';
import { variantOf } from './recording.js';
import type { TraceHooks, TracePlan, TraceRequest } from './request.js';
import { Subjects, type OpenedSubject } from './subject.js';
import { checkRequest } from './trace.js';

/** The plan of a request. A checkpoint that can't be measured has a `problem`; the others are planned all the same. */
export async function planTrace(request: TraceRequest, hooks: TraceHooks = {}): Promise<TracePlan> {
  checkRequest(request);
  const series = await openSeries(request.series);
  const entries = selectRevisions(series.entries, request.revisions);
  const run = (await kindOf(`${request.out}/run.json`)) === 'file' ? await openRun(request.out) : null;
  const subjects = new Subjects(request, series, cacheFolder());
  const checkpoints: TracePlan['checkpoints'] = [];
  const notes = new Set(series.notes);
  const differences = new Set<string>();
  let example: OpenedSubject | null = null;
  let notHashed = 0;
  for (const entry of entries) {
    const { stage, revision, step, tokens } = entry;
    const line = { stage, revision, step, tokens, reused: false, bytes: 0, problem: null };
    try {
      const opened = await subjects.open(entry, { signal: hooks.signal });
      const variant = run ? variantOf(run.record, series.name, request) : null;
      const hashes = await rememberedHashes(opened.checkpoint.files, hashCache(cacheFolder()));
      if (!hashes) notHashed++;
      let reused = false;
      if (run && hashes && !request.force) {
        const found = await reusable(run, opened, subjects, { series: series.name, variant }, hashes.sha256, request);
        reused = found.reused;
        for (const difference of found.differences) differences.add(difference);
      }
      for (const { message } of opened.flags) notes.add(message);
      if (!reused) example ??= opened;
      checkpoints.push({ ...line, reused, bytes: opened.checkpoint.bytes });
      example ??= opened;
    } catch (error) {
      if (error instanceof EigentraceError && (error.code === 'usage' || error.code === 'interrupted')) throw error;
      if (error === subjects.corpusError) throw error;
      checkpoints.push({ ...line, problem: messageOf(error) });
    }
  }
  if (!example) {
    const first = checkpoints.find(({ problem }) => problem !== null);
    throw new EigentraceError('input', first?.problem ?? `${request.series}: no checkpoints`);
  }
  if (notHashed > 0 && run) {
    notes.add(`${notHashed} checkpoints' weights are not hashed yet: whether they can be reused is seen when they are`);
  }
  const { model, layers, sequences } = example;
  const each = estimate(
    model,
    layers,
    sequences.ids.map((ids) => ids.length),
    request,
  );
  const todo = checkpoints.filter(({ reused, problem }) => !reused && problem === null);
  return {
    series: series.name,
    checkpoints,
    corpus: { name: sequences.name, asked: sequences.asked, found: sequences.found, tokens: sequences.tokens },
    flops: { forward: each.forward, spectrum: each.spectrum },
    bytesToRead: todo.reduce((sum, { bytes }) => sum + bytes, 0),
    seconds: todo.length === 0 ? null : await estimateSeconds(each, todo.length, request.threads),
    peakMemory: each.peakMemory,
    differences: [...differences],
    notes: [...notes],
  };
}

async function reusable(
  run: Run,
  opened: OpenedSubject,
  subjects: Subjects,
  place: { series: string; variant: string | null },
  weights: string,
  request: TraceRequest,
): Promise<{ reused: boolean; differences: string[] }> {
  const { stage, revision } = opened.entry;
  const parts = subjects.keyParts(opened, weights);
  const found = await findReusable(run, { ...place, stage, revision }, parts, { features: request.saveFeatures });
  return { reused: found.stored !== null, differences: found.differences };
}
