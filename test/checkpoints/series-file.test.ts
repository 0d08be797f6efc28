import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { openEntry, openSeries } from '../../src/checkpoints/index.js';
import { checkpointIn, folderOf, refusal } from './folders.js';

const sample = new URL('../../sample', import.meta.url).pathname;

/** A series file with the stages given, in a folder that has step0 and step1. */
async function written(series: unknown): Promise<string> {
  const text = typeof series === 'string' ? series : JSON.stringify(series);
  const folder = await folderOf({ 'series.json': text, ...checkpointIn('step0'), ...checkpointIn('step1') });
  return `${folder}/series.json`;
}

const stage = (name: string, ...checkpoints: object[]) => ({ name, checkpoints });
const at = (revision: string, rest: object = {}) => ({ revision, path: 'step0', ...rest });

describe('series.json', () => {
  it('of the sample is read whole, by file or by folder', async () => {
    const series = await openSeries(`${sample}/series.json`);
    expect(await openSeries(sample)).toEqual(series);
    expect(series).toMatchObject({
      name: 'sample-neox-0.9m',
      root: sample,
      source: 'series.json',
      tokensPerStep: 4096,
      tokenizer: `${sample}/series`,
      notes: [],
    });
    expect(series.stages.map(({ name, count }) => [name, count])).toEqual([
      ['pretrain', 15],
      ['sft', 2],
      ['dpo', 1],
      ['rlvr', 2],
    ]);
    interface Written {
      stages: { name: string; checkpoints: { revision: string; step: number; tokens: number; path: string }[] }[];
    }
    const file = JSON.parse(await readFile(`${sample}/series.json`, 'utf8')) as Written;
    const expected = file.stages.flatMap(({ name, checkpoints }) =>
      checkpoints.map(({ revision, step, tokens, path }) => ({
        stage: name,
        revision,
        step,
        tokens,
        parent: null,
        seed: null,
        folder: `${sample}/${path}`,
        problem: null,
      })),
    );
    expect(series.entries).toEqual(expected);
    for (const entry of series.entries) {
      const { tokenizer, tensors } = await openEntry(series, entry);
      expect(tokenizer!.path).toBe(`${sample}/series/tokenizer.json`);
      expect(tensors.size).toBeGreaterThan(30);
    }
  });

  it('keeps a tree: parents, seeds, epochs; fills in steps and tokens', async () => {
    const path = await written({
      tokensPerStep: 100,
      stages: [
        stage('pretrain', at('step1', { step: 1 }), at('step0'), at('last', { step: 9, tokens: 905 })),
        {
          name: 'sft',
          epochs: [10, 20],
          checkpoints: [
            at('a', { parent: 'step0', seed: 1, step: 10 }),
            at('b', { parent: 'pretrain/step1', seed: 'x', step: 10 }),
            at('step20', { parent: 'a', tokens: 7 }),
          ],
        },
        stage('dpo', at('step20', { parent: 'step20' })),
      ],
    });
    const { stages, entries, name } = await openSeries(path);
    expect(name).toMatch(/^eigentrace-/);
    expect(stages.map(({ epochs }) => epochs)).toEqual([null, [10, 20], null]);
    expect(entries.map(({ revision, step, tokens, parent, seed }) => [revision, step, tokens, parent, seed])).toEqual([
      ['step0', 0, 0, null, null],
      ['step1', 1, 100, null, null],
      ['last', 9, 905, null, null],
      ['a', 10, null, 'step0', 1],
      ['b', 10, null, 'pretrain/step1', 'x'],
      ['step20', 20, 7, 'a', null],
      ['step20', 20, null, 'step20', null],
    ]);
  });

  it('keeps checkpoints that are not there, each with its problem', async () => {
    const path = await written({
      stages: [
        stage(
          'pretrain',
          at('step0'),
          at('step1', { path: 'step7' }),
          { revision: 'step2', hub: 'org/name@step2' },
          at('step3', { path: 'series.json' }),
        ),
      ],
    });
    const series = await openSeries(path);
    const folder = series.root;
    expect(series.entries.map(({ problem }) => problem)).toEqual([
      null,
      `${folder}/step7: no such folder (written step7)`,
      null,
      `${folder}/series.json: is a file, expected a checkpoint folder`,
    ]);
    expect(series.entries[2]).toMatchObject({
      folder: null,
      hub: { id: 'org/name', revision: 'step2', commit: null },
    });
    expect(series.entries[1]!.hub).toBeUndefined();
    expect(await refusal(openEntry(series, series.entries[1]!))).toBe(
      `pretrain/step1: ${folder}/step7: no such folder (written step7)`,
    );
  });

  it('leads anywhere, also up and by absolute paths', async () => {
    const folder = await folderOf({ ...checkpointIn('runs/step5'), 'lists/series.json': '' });
    const stages = [
      stage('pretrain', at('step4', { path: `${folder}/runs/step5` }), at('step5', { path: '../runs/step5' })),
    ];
    await writeFile(`${folder}/lists/series.json`, JSON.stringify({ stages }));
    const { entries } = await openSeries(`${folder}/lists`);
    expect(entries.map((entry) => [entry.folder, entry.problem])).toEqual([
      [`${folder}/runs/step5`, null],
      [`${folder}/runs/step5`, null],
    ]);
  });

  it('takes tokens that are rounded as names round them, and those of later stages as they are', async () => {
    const path = await written({
      $schema: 'https://example.org/series.schema.json',
      tokensPerStep: 4_194_304,
      stages: [
        stage('pretrain', at('step150', { tokens: 1e9 }), at('step1000', { tokens: 4.2e9 })),
        stage('sft', at('a', { step: 10, tokens: 44_755 }), at('b', { step: 10, tokens: 11, seed: 2 })),
      ],
    });
    expect((await openSeries(path)).entries.map(({ tokens }) => tokens)).toEqual([1e9, 4.2e9, 44_755, 11]);
  });

  it.each([
    ['not JSON', '{', 'series.json: is not JSON ('],
    ['another thing', [1], 'series.json: the file: expected object, received array'],
    ['no stages', {}, 'series.json: stages: expected array, received undefined'],
    ['stages without checkpoints', { stages: [stage('pretrain')] }, 'no checkpoints, got 1 stages without any'],
    ['a step that is none', { stages: [stage('a', at('x', { step: -1 }))] }, 'stages[0].checkpoints[0].step: '],
    [
      'a word for a step',
      { stages: [stage('a', at('x', { step: '5', tokens: 'y' }))] },
      'checkpoints[0].step: expected number, received string (and 1 more)',
    ],
    ['a stage twice', { stages: [stage('a', at('x')), stage('a', at('y'))] }, 'stage a is there twice'],
    ['a revision twice', { stages: [stage('a', at('x'), at('x'))] }, 'stage a names revision x twice'],
    [
      'no id of the Hub',
      { stages: [stage('a', { revision: 'x', hub: 'org/name/more' })] },
      'a/x: "hub" is no id, got org/name/more (expected org/name or org/name@revision)',
    ],
    ['no place', { stages: [stage('a', { revision: 'x' })] }, 'a/x needs a path or a hub id, got neither'],
    ['two places', { stages: [stage('a', at('x', { hub: 'o/n' }))] }, 'a/x needs a path or a hub id, got both'],
    [
      'an unknown parent',
      { stages: [stage('a', at('step10'), at('y', { parent: 'step01' }))] },
      'a/y has parent step01, which is not in the series (nearest: step10, y)',
    ],
    [
      'itself as parent',
      { stages: [stage('a', at('x', { parent: 'x' }))] },
      'a/x has parent x, which is not in the series',
    ],
    ['itself as parent in full', { stages: [stage('a', at('x', { parent: 'a/x' }))] }, 'a/x descends from itself'],
    [
      'a circle of parents',
      { stages: [stage('a', at('x', { parent: 'y' }), at('y', { parent: 'x' }))] },
      'descends from itself',
    ],
    [
      'a field of the series that nobody reads',
      { tokenPerStep: 3, stages: [stage('a', at('x'))] },
      'the series has an unknown field, got tokenPerStep (nearest: tokensPerStep,',
    ],
    [
      'a field of a stage that nobody reads',
      { stages: [{ ...stage('a', at('x')), nam: 1 }] },
      'stage a has an unknown field, got nam (nearest: name,',
    ],
    [
      'a field of a checkpoint that nobody reads',
      { stages: [stage('a', at('x', { tokns: 1 }))] },
      'a/x has an unknown field, got tokns (nearest: tokens,',
    ],
    [
      'a key twice',
      '{"name": "a", "name": "b", "stages": []}',
      'names name twice in one object (expected each key once)',
    ],
    [
      'tokens that contradict steps',
      { tokensPerStep: 100, stages: [stage('a', at('x', { step: 9, tokens: 5 }))] },
      'a/x has tokens that contradict its step, got 5 (expected step 9 × tokensPerStep 100 = 900); leave tokensPerStep out where the batch grew',
    ],
    [
      'tokens that fall while steps rise',
      { stages: [stage('a', at('x', { step: 9, tokens: 50 }), at('y', { step: 10, tokens: 40 }))] },
      'a/y has fewer tokens than an earlier step, got 40 at step 10 after 50 at step 9 (x)',
    ],
    [
      'epochs out of order',
      { stages: [{ ...stage('a', at('x')), epochs: [100, 200, 200] }] },
      'stage a: epochs must ascend, got 200, 200 (expected the steps at which epochs end)',
    ],
    [
      'no tokenizer where it says',
      { tokenizer: 'tok', stages: [stage('a', at('x'))] },
      'tokenizer tok is not there, looked for /',
    ],
  ])('refuses %s', async (_, series, message) => {
    expect(await refusal(openSeries(await written(series)))).toContain(message);
  });
});
