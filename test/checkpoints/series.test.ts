import { describe, expect, it } from 'vitest';
import { openEntry, openSeries, type Series } from '../../src/checkpoints/index.js';
import { checkpointIn, config, folderOf, refusal, weights } from './folders.js';

const sample = new URL('../../sample', import.meta.url).pathname;

const short = (series: Series) => series.entries.map(({ stage, revision }) => `${stage}/${revision}`);

describe('openSeries on a folder', () => {
  it('orders the sample as training went, with a config and tokenizer for each', async () => {
    const series = await openSeries(`${sample}/series`, { tokensPerStep: 4096 });
    expect(series).toMatchObject({ name: 'series', root: `${sample}/series`, source: 'folder', notes: [] });
    expect(series.stages).toEqual([
      { name: 'pretrain', epochs: null, count: 15 },
      { name: 'sft', epochs: null, count: 2 },
      { name: 'dpo', epochs: null, count: 1 },
      { name: 'rlvr', epochs: null, count: 2 },
    ]);
    const pretrain = [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000, 2000, 4000, 6000];
    expect(series.entries.map(({ step }) => step)).toEqual([...pretrain, 20, 50, 42, 80, 160]);
    // Batches of post-training are others: its tokens stay unknown.
    expect(series.entries.map(({ tokens }) => tokens)).toEqual([
      ...pretrain.map((s) => s * 4096),
      null,
      null,
      null,
      null,
      null,
    ]);
    const checkpoint = await openEntry(series, series.entries.at(-1)!);
    expect(checkpoint.tokenizer!.path).toBe(`${sample}/series/tokenizer.json`);
  });

  it('invents no tokens where nobody says how many a step takes', async () => {
    const { entries, tokensPerStep } = await openSeries(`${sample}/series`);
    expect(tokensPerStep).toBeNull();
    expect(new Set(entries.map(({ tokens }) => tokens))).toEqual(new Set([null]));
  });

  it('sorts numbers by value and skips what is no checkpoint, with a note', async () => {
    const folder = await folderOf({
      ...checkpointIn('checkpoint-1000'),
      ...checkpointIn('checkpoint-500'),
      ...checkpointIn('tmp-checkpoint-1500'),
      'checkpoint-2000/config.json': config,
      'checkpoint-2500/model.safetensors': weights('w'),
      'logs/events.out': 'x',
      'lora/adapter_config.json': '{}',
      '.cache/x': '',
      'README.md': '',
    });
    const series = await openSeries(folder);
    expect(short(series)).toEqual(['pretrain/checkpoint-500', 'pretrain/checkpoint-1000']);
    expect(series.notes).toEqual([
      'checkpoint-2000: skipped, no weights yet',
      'checkpoint-2500: skipped, weights without a config.json, there or above',
      'logs: skipped, no config.json and no weights',
      'lora: skipped, no weights yet',
      'tmp-checkpoint-1500: skipped, a temporary name',
    ]);
  });

  it('takes the config at the root for subfolders without one', async () => {
    const folder = await folderOf({
      'config.json': '{"from":"root"}',
      'step2/model.safetensors': weights('w'),
      'step10/model.safetensors': weights('w'),
    });
    const series = await openSeries(folder);
    expect(short(series)).toEqual(['pretrain/step2', 'pretrain/step10']);
    expect((await openEntry(series, series.entries[1]!)).config).toEqual({ from: 'root' });
  });

  it('splits OLMo-2 names into stages, labels giving tokens', async () => {
    const names = [
      'stage2-ingredient2-step1000-tokens5B',
      'stage1-step150-tokens1B',
      'step600-tokens3B',
      'stage2-ingredient1-step2000-tokens9B',
      'main',
    ];
    const series = await openSeries(
      await folderOf(Object.assign({}, ...names.map(checkpointIn)) as Record<string, string>),
    );
    expect(series.entries.map(({ stage, step, tokens }) => [stage, step, tokens])).toEqual([
      ['pretrain', 150, 1e9],
      ['pretrain', 600, 3e9],
      ['pretrain', null, null],
      ['stage2-ingredient1', 2000, 9e9],
      ['stage2-ingredient2', 1000, 5e9],
    ]);
    expect(series.notes).toEqual(['no step in the name of main (1 in all)']);
    const told = await openSeries(series.root, { tokensPerStep: 4_194_304 });
    expect(told.entries.map(({ tokens }) => tokens)).toEqual([
      629_145_600,
      2_516_582_400,
      null,
      8_388_608_000,
      4_194_304_000,
    ]);
  });

  it('keeps a checkpoint in a form it does not read, whose own error comes when it is opened', async () => {
    const folder = await folderOf({
      ...checkpointIn('step1'),
      'step2/config.json': config,
      'step2/pytorch_model.bin': 'x',
    });
    const series = await openSeries(folder);
    expect(short(series)).toEqual(['pretrain/step1', 'pretrain/step2']);
    expect(await refusal(openEntry(series, series.entries[1]!))).toContain(
      'step2/pytorch_model.bin: not a file of torch.save',
    );
  });

  it('prefers the saved steps to the last model that Trainer leaves beside them', async () => {
    const folder = await folderOf({
      ...checkpointIn('out'),
      ...checkpointIn('out/checkpoint-5'),
      'out/onnx/model.onnx': 'x',
    });
    const series = await openSeries(`${folder}/out`);
    expect(short(series)).toEqual(['pretrain/checkpoint-5']);
    expect(series.notes).toContain('out holds weights of its own beside its checkpoints: left out, they carry no step');
  });
});

