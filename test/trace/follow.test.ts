/** A training played by the test: checkpoints come whole or in pieces, and go; what is measured is what trace measures. */
import { cp, mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { RunRecord } from '../../src/record/index.js';
import { readProgress } from '../../src/record/index.js';
import { followTrace, trace, traceDefaults, type TraceEvent, type TraceRequest } from '../../src/trace/index.js';
import { resultOf, sample, start, tableOf, temporary, until } from './command-line.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let folder: string;
let cache: string;
beforeAll(async () => {
  folder = await temporary();
  cache = join(folder, 'cache');
  vi.stubEnv('EIGENTRACE_CACHE', cache);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

const request = (series: string, out: string): TraceRequest => ({
  ...traceDefaults,
  ...{ series, out, corpus: 'sample:', sequences: 60, minTokens: 0, maxTokens: 64, errors: 'none', threads: 2 },
});
const poll = 0.05;
/** Copies a checkpoint of the sample as Trainer saves it: weights and config, tokenizer, then `trainer_state.json`. */
async function save(series: string, step: number, original: string, last = 100): Promise<string> {
  const place = join(series, `checkpoint-${step}`);
  await cp(join(sample, 'series', original), place, { recursive: true });
  for (const name of ['tokenizer.json', 'tokenizer_config.json'])
    await cp(join(sample, 'series', name), join(place, name));
  await writeFile(join(place, 'trainer_state.json'), JSON.stringify({ global_step: step, max_steps: last }));
  return place;
}
/** Events, and what happens at one. */
function listener(onEvent: (event: TraceEvent, all: TraceEvent[]) => void = () => undefined) {
  const events: TraceEvent[] = [];
  const notes = () => events.flatMap((event) => (event.type === 'note' ? [event.message] : []));
  return { events, notes, onEvent: (event: TraceEvent) => onEvent(event, (events.push(event), events)) };
}
const record = async (out: string) => JSON.parse(await readFile(join(out, 'run.json'), 'utf8')) as RunRecord;

it('waits for the folder and for what is half written, measures in order, notes what went, and ends at a step', async () => {
  const [series, out] = [join(folder, 'training'), join(folder, 'live')];
  const seen = listener();
  const done = (revision: string) =>
    until(() => seen.events.some((e) => e.type === 'done' && e.result.revision === revision), 60);
  const following = followTrace(request(series, out), { until: 40, poll }, seen);
  expect(await until(() => seen.events.some((event) => event.type === 'waiting'), 20)).toBe(true);
  await mkdir(series);
  await save(series, 10, 'step1');
  expect(await done('checkpoint-10')).toBe(true);

  // Half of 20 is there; 30 comes and goes before it is whole; then 20 is written to its end.
  const place = await save(series, 20, 'step512');
  await truncate(join(place, 'model.safetensors'), 1_000_000);
  await mkdir(join(series, 'checkpoint-30'));
  const waits = () => seen.events.flatMap((e) => (e.type === 'waiting' ? e.unfinished.map((u) => u.revision) : []));
  const sawBoth = await until(() => ['checkpoint-20', 'checkpoint-30'].every((name) => waits().includes(name)), 20);
  // Cut short and still for two looks, it is taken to be what its writer left: it fails, and is measured when it is whole.
  expect(sawBoth).toBe(true);
  const progress = async () => (await readProgress(out)) as Record<string, unknown> | null;
  expect(
    await until(async () => (await progress())?.['phase'] === 'wait' && (await progress())?.['after'] !== null, 20),
  ).toBe(true);
  await rm(join(series, 'checkpoint-30'), { recursive: true });
  await until(() => seen.notes().some((note) => note.startsWith('checkpoint-30')), 20);
  await save(series, 20, 'step512');
  await save(series, 40, 'step6000');
  await save(series, 50, 'step6000');
  const result = await following;

  expect(result.interrupted).toBe(false);
  expect(result.results.map(({ revision, state, step }) => [revision, state, step])).toEqual(
    ['10', '20', '40'].map((step) => [`checkpoint-${step}`, 'measured', Number(step)]),
  );
  expect(result.missed).toEqual([{ stage: 'pretrain', revision: 'checkpoint-30', step: 30 }]);
  expect(seen.notes()).toEqual(
    expect.arrayContaining([
      `${series}: no such folder yet, waiting for it`,
      'checkpoint-30 was deleted before it could be measured: missed',
    ]),
  );
  expect(await readProgress(out)).toBeNull();
  const { requests, failures } = await record(out);
  expect(failures).toEqual([]);
  expect(requests).toHaveLength(1);
  const listed = requests[0]!.series.stages[0]!.checkpoints.map(({ step }) => step);
  expect(listed).toEqual(expect.arrayContaining([10, 20, 30, 40]));
  expect(listed).toEqual([...listed].sort((a, b) => a! - b!));

  // The same numbers as of a folder that is whole, and the next run has nothing to do.
  const plain = await trace({ ...request(series, join(folder, 'plain')), revisions: '..40' });
  expect(plain.results.map(({ state }) => state)).toEqual(['measured', 'measured', 'measured']);
  expect((await tableOf(out)).rows).toEqual((await tableOf(join(folder, 'plain'))).rows);
  const again = await followTrace(request(series, out), { until: 40, poll });
  expect(again.results.map(({ state }) => state)).toEqual(['reused', 'reused', 'reused']);
  expect((await record(out)).requests).toHaveLength(1);
});

it('goes on when a checkpoint is deleted under its hands, and ends at the last step of the training', async () => {
  const [series, out] = [join(folder, 'rotating'), join(folder, 'rotated')];
  const first = await save(series, 10, 'step1', 20);
  await save(series, 20, 'step2', 20);
  let deleted: Promise<void> | null = null;
  const seen = listener((event) => {
    if (event.type === 'progress' && event.phase === 'forward') deleted ??= rm(first, { recursive: true });
  });
  const result = await followTrace(
    { ...request(series, out), control: ['shuffled-tokens', 'gaussian'] },
    { until: 'last', poll },
    seen,
  );
  expect(deleted).not.toBeNull();
  expect(result.missed).toEqual([{ stage: 'pretrain', revision: 'checkpoint-10', step: 10 }]);
  expect(seen.notes()).toContain('checkpoint-10 went away while it was measured: missed');
  const told = result.results.map(({ revision, control, state }) => [revision, control?.kind ?? null, state]);
  expect(told).toContainEqual(['checkpoint-20', null, 'measured']);
  expect(told).toContainEqual(['checkpoint-20', 'shuffled-tokens', 'measured']);
  expect(told.filter(([, kind]) => kind === 'gaussian')).toHaveLength(1);
  expect((await record(out)).failures).toEqual([]);
});

it('with --skip-flagged leaves out a copy of another checkpoint, and waits on', async () => {
  const [series, out] = [join(folder, 'copied'), join(folder, 'skipping')];
  await save(series, 10, 'step1', 30);
  await save(series, 20, 'step1', 30);
  await save(series, 30, 'step2', 30);
  const seen = listener();
  const result = await followTrace({ ...request(series, out), skipFlagged: true }, { until: 'last', poll }, seen);
  expect(result.missed).toBeUndefined();
  const names = [...result.results, ...(result.skipped ?? [])].map(({ revision }) => revision).sort();
  expect(names).toEqual(['checkpoint-10', 'checkpoint-20', 'checkpoint-30']);
  expect(result.results.map(({ revision }) => revision)).toEqual(['checkpoint-30']);
  const codes = new Set(result.skipped!.flatMap(({ flags }) => flags.map(({ code }) => code)));
  expect([...codes]).toEqual(['identical-weights']);
});

it('as a command: a tokenizer that is named, one line while it waits, Ctrl-C ends with what was measured', async () => {
  const [series, out] = [join(folder, 'interrupted'), join(folder, 'run')];
  const place = await save(series, 10, 'step1');
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) await rm(join(place, name));
  const tokenizer = join(sample, 'series');
  const started = start(
    [
      ...['trace', series, '--follow', '--poll', String(poll), '--tokenizer', tokenizer, '--corpus', 'sample:'],
      ...['--sequences', '60', '--min-tokens', '0', '--max-tokens', '64', '--errors', 'none', '--out', out, '--json'],
    ],
    cache,
  );
  expect(await until(() => started.stderr().includes('waiting for a checkpoint after step 10\n'), 60)).toBe(true);
  started.child.kill('SIGINT');
  const ended = await started.ended;
  expect([ended.status, ended.signal], ended.stderr).toEqual([130, null]);
  const { results, interrupted } = resultOf(ended);
  expect([interrupted, results.map(({ revision, state }) => [revision, state])], ended.stderr).toEqual([
    true,
    [['checkpoint-10', 'measured']],
  ]);
  expect(ended.stderr.split('waiting for')).toHaveLength(2);
  expect(ended.stderr).toContain('interrupted: the same command goes on from here');
});
