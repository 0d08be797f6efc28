/** A folder that a training writes, at every state in which a look can meet it. */
import { appendFile, mkdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GrowingSeries, type GrowingOptions } from '../../src/checkpoints/index.js';
import { checkpointIn, config, folderOf, refusal, weights } from './folders.js';

const options: GrowingOptions = { revisions: 'all', tokensPerStep: null, tokenizer: null };
const state = (step: number, last = 1000) => JSON.stringify({ global_step: step, max_steps: last, log_history: [] });

/** A whole checkpoint as Trainer leaves it. */
const trained = (name: string, step: number) => ({
  ...checkpointIn(name),
  [`${name}/tokenizer.json`]: '{}',
  [`${name}/trainer_state.json`]: state(step),
});
const put = async (folder: string, files: Record<string, string | Uint8Array>) => {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), content);
  }
};
const names = (series: GrowingSeries): [string, string][] =>
  series.unfinished(null).map(({ entry, reason }) => [entry.revision, reason]);

describe('a checkpoint is whole', () => {
  it('at the first look, where trainer_state.json was written to its end', async () => {
    const folder = await folderOf(trained('checkpoint-500', 500));
    const series = await GrowingSeries.open(folder, options);
    expect(series.next(null)).toMatchObject({ revision: 'checkpoint-500', step: 500, stage: 'pretrain', tokens: null });
    expect(series.lastStep).toBe(1000);
  });

  it('without it, when no file changed between two looks', async () => {
    const folder = await folderOf({ ...checkpointIn('checkpoint-500'), 'checkpoint-500/tokenizer.json': '{}' });
    const series = await GrowingSeries.open(folder, options);
    expect([series.next(null), names(series)]).toEqual([null, [['checkpoint-500', 'being written']]]);
    await appendFile(join(folder, 'checkpoint-500/optimizer.pt'), 'more');
    await series.look();
    expect(series.next(null)).toBeNull();
    await series.look();
    expect(series.next(null)?.revision).toBe('checkpoint-500');
  });

  it.each([
    ['no weights', { 'model.safetensors': null }, 'no weights yet'],
    ['no config', { 'config.json': null }, /no config\.json/],
    ['weights cut short', { 'model.safetensors': weights('w').subarray(0, -3) }, /truncated\?\)$/],
    ['half a header', { 'model.safetensors': weights('w').subarray(0, 30) }, /^model\.safetensors: /],
    ['half a config', { 'config.json': config.slice(0, 9) }, /config\.json: is not JSON/],
    ['half a tokenizer', { 'tokenizer.json': '{"version":' }, /tokenizer\.json: is not JSON/],
    ['no tokenizer', { 'tokenizer.json': null }, /^no tokenizer\.json yet, in it or above \(--tokenizer PATH/],
    [
      'the first shard without the index',
      { 'model.safetensors': null, 'model-00001-of-00002.safetensors': weights('w') },
      'shards without their index yet',
    ],
    [
      'an index whose second shard is missing',
      {
        'model.safetensors': null,
        'model-00001-of-00002.safetensors': weights('w'),
        'model.safetensors.index.json': JSON.stringify({
          weight_map: { w: 'model-00001-of-00002.safetensors', v: 'model-00002-of-00002.safetensors' },
        }),
      },
      /^shards missing, got 1 of 2/,
    ],
  ] as const)('not with %s', async (_, changes, reason) => {
    const closed = 'checkpoint-5/trainer_state.json';
    const content = new Map<string, string | Uint8Array | null>(Object.entries(trained('checkpoint-5', 5)));
    for (const [name, changed] of Object.entries(changes)) content.set(`checkpoint-5/${name}`, changed);
    const there = [...content].filter((file): file is [string, string | Uint8Array] => file[1] !== null);
    const folder = await folderOf(Object.fromEntries(there.filter(([name]) => name !== closed)));
    const series = await GrowingSeries.open(folder, options);
    await series.look();
    await series.look();
    expect(series.next(null)).toBeNull();
    expect(names(series)).toEqual([['checkpoint-5', expect.stringMatching(reason)]]);

    // Said to be whole by its writer, but it isn't: whoever opens it says why. Only a tokenizer may still come.
    await put(folder, { [closed]: state(5) });
    await series.look();
    expect(series.next(null)).toBeNull();
    await series.look();
    expect(series.next(null)?.step ?? null).toBe(_ === 'no tokenizer' ? null : 5);
    await put(folder, trained('checkpoint-5', 5));
    await series.look();
    await series.look();
    expect(series.next(null)?.step).toBe(5);
  });

  it('with half a trainer_state.json only after two looks', async () => {
    const folder = await folderOf({ ...trained('checkpoint-5', 5), 'checkpoint-5/trainer_state.json': '{"glo' });
    const series = await GrowingSeries.open(folder, options);
    expect(series.next(null)).toBeNull();
    await series.look();
    expect(series.next(null)?.step).toBe(5);
  });

  it('with a tokenizer above it that came late, or one that was named', async () => {
    const { 'checkpoint-5/tokenizer.json': tokenizer = '', ...bare } = trained('checkpoint-5', 5) as Record<
      string,
      string
    >;
    const folder = await folderOf(bare);
    const series = await GrowingSeries.open(folder, options);
    await series.look();
    expect(series.next(null)).toBeNull();
    await put(folder, { 'tokenizer.json': tokenizer });
    await series.look();
    expect(series.next(null)?.step).toBe(5);

    const named = await GrowingSeries.open(await folderOf(bare), {
      ...options,
      tokenizer: join(folder, 'tokenizer.json'),
    });
    expect(named.next(null)?.step).toBe(5);
  });
});

