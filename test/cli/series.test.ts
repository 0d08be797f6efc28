import { expect, it } from 'vitest';
import type { MadeSeries, SeriesRecipe } from '../../src/cli/library.js';
import { type } from './fakes.js';

const entry = (stage: string, revision: string, step: number | null, place: object) => ({
  ...{ stage, revision, step, tokens: step === null ? null : step * 2_097_152, parent: null, seed: null },
  ...{ folder: null, problem: null, ...place },
});
const hub = { id: 'EleutherAI/pythia-1b', revision: 'step143000', commit: null };
const made = (path: string | null): MadeSeries => ({
  ...{ path, text: '{}\n', file: { name: 'mine', stages: [] } },
  series: {
    ...{
      name: 'mine',
      root: '/somewhere',
      source: 'series.json',
      tokensPerStep: 2_097_152,
      tokenizer: null,
      notes: [],
    },
    stages: [
      { name: 'pretrain', epochs: null, count: 1 },
      { name: 'sft', epochs: [100, 200], count: 1 },
    ],
    entries: [
      entry('pretrain', 'step143000', 143_000, { hub }),
      entry('sft', 'final', null, { folder: '/somewhere/sft-run' }),
    ],
  },
});

it('passes on stages, places and what is said of each stage; shows what was written', async () => {
  const asked: unknown[] = [];
  const makeSeries = (recipe: SeriesRecipe, options?: object) => {
    asked.push([recipe, options]);
    return Promise.resolve(made('series.json'));
  };
  const { status, stdout, stderr } = await type(
    'series pretrain=EleutherAI/pythia-1b@step143000 sft=./a=b ./more --name mine --tokens-per-step 2097152 ' +
      '--epochs sft=100,200 --step sft=9 --revisions pretrain=log:24 --parent sft=step143000 --base sft=./b --tokenizer t --out series.json',
    { library: { makeSeries } },
  );
  expect(asked).toEqual([
    [
      {
        parts: [
          { stage: 'pretrain', place: 'EleutherAI/pythia-1b@step143000' },
          { stage: 'sft', place: './a=b' },
          { stage: null, place: './more' },
        ],
        ...{ name: 'mine', tokensPerStep: 2_097_152, tokenizer: 't', epochs: { sft: [100, 200] }, steps: { sft: 9 } },
        ...{ revisions: { pretrain: 'log:24' }, parents: { sft: 'step143000' }, bases: { sft: './b' } },
      },
      { out: 'series.json', overwrite: false },
    ],
  ]);
  expect(status).toBe(0);
  expect(stdout.text.split('\n')).toEqual([
    'stage     revision       step  tokens  place',
    'pretrain  step143000  143,000    300B  EleutherAI/pythia-1b@step143000',
    'sft       final             –       –  sft-run',
    '',
    'mine: 2 checkpoints in 2 stages',
    'epochs of sft end at 100, 200',
    '',
  ]);
  expect(stderr.text).toContain('note: sft: no step is known; --step sft=N says it\n');
  expect(stderr.text).toContain('written: series.json');
});

it('gives the content as JSON', async () => {
  const library = { makeSeries: () => Promise.resolve(made(null)) };
  const { stdout, stderr } = await type('series sft=a --json --quiet', { library });
  expect(JSON.parse(stdout.text)).toEqual({ name: 'mine', stages: [] });
  expect(stderr.text).toBe('');
});

it.each([
  ['series', 'STAGE=PLACE: is missing'],
  [
    'series a=b --epochs 100',
    '--epochs: is not for a stage, got 100 (expected a stage and steps, such as sft=100,200)',
  ],
  ['series a=b --epochs a=1,x', '--epochs: is not for a stage, got a=1,x'],
  ['series a=b --step a=1 --step a=2', '--step: is there twice for stage a'],
])('refuses %s', async (line, message) => {
  const { status, stderr } = await type(line);
  expect(status).toBe(2);
  expect(stderr.text).toContain(message);
});
