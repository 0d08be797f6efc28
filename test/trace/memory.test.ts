/**
 * `--memory`, end to end: a model of 12 blocks that is larger than what is given has the numbers of one that is not; too
 * little is refused with the least that works, which does; a trace killed in a stage leaves nothing and goes on.
 */
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Measurement, RunRecord } from '../../src/record/index.js';
import type { TracePlan } from '../../src/trace/index.js';
import { deepLayers, writeDeepModel } from './deep-model.js';
import { eigentrace, family, lives, resultOf, start, tableOf, temporary, until } from './command-line.js';

// Whole runs: seconds on an idle machine, minutes beside other work.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 600_000 });

let folder: string;
let cache: string;
let model: string;
beforeAll(async () => {
  folder = await temporary();
  cache = join(folder, 'cache');
  model = join(folder, 'model');
  await writeDeepModel(model);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const args = (out: string, ...more: string[]) => [
  ...['trace', model, '--corpus', 'sample:', '--out', join(folder, out), '--sequences', '12', '--min-tokens', '0'],
  ...['--max-tokens', '40', '--layers', 'all', '--nll', '--json', ...more],
];

/** The least that a refusal names. */
async function leastOf(...command: string[]): Promise<string> {
  const { status, stderr } = await eigentrace([...command, '--memory', '1MiB'], cache);
  const match = /^eigentrace: --memory: too small for checkpoint model, got 1MiB \(expected at least (\d+MiB)\)/.exec(
    stderr,
  );
  expect([status, match === null ? stderr : null]).toEqual([2, null]);
  return match![1]!;
}

const measurementOf = async (out: string): Promise<Measurement> =>
  JSON.parse(await readFile(join(folder, out, 'geometry/model/pretrain/model.json'), 'utf8')) as Measurement;

const scratchIn = async (out: string): Promise<string[]> =>
  (await readdir(join(folder, out)).catch(() => [])).filter((name) => name.startsWith('.scratch-'));

describe('--memory', () => {
  it('of the least that works: the same numbers and key, the stages recorded and planned', async () => {
    const whole = await eigentrace(args('whole'), cache);
    expect(whole.status, whole.stderr).toBe(0);
    const least = await leastOf(...args('staged'));
    const planned = await eigentrace([...args('staged'), '--memory', least, '--dry-run'], cache);
    const plan = JSON.parse(planned.stdout) as TracePlan;
    // The embeddings, every block alone, and at least one session of the head.
    expect(plan.stages).toBeGreaterThanOrEqual(1 + deepLayers + 1);
    expect(plan.peakMemory).toBeLessThanOrEqual(Number.parseInt(least, 10) * 2 ** 20);

    const staged = await eigentrace([...args('staged'), '--memory', least], cache);
    expect(staged.status, staged.stderr).toBe(0);
    const [a, b] = [await measurementOf('whole'), await measurementOf('staged')];
    expect(b.key).toBe(a.key);
    expect(b.layers).toEqual(a.layers);
    expect(b.provenance['stages']).toBe(plan.stages);
    expect(a.provenance['stages']).toBeUndefined();
    expect(Math.abs(b.nll!.value! - a.nll!.value!)).toBeLessThan(1e-6);
    expect(await scratchIn('staged')).toEqual([]);
    // Memory is no part of what was asked: what is there is used, whatever it was measured in.
    const again = await eigentrace([...args('staged'), '--memory', '4 GB'], cache);
    expect(resultOf(again).results.map(({ state }) => state)).toEqual(['reused']);
    const record = JSON.parse(await readFile(join(folder, 'staged/run.json'), 'utf8')) as RunRecord;
    expect(record.requests).toHaveLength(1);
    expect(record.requests[0]!.options).not.toHaveProperty('memory');
  });

  it('is refused before anything is asked or measured', async () => {
    await leastOf(...args('refused'));
    expect(await readdir(join(folder, 'refused', 'geometry')).catch(() => 'none')).toBe('none');
    const record = JSON.parse(await readFile(join(folder, 'refused/run.json'), 'utf8')) as RunRecord;
    expect(record.requests).toEqual([]);
  });

  it.each(['mean', 'all'])('holds for represent at position %s: the rows of one piece', async (position) => {
    const written = async (name: string, ...more: string[]): Promise<Buffer> => {
      const { status, stderr } = await eigentrace([...command, '--out', join(folder, name), ...more], cache);
      expect(status, stderr).toBe(0);
      return readFile(join(folder, name));
    };
    const command = ['represent', model, '--corpus', 'sample:', '--sequences', '9', '--min-tokens', '0'];
    command.push('--max-tokens', '30', '--layers', 'all', '--position', position);
    const least = await leastOf(...command, '--out', join(folder, 'refused.safetensors'));
    const whole = await written('whole.safetensors');
    expect((await written('staged.safetensors', '--memory', least)).equals(whole)).toBe(true);
  });
});

describe('kill -9 in the middle of the stages', () => {
  it('leaves no file and no process, and the next run measures it whole', async () => {
    // More hidden states than may wait in memory: they are in a scratch file.
    const command = (out: string) => [
      ...['trace', model, '--corpus', 'sample:', '--out', join(folder, out), '--sequences', '120', '--min-tokens', '0'],
      ...['--max-tokens', '40', '--layers', 'all', '--errors', 'none', '--json'],
    ];
    const least = await leastOf(...command('killed'));
    const whole = await eigentrace(command('unkilled'), cache);
    expect(whole.status, whole.stderr).toBe(0);
    const started = start([...command('killed'), '--memory', least], cache);
    const inside = async (): Promise<boolean> => {
      const text = await readFile(join(folder, 'killed/.progress.json'), 'utf8').catch(() => '');
      const { phase, done } = JSON.parse(text === '' ? '{}' : text) as { phase?: string; done?: number };
      return phase === 'forward' && done! > 100;
    };
    expect(await until(inside, 60)).toBe(true);
    const members = await family(started.pid);
    started.child.kill('SIGKILL');
    expect((await started.ended).signal).toBe('SIGKILL');
    for (const { pid } of members) expect(await until(async () => !(await lives(pid)), 3)).toBe(true);
    await sleep(50);
    // Where names can't be removed while a file is open, the next run does.
    if (process.platform !== 'win32') expect(await scratchIn('killed')).toEqual([]);
    expect((await tableOf(join(folder, 'killed'))).rows).toEqual([]);
    await writeFile(join(folder, 'killed', `.scratch-${started.pid}-of-a-killed-run`), 'states');

    const next = await eigentrace([...command('killed'), '--memory', least], cache);
    expect(next.status, next.stderr).toBe(0);
    expect(await scratchIn('killed')).toEqual([]);
    expect(await tableOf(join(folder, 'killed'))).toEqual(await tableOf(join(folder, 'unkilled')));
  });
});
