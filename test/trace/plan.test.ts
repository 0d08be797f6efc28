/** The time of a plan: its parts are what the request asks for. How near it comes to the truth, bench/plan.mjs says. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { planTrace, trace, traceDefaults, type TraceRequest } from '../../src/trace/index.js';
import { filesOf, sampleSeries, temporary } from './command-line.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let folder: string;
beforeAll(async () => {
  folder = await temporary();
  vi.stubEnv('EIGENTRACE_CACHE', join(folder, 'cache'));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

const request = (changes: Partial<TraceRequest> = {}): TraceRequest => ({
  ...traceDefaults,
  ...{ series: sampleSeries, out: join(folder, 'run'), corpus: 'sample:', sequences: 60, minTokens: 0, maxTokens: 64 },
  ...{ errors: 'none', threads: 2, revisions: 'step0,step1,step2', ...changes },
});
const sum = (time: Record<string, number>): number => Object.values(time).reduce((all, part) => all + part, 0);

it('adds up, counts what is left alone, and writes nothing', async () => {
  const plan = await planTrace(request());
  expect(plan.seconds).toBeCloseTo(sum(plan.time!), 9);
  for (const part of Object.values(plan.time!)) expect(part).toBeGreaterThan(0);
  expect(Object.keys(await filesOf(folder)).filter((file) => file.startsWith('run'))).toEqual([]);

  await trace(request({ revisions: 'step0,step1' }));
  const rest = await planTrace(request());
  expect(rest.checkpoints.map(({ reused }) => reused)).toEqual([true, true, false]);
  expect(rest.time!.store).toBeCloseTo(plan.time!.store / 3, 9);
  await trace(request());
  const none = await planTrace(request());
  expect([none.seconds, none.time]).toEqual([null, undefined]);
});

it('counts controls: noise goes through no model, drawn weights are drawn', async () => {
  const noise = await planTrace(request({ out: join(folder, 'noise'), revisions: 'step0', control: ['gaussian'] }));
  expect(noise.checkpoints).toHaveLength(2);
  expect(noise.time!.store).toBeCloseTo(0.04, 9);
  // Layers of the checkpoint, one of noise.
  const layers = await planTrace(
    request({ out: join(folder, 'layers'), revisions: 'step0', control: ['gaussian'], layers: 'all' }),
  );
  expect(layers.flops.spectrum).toBeCloseTo(5 * noise.flops.spectrum, 6);
});