describe('a folder of them', () => {
  it('may be missing, or empty, or hold other things', async () => {
    const folder = await folderOf({ 'x/': '' });
    const series = await GrowingSeries.open(join(folder, 'out'), options);
    expect([series.isThere, series.next(null), series.series.entries]).toEqual([false, null, []]);
    await mkdir(join(folder, 'out/runs'), { recursive: true });
    await put(folder, { ...trained('out/tmp-checkpoint-5', 5), ...trained('out/best', 5), 'out/notes.txt': '' });
    await series.look();
    expect([series.isThere, series.next(null), names(series)]).toEqual([true, null, []]);
    await rename(join(folder, 'out/tmp-checkpoint-5'), join(folder, 'out/checkpoint-5'));
    await series.look();
    expect(series.next(null)?.step).toBe(5);
    expect(series.series.name).toBe('out');
  });

  it('gives the earliest first, each once, and waits for an earlier one while it is written', async () => {
    const folder = await folderOf({ ...trained('checkpoint-1000', 1000), ...trained('checkpoint-500', 500) });
    const series = await GrowingSeries.open(folder, options);
    for (const step of [500, 1000]) {
      const next = series.next(null)!;
      expect(next.step).toBe(step);
      series.take(next);
    }
    expect(series.next(null)).toBeNull();
    await put(folder, { 'checkpoint-1500/config.json': config, ...trained('checkpoint-2000', 2000) });
    await series.look();
    expect(series.next(null)).toBeNull();
    expect(names(series)).toEqual([['checkpoint-1500', 'being written']]);
    // Nobody writes to it any more.
    await series.look();
    expect(series.next(null)?.step).toBe(2000);
    expect(names(series)).toEqual([['checkpoint-1500', 'no weights yet']]);
  });

  it('gives one again whose weights were written anew, not one whose optimizer came', async () => {
    const folder = await folderOf(trained('checkpoint-5', 5));
    const series = await GrowingSeries.open(folder, options);
    series.take(series.next(null)!);
    await put(folder, { 'checkpoint-5/optimizer.pt': 'x' });
    await series.look();
    await series.look();
    expect(series.next(null)).toBeNull();
    await put(folder, { 'checkpoint-5/model.safetensors': weights('w', 'v') });
    await series.look();
    expect(series.next(null)?.step).toBe(5);
    // A file of the same size with another time is written anew too.
    series.take(series.next(null)!);
    await utimes(join(folder, 'checkpoint-5/model.safetensors'), 1, 1);
    await series.look();
    expect(series.next(null)?.step).toBe(5);
  });

  it('tells what went away before it was taken, once, and keeps it in the series', async () => {
    const folder = await folderOf({
      ...trained('checkpoint-5', 5),
      ...trained('checkpoint-6', 6),
      'checkpoint-7/': '',
    });
    const series = await GrowingSeries.open(folder, options);
    series.take(series.next(null)!);
    await rm(join(folder, 'checkpoint-5'), { recursive: true });
    await rm(join(folder, 'checkpoint-6'), { recursive: true });
    await rm(join(folder, 'checkpoint-7'), { recursive: true });
    await series.look();
    expect(series.gone().map(({ revision }) => revision)).toEqual(['checkpoint-6', 'checkpoint-7']);
    expect([series.gone(), series.next(null)]).toEqual([[], null]);
    expect(series.series.entries.map(({ step }) => step)).toEqual([5, 6, 7]);
    expect(series.series.stages).toEqual([{ name: 'pretrain', epochs: null, count: 3 }]);
    // The whole folder out of reach says nothing of its checkpoints.
    await put(folder, trained('checkpoint-8', 8));
    await series.look();
    await rename(folder, `${folder}-away`);
    await series.look();
    expect([series.isThere, series.gone()]).toEqual([false, []]);
    await rename(`${folder}-away`, folder);
    await series.look();
    expect(series.next(null)?.step).toBe(8);
  });

  it('ends at a step: when it is taken, when a later one is there, or when it went away', async () => {
    const folder = await folderOf({ ...trained('checkpoint-5', 5), ...trained('checkpoint-10', 10) });
    const series = await GrowingSeries.open(folder, options);
    expect([series.isPast(5), series.waiting(5)]).toEqual([false, 1]);
    expect(series.next(4)).toBeNull();
    expect(series.isPast(4)).toBe(true);
    series.take(series.next(5)!);
    expect([series.isPast(5), series.next(5)]).toEqual([true, null]);
    expect([series.isPast(7), series.isPast(10), series.isPast(11)]).toEqual([true, false, false]);
    await rm(join(folder, 'checkpoint-10'), { recursive: true });
    await series.look();
    expect([series.isPast(10), series.isPast(11)]).toEqual([true, false]);
  });

  it('takes the revisions that are meant', async () => {
    const files = Object.assign({}, ...[500, 1000, 1500].map((step) => trained(`checkpoint-${step}`, step))) as Record<
      string,
      string
    >;
    const folder = await folderOf(files);
    const steps = async (revisions: string) =>
      (await GrowingSeries.open(folder, { ...options, revisions })).series.entries.map(({ step }) => step);
    expect(await steps('0..:1000')).toEqual([1000]);
    expect(await steps('500,checkpoint-1500,7')).toEqual([500, 1500]);
    expect(await refusal(steps('log:24'))).toMatch(/^--revisions log:24: chooses among all checkpoints, .* 0\.\.:5000/);
  });
});

it('refuses what can not be followed', async () => {
  const folder = await folderOf({ 'a.txt': '', 'described/series.json': '{}', ...trained('checkpoint-5', 5) });
  const opened = (path: string) => refusal(GrowingSeries.open(join(folder, path), options));
  expect(await opened('a.txt')).toMatch(/^--follow: can not follow a file, got .*a\.txt \(expected the folder/);
  expect(await opened('described')).toMatch(/^--follow: can not follow a series\.json/);
  expect(await opened('checkpoint-5')).toMatch(/^--follow: is one checkpoint, got .*checkpoint-5 .*: \/.*\?\)$/);
});
