/** The progress of a running trace, as a live page reads it from RUN. */
import { mkdtemp, readFile, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { sweepTemporary } from '../../src/bytes/index.js';
import { listMeasurements, openRun, readProgress, writeMeasurement } from '../../src/record/index.js';
import { ProgressFile } from '../../src/trace/progress-file.js';
import type { CheckpointResult, TraceEvent, TracePlan } from '../../src/trace/index.js';
import { draft } from '../record/fixture.js';
import { start, sample, temporary, until } from './command-line.js';

let run: string;
beforeEach(async () => {
  run = await mkdtemp(join(tmpdir(), 'eigentrace-progress-'));
});

const forward = (done: number): TraceEvent => ({
  ...{ type: 'progress', revision: 'step512', index: 1, total: 3, phase: 'forward' },
  ...{ done, of: 1000, tokensPerSecond: null },
});
const todo = { reused: false, problem: null };
const plan = { checkpoints: [{ reused: true, problem: null }, todo, todo] };
const done = (state: 'measured' | 'reused', seconds: number): TraceEvent => ({
  ...{ type: 'done', index: 0, total: 3 },
  result: { state, seconds } as CheckpointResult,
});

describe('the progress file', () => {
  it('says what is under way, whole at any moment and at most twice a second', async () => {
    const file = new ProgressFile(run);
    const seen = new Set<string>();
    for (let i = 0; i < 130; i++) {
      file.event(forward(i));
      await sleep(10);
      const text = await readFile(join(run, '.progress.json'), 'utf8').catch(() => null);
      if (text === null) continue;
      seen.add(text);
      expect(JSON.parse(text)).toMatchObject({ run, pid: process.pid, revision: 'step512', control: null, of: 1000 });
    }
    // Over 1.3 s or, on a busy machine, more: one at once, then one each half second.
    expect(seen.size).toBeGreaterThanOrEqual(2);
    const times = [...seen].map((text) => Date.parse((JSON.parse(text) as { updated: string }).updated));
    for (const [i, time] of times.entries()) if (i > 0) expect(time - times[i - 1]!).toBeGreaterThanOrEqual(490);
    await file.close();
    expect(await readdir(run)).toEqual([]);
  });

  it('tells the time left from what checkpoints took, and null before one was measured', async () => {
    const file = new ProgressFile(run);
    file.event({ type: 'plan', plan: plan as TracePlan });
    file.event(forward(1));
    await until(async () => (await readProgress(run)) !== null, 10);
    expect((await readProgress(run))!.secondsLeft).toBeNull();
    file.event(done('reused', 1));
    file.event(done('measured', 100));
    file.event({
      type: 'start',
      stage: 'pretrain',
      revision: 'step1000',
      step: 1000,
      tokens: null,
      index: 2,
      total: 3,
    });
    await until(async () => (await readProgress(run))?.revision === 'step1000', 10);
    const left = (await readProgress(run))!.secondsLeft!;
    // One of the two that were to be measured is left; some seconds of it have passed at most.
    expect(left).toBeGreaterThan(60);
    expect(left).toBeLessThanOrEqual(100);
    await file.close();
  });

  it('is stale after half a minute, and nothing that is not a progress is one', async () => {
    const file = new ProgressFile(run);
    file.event(forward(1));
    await until(async () => (await readProgress(run)) !== null, 10);
    expect(await readProgress(run, Date.now() + 31_000)).toBeNull();
    await file.close();
    expect(await readProgress(run)).toBeNull();
    await writeFile(join(run, '.progress.json'), '{"pid": 1, "revision"');
    expect(await readProgress(run)).toBeNull();
    await writeFile(join(run, '.progress.json'), '{"pid": 1, "revision": "step1"}');
    expect(await readProgress(run)).toBeNull();
  });

  it("leaves another process's file alone", async () => {
    const file = new ProgressFile(run);
    file.event(forward(1));
    await until(async () => (await readProgress(run)) !== null, 10);
    const other = { ...(await readProgress(run)), pid: process.pid + 1 };
    await writeFile(join(run, '.progress.json'), JSON.stringify(other));
    await file.close();
    expect((await readProgress(run))!.pid).toBe(process.pid + 1);
  });

  it('is no part of the run: not listed, not swept, no reason to refuse the folder', async () => {
    const path = join(run, 'run');
    const opened = await openRun(path, { create: true });
    await writeMeasurement(opened, draft());
    await writeFile(join(path, '.progress.json'), '{}');
    await writeFile(join(path, 'geometry/pythia-14m/pretrain/.progress.json'), '{}');
    await sweepTemporary(path, 0);
    const { measurements, problems } = await listMeasurements(await openRun(path));
    expect([measurements.length, problems]).toEqual([1, []]);
    expect(await readdir(path)).toContain('.progress.json');
    // A folder that holds nothing else can become a run.
    const fresh = join(run, 'fresh');
    const file = new ProgressFile(fresh);
    file.event(forward(1));
    await until(async () => (await readProgress(fresh)) !== null, 10);
    await openRun(fresh, { create: true });
    await file.close();
  });

  it('is there while a trace runs, and gone after Ctrl-C', { timeout: 120_000 }, async () => {
    const folder = await temporary();
    const out = join(folder, 'run');
    const args = ['trace', `${sample}/series`, '--corpus', 'sample:', '--out', out, '--min-tokens', '0', '--quiet'];
    const started = start([...args, '--max-tokens', '128', '--sequences', '1500'], join(folder, 'cache'));
    const seen = await until(async () => (await readProgress(out))?.phase === 'forward', 60);
    const progress = await readProgress(out);
    started.child.kill('SIGINT');
    const { status, stderr } = await started.ended;
    expect(seen, stderr).toBe(true);
    expect(progress).toMatchObject({ pid: started.pid, total: 20 });
    expect(status).toBe(130);
    expect(await readdir(out)).toEqual(expect.not.arrayContaining(['.progress.json']));
  });
});
