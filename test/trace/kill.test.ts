/** What a trace leaves behind that was killed or interrupted at any moment: whole measurements or none, and no process. */
import { watch } from 'node:fs';
import { cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { checkMeasurement, listMeasurements, openRun } from '../../src/record/index.js';
import {
  eigentrace,
  family,
  lives,
  resultOf,
  sampleSeries,
  start,
  tableOf,
  temporary,
  until,
  type Started,
} from './command-line.js';

const hasProc = process.platform === 'linux';
const args = (out: string, ...more: string[]) => [
  ...['trace', sampleSeries, '--corpus', 'sample:', '--min-tokens', '0', '--max-tokens', '128', '--out', out],
  ...more,
];

// Whole runs: seconds on an idle machine, minutes beside other work.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 600_000 });

let folder: string;
let cache: string;
beforeAll(async () => {
  folder = await temporary();
  cache = join(folder, 'cache');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Waits until the first `count` checkpoints are told. */
const told = (started: Started, count: number): Promise<boolean> =>
  until(() => started.stderr().split(/ tok +RankMe /).length > count, 30);

describe('kill -9', () => {
  const small = ['--sequences', '100', '--revisions', 'step0,step1,step2,step4'];

  it('at ten random moments: nothing half-written is read, no process stays, and the next run completes the table', async () => {
    const whole = join(folder, 'whole');
    const undisturbed = await eigentrace(args(whole, ...small), cache);
    expect(undisturbed.status, undisturbed.stderr).toBe(0);
    const expected = await tableOf(whole);
    expect(expected.rows).toHaveLength(4);

    const out = join(folder, 'killed');
    const stage = join(out, 'geometry/sample-neox-0.9m/pretrain');
    await cp(whole, out, { recursive: true });
    let died = 0;
    for (let i = 0; i < 10; i++) {
      // Half of them at any time of a run, half just when files are being written; each run has all four to do, in
      // turn over older ones and in an empty folder.
      if (i % 4 < 2) for (const name of await readdir(stage)) await rm(join(stage, name));
      const onWrite = i % 2 === 1;
      const delay = onWrite ? Math.random() * 15 : Math.random() * undisturbed.seconds * 1000;
      const started = start(args(out, ...small, '--force'), cache);
      const moment = new AbortController();
      if (onWrite) {
        let left = Math.floor(Math.random() * 12);
        const watcher = watch(stage, () => {
          if (left-- === 0) moment.abort();
        });
        await Promise.race([started.ended, new Promise((done) => moment.signal.addEventListener('abort', done))]);
        watcher.close();
      }
      await Promise.race([started.ended, sleep(delay)]);
      const members = await family(started.pid);
      started.child.kill('SIGKILL');
      const { signal } = await started.ended;
      if (signal === 'SIGKILL') died++;
      const place = `kill ${i} after ${onWrite ? 'a write and ' : ''}${delay.toFixed(1)} ms`;

      for (const { pid } of members) {
        expect(await until(async () => !(await lives(pid)), 3), `${place}: process ${pid} outlives its parent`).toBe(
          true,
        );
      }
      const run = await openRun(out);
      const { measurements, problems } = await listMeasurements(run);
      expect(problems, place).toEqual([]);
      for (const { measurement } of measurements) {
        expect(await checkMeasurement(run, measurement), `${place}: ${measurement.revision}`).toEqual([]);
      }
    }
    expect(died).toBeGreaterThan(4);

    const last = await eigentrace(args(out, ...small), cache);
    expect(last.status, last.stderr).toBe(0);
    expect(await tableOf(out)).toEqual(expected);
  });
});

describe('Ctrl-C', () => {
  const revisions = ['step0', 'step1', 'step2'];
  const larger = ['--sequences', '600', '--errors', 'none', '--revisions', revisions.join(',')];
  /** As a terminal does: to the process and its child. */
  const interrupt = (started: Started) => process.kill(-started.pid, 'SIGINT');

  it('while the model runs: status 130 within a second, what was finished is kept, the next run goes on', async () => {
    const out = join(folder, 'interrupted');
    const started = start(args(out, ...larger, '--json'), cache);
    expect(await told(started, 1)).toBe(true);
    await sleep(300);
    const members = await family(started.pid);
    if (hasProc) expect(members).toHaveLength(2);
    const before = performance.now();
    interrupt(started);
    const ended = await started.ended;
    expect(performance.now() - before).toBeLessThan(1500);
    expect(ended.status, ended.stderr).toBe(130);
    const { results, interrupted } = resultOf(ended);
    expect(interrupted).toBe(true);
    expect(results.map(({ state }) => state)).toEqual(results.map(() => 'measured'));
    expect(results.length).toBeGreaterThan(0);
    expect(results.length).toBeLessThan(revisions.length);
    expect(ended.stderr).toContain('interrupted: the same command goes on from here');
    for (const { pid } of members) expect(await lives(pid)).toBe(false);
    const { measurements, problems } = await listMeasurements(await openRun(out));
    expect({ kept: measurements.length, problems }).toEqual({ kept: results.length, problems: [] });

    const next = await eigentrace(args(out, ...larger, '--json'), cache);
    expect(next.status, next.stderr).toBe(0);
    expect(resultOf(next).results.map(({ state }) => state)).toEqual(
      revisions.map((_, i) => (i < results.length ? 'reused' : 'measured')),
    );
  });

  it('before the first checkpoint is done, and twice at once: status 130, nothing is told as measured', async () => {
    const started = start(args(join(folder, 'twice'), ...larger), cache);
    expect(await until(() => started.stderr().includes('to measure'), 30)).toBe(true);
    const before = performance.now();
    interrupt(started);
    interrupt(started);
    const ended = await started.ended;
    expect(performance.now() - before).toBeLessThan(1000);
    expect(ended.status, ended.stderr).toBe(130);
    expect((await tableOf(join(folder, 'twice'))).rows).toEqual([]);
  });
});
