/** What the neighbours of `trace` found, as a story tells it: with geometry, without, damaged, and read again. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openRun, writeFinding, writeMeasurement } from '../../src/record/index.js';
import { exportFigure, makeReport, readStory, StoryReader } from '../../src/report/index.js';
import { findingsOf } from '../../src/story/index.js';
import { draft, temporaryFolder } from '../record/fixture.js';
import { ablationDraft, directionsDraft, findingDraft, passagesDraft, samplesDraft } from './findings-fixture.js';

const accuracies = { original: 0.8, 'top-10 removed': 0.79, 'top-10 kept': 0.23, 'random-10 kept': 0.3 };

async function runOf(...drafts: ReturnType<typeof ablationDraft>[]) {
  const run = await openRun(join(await temporaryFolder(), 'run'), { create: true });
  for (const each of drafts) await writeFinding(run, each);
  return run;
}

const storyOf = async (path: string) => (await readStory([path], { version: '' })).runs[0]!;

describe('an ablation in a run', () => {
  it('is told by column, its tests and random directions beside, with five digits', async () => {
    const later = { revision: 'step2000', step: 2000, tokens: 4_194_304_000 };
    const run = await runOf(ablationDraft(accuracies, later), ablationDraft({ original: 0.5, 'top-10 removed': 0.4 }));
    await writeMeasurement(run, draft());
    const { series, problems } = await storyOf(run.path);
    expect(problems).toEqual([]);
    expect(series).toHaveLength(1);
    const [ablation] = series[0]!.ablation!;
    expect(ablation).toMatchObject({
      ...{ name: 'sciq', corpus: 'heldout.jsonl', mean: true, draws: 2, chance: 0.25, metrics: ['acc', 'logprob'] },
      points: [
        { revision: 'step1000', questions: 1000, n: 500, d: 128, rank: 127, notes: ['N is small'] },
        { revision: 'step2000', step: 2000 },
      ],
    });
    const kept = ablation!.variants.find(({ name }) => name === 'top-10 kept')!;
    expect(kept).toMatchObject({ kind: 'band', size: 10, control: 'random-10 kept', variance: [null, 0.43765] });
    expect(kept.figures['acc']).toEqual([null, [0.23, 0.012346, -0.57, 0.01, 1e-9, 0.1, 0.02, 0.2]]);
    expect(kept.figures['logprob']![1]!.slice(0, 3)).toEqual([-0.23, 0.1, null]);
    expect(ablation!.variants.find(({ name }) => name === 'top-10 removed')!.control).toBeNull();
  });

  it('is a sentence only where a change is resolved', async () => {
    const run = await runOf(ablationDraft(accuracies));
    const told = await storyOf(run.path);
    expect(findingsOf(told.series[0]!, told).details).toEqual([
      'sciq at step1000: accuracy 0.800 ± .012, −0.570 ± .010 with top-10 kept (44 % of the variance); not resolved: top-10 removed.',
    ]);
    const none = await runOf(ablationDraft({ original: 0.8, 'top-10 removed': 0.79 }));
    const silent = await storyOf(none.path);
    expect(findingsOf(silent.series[0]!, silent).details).toEqual([
      'sciq at step1000: accuracy 0.800 ± .012; no change by removing or keeping eigen-directions is resolved (5 %, Holm over 1).',
    ]);
  });

  it('of other options is another; two of one name are told apart', async () => {
    const run = await runOf(
      ablationDraft(accuracies),
      ablationDraft(accuracies, { variant: 'aa11', options: { questions: { task: 'sciq' }, mean: false } }),
    );
    const names = (await storyOf(run.path)).series[0]!.ablation!.map(({ name }) => name);
    expect(names).toEqual(['sciq (heldout.jsonl, 2 random), request 1', 'sciq (heldout.jsonl, 2 random), request 2']);
  });

  it('is exported as a chart, by checkpoint, set of questions and metric', async () => {
    const run = await runOf(ablationDraft(accuracies));
    const options = {
      ...{ chart: 'ablation', format: 'svg' as const, width: 84, out: null, axis: 'tokens' as const, figure: null },
      ...{ at: null, and: null, series: null, layer: null, variant: null, logs: [], evaluations: [] },
    };
    const titleOf = async (changes: object) => (await exportFigure(run.path, { ...options, ...changes })).title;
    expect(await titleOf({})).toBe('Accuracy on sciq with eigen-directions removed or kept at step1000');
    expect(await titleOf({ at: 'step1000', figure: 'logprob' })).toMatch(/^ln p of the right answer on sciq/);
    await expect(titleOf({ at: 'step2000' })).rejects.toThrow(
      "--at: nothing was found at that checkpoint, got 'step2000' (expected step1000",
    );
    await expect(titleOf({ figure: 'f1' })).rejects.toThrow(
      "--figure: no such set of questions or metric, got 'f1' (expected sciq, acc, logprob)",
    );
    await expect(titleOf({ chart: 'trajectory' })).rejects.toThrow('RUN: holds no measurement to draw');
  });
});

describe('generated texts in a run', () => {
  const later = { revision: 'step2000', step: 2000, tokens: 4_194_304_000 };

  it('stand by checkpoint, prompt and sample, with their repetition', async () => {
    const run = await runOf(
      samplesDraft({ 'The cat': ['a loop', 'b', 'c', 'd'], 'A <b>dog</b>': ['\u202e'] }),
      samplesDraft({ 'The cat': ['e'], 'A <b>dog</b>': ['f'] }, later),
    );
    const [samples, ...others] = (await storyOf(run.path)).series[0]!.samples!;
    expect(others).toEqual([]);
    expect(samples).toMatchObject({ name: 'greedy, at most 64 tokens', left: { prompts: 0, completions: 0 } });
    expect(samples!.prompts.map(({ text }) => text)).toEqual(['The cat', 'A <b>dog</b>']);
    expect(samples!.prompts[1]!.figures).toMatchObject({
      distinct_1: [
        [0.6, 0.012346],
        [0.6, 0.012346],
      ],
      ...{ distinct_2: [null, null], distinct_3: [null, null] },
    });
    expect(samples!.points.map(({ revision }) => revision)).toEqual(['step1000', 'step2000']);
    // Three samples of a prompt are shown.
    expect(samples!.points[0]!.texts[0]!.map(({ text }) => text)).toEqual(['a loop', 'b', 'c']);
    expect(samples!.points[0]!.texts[0]![0]).toEqual({
      ...{ text: 'a loop', isCut: false, tokens: 4, finish: 'length', distinct: [0.5, 0.66667, null], repeat: 2 },
      loop: { period: 2, from: 1 },
    });
    expect(samples!.points[0]!.texts[1]![0]!.text).toBe('\u202e');
  });

  it('written in another way are another request', async () => {
    const options = { prompts: ['x'], maxNewTokens: 8, stop: ['.'], temperature: 0.8, topK: 40, topP: 1, seed: 3 };
    const run = await runOf(
      samplesDraft({ x: ['a'] }),
      samplesDraft({ x: ['b', 'c', 'd', 'e'] }, { variant: 'cc33', options: { ...options, samples: 4 } }),
    );
    const told = (await storyOf(run.path)).series[0]!.samples!;
    expect(told.map(({ name, left }) => [name, left.completions])).toEqual([
      ['greedy, at most 64 tokens', 0],
      ['temperature 0.8, top-k 40, seed 3, at most 8 tokens, a stop text', 1],
    ]);
  });

  it('are bounded: long ones are cut, and prompts beyond the room left out', async () => {
    const long = `${'x'.repeat(1199)}😀 and more`;
    const texts = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`prompt ${i}`, [long]]));
    const run = await runOf(samplesDraft(texts));
    const [samples] = (await storyOf(run.path)).series[0]!.samples!;
    expect(samples!.points[0]!.texts[0]![0]).toMatchObject({ text: `${'x'.repeat(1199)}…`, isCut: true });
    expect(samples!.prompts.length).toBeLessThan(250);
    expect(samples!.left.prompts).toBe(300 - samples!.prompts.length);
    expect(JSON.stringify(samples).length).toBeLessThan(400_000);
  });

  it('are exported as a chart, by the number or the text of a prompt', async () => {
    const run = await runOf(samplesDraft({ 'The cat': ['a'], 'A <b>dog</b>': ['b'] }));
    const options = {
      ...{ chart: 'samples', format: 'svg' as const, width: 84, out: null, axis: 'tokens' as const },
      ...{ at: null, and: null, series: null, layer: null, variant: null, logs: [], evaluations: [] },
    };
    const drawn = (figure: string | null) => exportFigure(run.path, { ...options, figure });
    expect((await drawn(null)).title).toContain('after “The cat” over');
    const { content } = await drawn('2');
    expect(Buffer.from(content!).toString()).toContain('A &lt;b>dog&lt;/b>');
    await expect(drawn('3')).rejects.toThrow(
      `--figure: no such prompt, got '3' (expected its number from 1, or "The cat"`,
    );
  });
});

describe('directions in a run', () => {
  const at = (step: number) => ({ revision: `step${step}`, step, tokens: step * 2_097_152 });
  const half = Math.SQRT1_2;

  it('have their shares, ends, coordinates, and what is left of them since the checkpoint before', async () => {
    const run = await runOf(
      directionsDraft(
        [
          [1, 0, 0, 0],
          [0, 1, 0, 0],
        ],
        at(10),
      ),
      // The first is half of what was the second; the second is the first of before, its sign turned.
      directionsDraft(
        [
          [0, half, half, 0],
          [-1, 0, 0, 0],
        ],
        at(20),
      ),
    );
    const [directions] = (await storyOf(run.path)).series[0]!.directions!;
    expect(directions).toMatchObject({ name: 'heldout.jsonl', position: 'last', left: 0 });
    const [first, second] = directions!.points;
    expect(first).toMatchObject({ revision: 'step10', n: 500, d: 4, rank: 4, moreMassive: 0, change: null });
    expect(first!.massive.map(({ index }) => index)).toEqual([2, 1]);
    expect(second!.change).toEqual({ since: 'step10', subspace: 0.75, chance: 0.5 });
    expect(second!.directions.map(({ change }) => change)).toEqual([
      { overlap: 0, nearest: 0.70711, nearestRank: 2 },
      { overlap: 0, nearest: 1, nearestRank: 1 },
    ]);
    const [top, next] = first!.directions;
    expect(top).toMatchObject({ rank: 1, share: 0.4, carriedBy: 1.5, close: false });
    expect(next).toMatchObject({ close: true, share: 0.3 });
    expect(top!.coordinates[2]).toEqual({ index: 2, share: 0, massive: true });
    const [positive, negative] = top!.ends!;
    expect(positive.tokens).toEqual([{ text: '<b>1', logit: 1.2346 }]);
    // A long passage keeps its end; one without text is shown as ids.
    expect(positive.passages).toEqual([{ text: `…${'a'.repeat(152)}the end`, score: 2.5 }]);
    expect(negative.passages).toEqual([{ text: '5 6', score: -2.5 }]);
    expect(next!.ends![0].tokens).toBeNull();
  });

  it('keep the texts of as many checkpoints as there is room for, the last and the first of all', async () => {
    const many = Array.from({ length: 120 }, (_, i) => Array.from({ length: 4 }, (__, j) => (j === i % 4 ? 1 : 0)));
    const steps = Array.from({ length: 12 }, (_, i) => i + 1);
    const run = await runOf(...steps.map((step) => directionsDraft(many, at(step))));
    const [directions] = (await storyOf(run.path)).series[0]!.directions!;
    const shown = directions!.points.flatMap(({ directions: own }, i) => (own[0]!.ends ? [i] : []));
    expect(shown).toEqual(expect.arrayContaining([0, 11]));
    expect(directions!.left).toBe(12 - shown.length);
    expect(directions!.left).toBeGreaterThan(0);
    expect(directions!.points.every(({ directions: own }) => own.length === 120)).toBe(true);
  });

  it('are exported as two charts', async () => {
    const run = await runOf(directionsDraft([[1, 0, 0, 0]], at(10)), directionsDraft([[0, 1, 0, 0]], at(20)));
    const options = {
      ...{ chart: 'directions', format: 'svg' as const, width: 84, out: null, axis: 'tokens' as const },
      ...{ at: null, and: null, series: null, layer: null, variant: null, logs: [], evaluations: [] },
    };
    const drawn = async (figure: string | null) => (await exportFigure(run.path, { ...options, figure })).description;
    expect(await drawn(null)).toContain('1: 2 points, from 40.0 to 40.0');
    expect(await drawn('overlap')).toContain('subspace: 1 points, from 0 to 0');
    expect(await drawn('overlap')).toContain('the line across is the overlap of unrelated subspaces, 0.250');
    await expect(drawn('cos')).rejects.toThrow(
      "--figure: no such figure of directions, got 'cos' (expected share, overlap)",
    );
  });
});

describe('memorization in a run without geometry', () => {
  it('of passages has its gaps by suffix and position at every checkpoint, and its windows', async () => {
    const later = { revision: 'step2000', step: 2000, tokens: 4_194_304_000 };
    const run = await runOf(passagesDraft([null, 6], 0), passagesDraft([5, 1.23456789, 2], 0.002, later));
    const told = await storyOf(run.path);
    const [series] = told.series;
    expect(series!.layers).toEqual([]);
    const [memorization] = series!.memorization!;
    expect(memorization).toMatchObject({
      ...{ what: 'passages', name: 'heldout.txt', index: 'train.index' },
      windows: { count: 500, promptTokens: 32, extractTokens: 8 },
      values: { gap: [1.25, 1.25], extractable: [0, 0.002] },
    });
    expect(memorization!.bars!.suffix).toEqual({
      edges: [
        { from: 0, to: 0, tokens: 100, share: 0.12346 },
        { from: 1, to: 1, tokens: 100, share: 0.12346 },
        { from: 2, to: null, tokens: 100, share: 0.12346 },
      ],
      gaps: [
        [null, 6, null],
        [5, 1.2346, 2],
      ],
    });
    expect(memorization!.bars!.position.gaps).toEqual([[2], [2]]);
    expect(findingsOf(series!, told).sentence).toBe(
      'No geometry is measured in this run: it holds memorization (heldout.txt) at 2 checkpoints.',
    );
  });
});

describe('a run without geometry', () => {
  it('has a series of the checkpoints that something was found at, in order, and a report', async () => {
    const run = await runOf(
      ablationDraft(accuracies),
      findingDraft('tasks', { revision: 'step20', step: 20, tokens: 41_943_040 }),
      findingDraft('tasks', { stage: 'sft', revision: 'sft-step5', step: 5, tokens: null }),
      findingDraft('tasks', { variant: 'bb22', revision: 'step7', control: { kind: 'random-init', seed: 0 } }),
    );
    const told = await storyOf(run.path);
    const [series] = told.series;
    expect(series).toMatchObject({
      ...{ id: '1/pythia-14m', name: 'pythia-14m', layers: [], curves: {}, parameters: 14_067_712 },
      stages: [{ name: 'pretrain' }, { name: 'sft' }],
    });
    expect(series!.checkpoints.map(({ revision }) => revision)).toEqual(['step20', 'step1000', 'sft-step5']);
    const found = findingsOf(series!, told);
    expect(found.sentence).toBe('No geometry is measured in this run: it holds ablations (sciq) at 3 checkpoints.');
    expect(found.warnings.map(({ code }) => code)).toEqual(['same-weights']);
    const { content } = await makeReport([run.path]);
    expect(content).toContain('No geometry is measured in this run');
    expect(content).not.toMatch(/RankMe could not be measured/);
  });

  it('stands beside a series that has some', async () => {
    const run = await runOf(ablationDraft(accuracies, { series: 'other' }));
    await writeMeasurement(run, draft());
    const { series } = await storyOf(run.path);
    expect(series.map(({ name, layers }) => [name, layers.length])).toEqual([
      ['pythia-14m', 1],
      ['other', 0],
    ]);
    expect(series[0]!.ablation).toBeUndefined();
    expect(series[1]!.ablation).toHaveLength(1);
  });
});

it('names damaged findings and those of another form, and shows the rest', async () => {
  const run = await runOf(ablationDraft(accuracies), ablationDraft(accuracies, { revision: 'step2', detail: {} }));
  await writeFile(join(run.path, 'ablation/pythia-14m/pretrain/step3.json'), '{"format":');
  const { series, problems } = await storyOf(run.path);
  expect(series[0]!.ablation![0]!.points).toHaveLength(1);
  expect(problems.map(({ file }) => file)).toEqual([
    'ablation/pythia-14m/pretrain/step2.json',
    'ablation/pythia-14m/pretrain/step3.json',
  ]);
  expect(problems[0]!.message).toBe(
    'step2: holds no ablation, questions: Invalid input: expected string, received undefined',
  );
});

it('is read again only where a file changed', async () => {
  const run = await runOf(ablationDraft(accuracies));
  const reader = new StoryReader([run.path], { version: '' });
  const before = await reader.read();
  expect(await reader.read()).toBe(before);
  await writeFinding(run, ablationDraft(accuracies, { revision: 'step2000', step: 2000 }));
  const after = await reader.read();
  expect(after.story.runs[0]!.series[0]!.ablation![0]!.points.map(({ revision }) => revision)).toEqual([
    'step1000',
    'step2000',
  ]);
  await rm(join(run.path, 'ablation/pythia-14m/pretrain/step1000.json'));
  expect((await reader.read()).story.runs[0]!.series[0]!.ablation![0]!.points).toHaveLength(1);
});