describe('openSeries on one checkpoint', () => {
  it('is a series of one, named after its series, with the tokenizer above', async () => {
    const series = await openSeries(`${sample}/series/step512`);
    expect(series).toMatchObject({ name: 'series', source: 'checkpoint', root: `${sample}/series/step512` });
    expect(series.entries).toMatchObject([{ stage: 'pretrain', revision: 'step512', step: 512, tokens: null }]);
    const checkpoint = await openEntry(series, series.entries[0]!);
    expect(checkpoint.tokenizer!.path).toBe(`${sample}/series/tokenizer.json`);
  });

  it('without a step in its name is called by it, subfolders or not', async () => {
    const folder = await folderOf({ ...checkpointIn('pythia-160m'), ...checkpointIn('pythia-160m/original') });
    const series = await openSeries(`${folder}/pythia-160m`);
    expect(series).toMatchObject({ name: 'pythia-160m', source: 'checkpoint' });
    expect(series.entries).toMatchObject([{ revision: 'pythia-160m', step: null, tokens: null }]);
  });

  it('without a config anywhere is refused', async () => {
    const folder = await folderOf({ 'a/model.safetensors': weights('w') });
    expect(await refusal(openSeries(`${folder}/a`))).toBe(
      `${folder}/a: weights but no config.json, there or in ${folder}`,
    );
  });
});

describe('openSeries refuses', () => {
  it('an empty series, saying what was looked for and found', async () => {
    const empty = await folderOf({});
    const expected = '(expected folders such as step1000/ with config.json and model.safetensors, or a series.json)';
    expect(await refusal(openSeries(empty))).toBe(`${empty}: no checkpoints, got 0 folders and 0 files ${expected}`);
    const folder = await folderOf({ 'a/': '', 'step1/config.json': config, 'b.txt': '' });
    expect(await refusal(openSeries(folder))).toBe(
      `${folder}: no checkpoints, got 2 folders (a: no config.json and no weights; step1: no weights yet) and 1 files ${expected}`,
    );
  });

  it('a path that is not there; a Hub id with what to do', async () => {
    expect(await refusal(openSeries('/nowhere/at/all'))).toBe(
      '/nowhere/at/all: no such file or folder (expected a series)',
    );
    expect(await refusal(openSeries('no-such-org/pythia-160m@step1000'))).toBe(
      'no-such-org/pythia-160m@step1000: no such folder (expected one here, or an id of the Hub where this command takes one; hf:no-such-org/pythia-160m@step1000 always means the Hub)',
    );
    expect(await refusal(openSeries(`${sample}/serie`))).toContain(
      `${sample}/serie: no such file or folder (nearest there: series,`,
    );
    expect(await refusal(openSeries('runs/series.json'))).toBe(
      'runs/series.json: no such file or folder (expected a series)',
    );
  });

  it('a file that is no series', async () => {
    const folder = await folderOf({ 'a.txt': '', 'model.safetensors': weights('w') });
    expect(await refusal(openSeries(`${folder}/a.txt`))).toContain(
      'a.txt: not a series (expected a folder of checkpoints',
    );
    expect(await refusal(openSeries(`${folder}/model.safetensors`))).toContain(`try its folder, ${folder}`);
  });
});
