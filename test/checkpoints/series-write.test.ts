import { readFile, writeFile } from 'node:fs/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openSeries } from '../../src/checkpoints/index.js';
import type { SeriesRecipe } from '../../src/checkpoints/index.js';
import { makeSeries } from '../../src/trace/make-series.js';
import { checkpointIn, folderOf, refusal } from './folders.js';

const places = () =>
  folderOf({
    ...checkpointIn('base/step1000'),
    ...checkpointIn('base/step2000'),
    ...checkpointIn('base/stage2-ingredient1-step10-tokens1B'),
    ...checkpointIn('sft-a/checkpoint-10'),
    ...checkpointIn('sft-a/checkpoint-20'),
    ...checkpointIn('sft-b/checkpoint-20'),
    ...checkpointIn('dpo/final'),
    ...checkpointIn('rl'),
    'rl/trainer_state.json': '{"global_step": 77}',
    'tok/tokenizer.json': '{}',
    'out/notes.txt': '',
  });

/** `stage=place` below a folder. */
const parts = (root: string, ...given: string[]) =>
  given.map((text) => {
    const [stage, place] = text.split('=') as [string, string];
    return { stage, place: place.includes('@') ? place : `${root}/${place}` };
  });

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('a series put together', () => {
  it('is written with paths relative to it, a line a checkpoint, and read back', async () => {
    const root = await places();
    const recipe: SeriesRecipe = {
      parts: parts(root, 'pretrain=base', 'sft=sft-a', 'dpo=dpo/final', 'rlvr=rl'),
      ...{ name: 'mine', tokensPerStep: 1_000_000, tokenizer: `${root}/tok` },
      ...{
        epochs: { sft: [10, 20] },
        steps: { dpo: 42 },
        revisions: { pretrain: 'step*' },
        parents: { sft: 'step1000' },
      },
    };
    const out = `${root}/out/series.json`;
    const made = await makeSeries(recipe, { out });
    expect(await readFile(out, 'utf8')).toBe(
      [
        '{',
        ' "name": "mine",',
        ' "tokensPerStep": 1000000,',
        ' "tokenizer": "../tok",',
        ' "stages": [',
        '  { "name": "pretrain", "checkpoints": [',
        '    { "revision": "step1000", "step": 1000, "path": "../base/step1000" },',
        '    { "revision": "step2000", "step": 2000, "path": "../base/step2000" }',
        '  ] },',
        '  { "name": "sft", "epochs": [10, 20], "checkpoints": [',
        '    { "revision": "checkpoint-10", "step": 10, "parent": "step1000", "path": "../sft-a/checkpoint-10" },',
        '    { "revision": "checkpoint-20", "step": 20, "parent": "step1000", "path": "../sft-a/checkpoint-20" }',
        '  ] },',
        '  { "name": "dpo", "checkpoints": [',
        '    { "revision": "final", "step": 42, "path": "../dpo/final" }',
        '  ] },',
        '  { "name": "rlvr", "checkpoints": [',
        '    { "revision": "rl", "step": 77, "path": "../rl" }',
        '  ] }',
        ' ]',
        '}',
        '',
      ].join('\n'),
    );
    expect(made.series).toEqual(await openSeries(out));
    expect(made.series.entries.map(({ stage, tokens, problem }) => [stage, tokens, problem])).toEqual([
      ['pretrain', 1e9, null],
      ['pretrain', 2e9, null],
      ['sft', null, null],
      ['sft', null, null],
      ['dpo', null, null],
      ['rlvr', null, null],
    ]);
    // Read as a series and written again it says the same.
    const { steps: _steps, revisions: _revisions, ...kept } = recipe;
    const again = await makeSeries(
      { ...kept, parts: [{ stage: null, place: out }] },
      { out: `${root}/out/again.json` },
    );
    expect(again.text).toBe(made.text);
  });

  it('holds a Hub id as it is', async () => {
    const { file } = await makeSeries({ parts: parts('', 'pretrain=EleutherAI/pythia-1b@step143000') });
    expect(file.stages[0]!.checkpoints).toEqual([
      { revision: 'step143000', step: 143_000, hub: 'EleutherAI/pythia-1b@step143000' },
    ]);
  });

  it('keeps the later stages of a place with several, and tells several runs of a stage apart', async () => {
    const root = await places();
    const { series } = await makeSeries({ parts: parts(root, 'base=base', 'sft=sft-a', 'sft=sft-b') });
    expect(series.entries.map(({ stage, revision, seed }) => [stage, revision, seed])).toEqual([
      ['base', 'step1000', null],
      ['base', 'step2000', null],
      ['stage2-ingredient1', 'stage2-ingredient1-step10-tokens1B', null],
      ['sft', 'sft-a/checkpoint-10', 'sft-a'],
      ['sft', 'sft-a/checkpoint-20', 'sft-a'],
      ['sft', 'sft-b/checkpoint-20', 'sft-b'],
    ]);
  });

  it.each<[string, Partial<SeriesRecipe>, string]>([
    ['nothing', { parts: [] }, 'STAGE=PLACE: is missing'],
    [
      'a place that is not there',
      { parts: [{ stage: 'sft', place: './no-such' }] },
      './no-such: no such file or folder',
    ],
    [
      'a whole repository that can not be listed',
      { parts: [{ stage: 'a', place: 'org/name' }] },
      'HF_HUB_OFFLINE is set',
    ],
    ['epochs of another stage', { epochs: { sfd: [1] } }, '--epochs sfd: no such stage (nearest: sft)'],
    ['epochs out of order', { epochs: { sft: [2, 1] } }, 'stage sft: epochs must ascend, got 2, 1'],
    ['a step of several', { steps: { sft: 9 } }, '--step sft: the stage has 2 checkpoints (expected one,'],
    ['a tokenizer that is not there', { tokenizer: '/no/such' }, '--tokenizer: no such file or folder, got /no/such'],
    ['revisions that match nothing', { revisions: { sft: 'step9*' } }, '--revisions step9*: matches nothing'],
    ['a parent that is not there', { parents: { sft: 'step9' } }, 'has parent step9, which is not in the series'],
  ])('refuses %s, and writes nothing', async (_, changes, message) => {
    const root = await places();
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    vi.stubEnv('HF_HOME', root);
    const recipe = { parts: parts(root, 'sft=sft-a'), ...changes };
    const out = `${root}/out/series.json`;
    expect(await refusal(makeSeries(recipe, { out }))).toContain(message);
    expect(await readFile(out).catch(() => 'not there')).toBe('not there');
  });

  it('writes over no file unasked', async () => {
    const root = await places();
    const out = `${root}/out/series.json`;
    await writeFile(out, '{}');
    const recipe = { parts: parts(root, 'sft=sft-a') };
    expect(await refusal(makeSeries(recipe, { out }))).toBe(
      `--out: is there already, got ${out} (expected a new file; --force writes over it)`,
    );
    expect((await makeSeries(recipe, { out, overwrite: true })).series.entries).toHaveLength(2);
    expect(await refusal(makeSeries(recipe, { out: `${root}/out` }))).toContain('--out: is not a .json file');
  });
});
