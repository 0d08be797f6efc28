/** A series on the Hub, traced by the command line as a user types it: same numbers as from a folder, nothing twice. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TracePlan } from '../../src/trace/index.js';
import { eigentrace, resultOf, sample, sampleSeries, start, temporary, until } from '../trace/command-line.js';
import { HubServer, type Files } from './server.js';

vi.setConfig({ testTimeout: 180_000 });

const steps = ['step0', 'step128', 'step6000'];
let hub: HubServer;
let home: string;
let checkpoints: Record<string, Files>;
beforeAll(async () => {
  hub = await HubServer.start();
  checkpoints = {};
  for (const step of steps) {
    checkpoints[step] = { 'README.md': 'not fetched', 'model.onnx': Buffer.alloc(1000) };
    for (const folder of ['', step]) {
      const place = join(sample, 'series', folder);
      for (const entry of await readdir(place, { withFileTypes: true })) {
        if (entry.isFile()) checkpoints[step][entry.name] = await readFile(join(place, entry.name));
      }
    }
  }
  await hub.serve('org/tiny', { branches: { main: checkpoints['step6000']!, ...checkpoints } });
});
afterAll(() => hub.close());
beforeEach(async () => {
  home = await temporary();
  hub.log.length = 0;
});
afterEach(async () => {
  hub.clearFaults();
  await rm(home, { recursive: true, force: true });
});

const env = (more: Record<string, string> = {}): Record<string, string> =>
  hub.env(join(home, 'hf'), more) as Record<string, string>;
const args = (series: string, ...more: string[]): string[] => [
  ...['trace', series, '--corpus', 'sample:', '--min-tokens', '0', '--max-tokens', '64', '--sequences', '60'],
  ...['--errors', 'none', '--out', join(home, 'run'), ...more],
];
const run = (series: string, ...more: string[]) => eigentrace(args(series, ...more), join(home, 'cache'), env());
const blobs = async (): Promise<number> => {
  const folder = join(home, 'hf/hub/models--org--tiny');
  const sizes = await readdir(join(folder, 'blobs'));
  return sizes.filter((name) => name.length === 64).length;
};

describe('trace of a Hub id', () => {
  it('gives the numbers of the folder, records commits, and goes on without a byte when run again', async () => {
    const first = await run('org/tiny', '--json');
    expect(first.status, first.stderr).toBe(0);
    const { results } = resultOf(first);
    expect(results.map(({ revision, state }) => [revision, state])).toEqual(steps.map((step) => [step, 'measured']));
    const names = ['--revisions', steps.join(), '--json'];
    const local = await eigentrace(args(sampleSeries, ...names, '--out', join(home, 'local')), join(home, 'cache-2'));
    expect(local.status, local.stderr).toBe(0);
    expect(results.map(({ layers }) => layers)).toEqual(resultOf(local).results.map(({ layers }) => layers));

    const measured = JSON.parse(await readFile(results[0]!.path!, 'utf8')) as { provenance: { commit: string } };
    expect(measured.provenance.commit).toBe(hub.commit('org/tiny', 'step0'));
    expect(hub.sent(/README|onnx/)).toBe(0);
    expect(await blobs()).toBe(3);

    hub.log.length = 0;
    const second = await run('org/tiny', '--json');
    expect(resultOf(second).results.map(({ state }) => state)).toEqual(['reused', 'reused', 'reused']);
    // What a commit holds never changes; what branches stand for may. The audit compares with main.
    expect(hub.log.map(({ path }) => path)).toEqual([
      '/api/models/org/tiny/refs',
      '/api/models/org/tiny/revision/main',
    ]);
  });

  it('plans without fetching a weight', async () => {
    const planned = await run('org/tiny', '--dry-run', '--json');
    expect(planned.status, planned.stderr).toBe(0);
    const plan = JSON.parse(planned.stdout) as TracePlan;
    const size = (checkpoints['step0']!['model.safetensors'] as Buffer).length;
    expect(plan.checkpoints.map(({ bytes, problem }) => [bytes, problem])).toEqual(steps.map(() => [size, null]));
    expect(hub.sent(/model\.safetensors/)).toBeLessThan(3 * 65_537);
  });

  it('deletes what it fetched with --keep none, keeps its measurements, and does not fetch them again', async () => {
    const first = await run('org/tiny', '--keep', 'none', '--control', 'shuffled-tokens', '--json');
    expect(first.status, first.stderr).toBe(0);
    expect(resultOf(first).results).toHaveLength(6);
    expect(await blobs()).toBe(0);
    const fetched = hub.sent(/model\.safetensors/);
    const size = (checkpoints['step0']!['model.safetensors'] as Buffer).length;
    // Each once, and the starts that were read for headers.
    expect(fetched).toBeLessThan(3 * (size + 65_537));
    hub.log.length = 0;
    const second = await run('org/tiny', '--keep', 'none', '--control', 'shuffled-tokens', '--json');
    expect(resultOf(second).results.map(({ state }) => state)).toEqual(Array.from({ length: 6 }, () => 'reused'));
    expect(hub.sent(/model\.safetensors/)).toBeLessThan(3 * 65_537);
  });

  it('keeps the last with --keep last, and what was there before', async () => {
    const before = await run('org/tiny@step0', '--json');
    expect(before.status, before.stderr).toBe(0);
    await rm(join(home, 'run'), { recursive: true });
    const all = await run('org/tiny', '--keep', 'last', '--json');
    expect(all.status, all.stderr).toBe(0);
    expect(await blobs()).toBe(2);
  });

  it('goes on after a failed checkpoint, and says what is wrong', async () => {
    hub.fault(new RegExp(`storage .*/${hashOf('step128')}`), { status: 404 });
    const ended = await run('org/tiny', '--json');
    expect(ended.status).toBe(3);
    expect(resultOf(ended).results.map(({ state }) => state)).toEqual(['measured', 'failed', 'measured']);
    expect(resultOf(ended).results[1]!.error).toMatch(/127\.0\.0\.1:\d+ answered 404 for model\.safetensors/);
  });

  it('is killed in the middle of a download and goes on from there', async () => {
    const off = hub.fault(/GET storage .*model/, { drip: { bytes: 8192, every: 4 } });
    const started = start(args('org/tiny@step0'), join(home, 'cache'), env());
    const size = (checkpoints['step0']!['model.safetensors'] as Buffer).length;
    const folder = join(home, 'hf/hub/models--org--tiny/blobs');
    const partial = async (): Promise<number> => {
      const names = await readdir(folder).catch(() => []);
      const name = names.find((each) => each.endsWith('.incomplete') && each.length > 64);
      return name ? (await readFile(join(folder, name))).length : 0;
    };
    expect(await until(async () => (await partial()) > size / 3, 60)).toBe(true);
    process.kill(started.pid, 'SIGKILL');
    await started.ended;
    const kept = await partial();
    expect(kept).toBeGreaterThan(size / 3);
    expect(kept).toBeLessThan(size);
    off();
    hub.log.length = 0;
    const ended = await run('org/tiny@step0', '--json');
    expect(ended.status, ended.stderr).toBe(0);
    const ranges = hub.log.filter(({ host, range }) => host === 'storage' && range !== null).map(({ range }) => range);
    expect(ranges).toContain(`bytes=${kept}-${size - 1}`);
    expect(hub.sent(/model\.safetensors/)).toBeLessThanOrEqual(size - kept + 65_536);
  });

  it('two processes that want the same revision fetch each byte once', async () => {
    hub.fault(/GET storage .*model/, { drip: { bytes: 65_536, every: 10 } });
    const both = [1, 2].map((n) =>
      eigentrace(args('org/tiny@step0', '--out', join(home, `run-${n}`)), join(home, `cache-${n}`), env()),
    );
    const ended = await Promise.all(both);
    expect(ended.map(({ status }) => status)).toEqual([0, 0]);
    const size = (checkpoints['step0']!['model.safetensors'] as Buffer).length;
    // Each has read the header where it was, if it was not here yet.
    expect(hub.sent(/model\.safetensors/)).toBeGreaterThanOrEqual(size);
    expect(hub.sent(/model\.safetensors/)).toBeLessThanOrEqual(size + 2 * 65_536);
  });

  it('names the nearest revisions, and what to do about gates', async () => {
    const wrong = await run('org/tiny@step182');
    expect(wrong.status).toBe(1);
    expect(wrong.stderr).toContain(
      'org/tiny: no such revision, got step182 (nearest of 4 branches and tags: step128, step0, step6000)',
    );
    const none = await run('org/tiny', '--revisions', 'step1');
    expect(none.stderr).toContain('--revisions step1: no such revision (nearest: step0, step128,');
    await hub.serve('org/gated', { branches: { step0: checkpoints['step0']! }, gated: true });
    const gated = await run('org/gated');
    expect(gated.status).toBe(1);
    expect(gated.stderr).toContain(`accept its conditions at ${hub.endpoint}/org/gated, then set HF_TOKEN`);
  });
});

function hashOf(step: string): string {
  return hub.sha256(checkpoints[step]!['model.safetensors'] as Buffer);
}
