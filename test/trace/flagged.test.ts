/** What the audit finds stands on the records, or leaves checkpoints out; records that are reused follow what is known now. */
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { findingCodes, flagCodes } from '../../src/audit/index.js';
import { meaningOf } from '../../src/cli/flags.js';
import { openRun, readMeasurement, verifyRun } from '../../src/record/index.js';
import { planTrace, trace, traceDefaults, type TraceEvent, type TraceRequest } from '../../src/trace/index.js';
import { refusal } from '../checkpoints/folders.js';
import { copySeries, temporary } from './command-line.js';

vi.setConfig({ testTimeout: 120_000 });

let folder: string;
let series: string;
let request: TraceRequest;
beforeAll(async () => {
  folder = await temporary();
  vi.stubEnv('EIGENTRACE_CACHE', join(folder, 'cache'));
  // step64 and step512 serve the final weights.
  const from = { step0: 'step0', step64: 'step6000', step512: 'step6000', step6000: 'step6000' };
  series = await copySeries(join(folder, 'series'), from);
  request = {
    ...traceDefaults,
    ...{ series, out: join(folder, 'run'), corpus: 'sample:', sequences: 30, minTokens: 0, maxTokens: 32 },
    ...{ errors: 'none', threads: 2 },
  };
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

const message = 'the weights of step6000, the last step there';
const copied = { code: 'identical-weights', message };

async function flagsOf(revision: string): Promise<unknown[]> {
  const run = await openRun(request.out);
  const stored = await readMeasurement(run, { series: 'series', stage: 'pretrain', revision, variant: null });
  return stored!.measurement.flags.filter(({ code }) => (flagCodes as string[]).includes(code));
}

it('flags copies on their records and says so once', async () => {
  const events: TraceEvent[] = [];
  const { results, skipped } = await trace(request, { onEvent: (event) => events.push(event) });
  expect(skipped).toEqual([]);
  expect(results.map(({ revision, flags }) => [revision, flags.includes('identical-weights')])).toEqual([
    ['step0', false],
    ['step64', true],
    ['step512', true],
    ['step6000', false],
  ]);
  expect(await flagsOf('step64')).toEqual([copied]);
  expect(await flagsOf('step6000')).toEqual([]);
  const notes = events.flatMap((event) => (event.type === 'note' ? [event.message] : []));
  expect(notes.filter((note) => note.includes(message))).toEqual([`identical-weights: step64, step512: ${message}`]);
});

it('also where they were not among the chosen ones', async () => {
  const { results } = await trace({ ...request, out: join(folder, 'one'), revisions: 'step512' });
  expect(results.map(({ flags }) => flags.includes('identical-weights'))).toEqual([true]);
});

it('leaves them out where that is asked for, and out of the plan', async () => {
  const left = ['step64', 'step512'].map((revision) => ({
    ...{ stage: 'pretrain', revision, step: Number(revision.slice(4)), tokens: null, flags: [copied] },
  }));
  const asked = { ...request, out: join(folder, 'without'), skipFlagged: true };
  const plan = await planTrace(asked);
  expect(plan.skipped).toEqual(left);
  expect(plan.checkpoints.map(({ revision }) => revision)).toEqual(['step0', 'step6000']);
  const { results, skipped } = await trace(asked);
  expect(skipped).toEqual(left);
  expect(results.map(({ revision, state }) => [revision, state])).toEqual([
    ['step0', 'measured'],
    ['step6000', 'measured'],
  ]);
  expect(await refusal(trace({ ...asked, revisions: 'step64,step512' }))).toBe(
    '--skip-flagged: leaves nothing to measure, all of 2 chosen checkpoints are flagged (identical-weights); see eigentrace audit',
  );
});

it('puts on reused records what is known now, and their hashes hold', async () => {
  // The right weights of step64 arrive; step6000 and step512 are neighbours now, of which neither is known to be right.
  await rm(join(series, 'step64'), { recursive: true });
  const before = await verifyRun(request.out);
  const { results } = await trace(request);
  expect(results.map(({ revision, state }) => [revision, state])).toEqual([
    ['step0', 'reused'],
    ['step512', 'reused'],
    ['step6000', 'reused'],
  ]);
  const pair = "the weights don't change between step512 and step6000: at most one is what its name says";
  for (const revision of ['step512', 'step6000']) {
    expect(await flagsOf(revision)).toEqual([{ code: 'identical-weights', message: pair }]);
  }
  const after = await verifyRun(request.out);
  expect([before.sound, after.sound]).toEqual([true, true]);
  await cp(join(series, 'step0'), join(series, 'step64'), { recursive: true });
});

it('has a meaning for every flag below the table', () => {
  for (const code of flagCodes) {
    expect(findingCodes).toContain(code);
    expect(meaningOf(code)).not.toBeNull();
  }
});
