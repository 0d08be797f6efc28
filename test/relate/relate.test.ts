/** Runs related to tasks as a user asks it: what is matched with what, what is left out, what is refused. */
import { rm } from 'node:fs/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { run as commandLine } from '../../src/cli/run.js';
import { addFailure } from '../../src/record/index.js';
import { exportRelations, relateRuns, relationRows, type RelateOptions } from '../../src/relate/index.js';
import { pearson } from '../../src/statistics/index.js';
import { world } from '../cli/fakes.js';
import { relatedRun, resultFiles, type Checkpoint } from './runs.js';

const made: string[] = [];
afterAll(async () => {
  for (const path of made) await rm(path, { recursive: true, force: true });
});
async function runOf(...args: Parameters<typeof relatedRun>) {
  const run = await relatedRun(...args);
  made.push(run.path);
  return run;
}
async function filesOf(files: Parameters<typeof resultFiles>[0]): Promise<string> {
  const path = await resultFiles(files);
  made.push(path);
  return path;
}

const rankme = [40, 22, 30, 55, 70, 64];
const sciq = [0.2, 0.21, 0.35, 0.5, 0.7, 0.72];
const steps = [0, 1, 2, 4, 8, 16];
const points = (tasks: (i: number) => Checkpoint['tasks'] | undefined): Checkpoint[] =>
  steps.map((step, i) => {
    const own = tasks(i);
    return {
      ...{ revision: `step${step}`, step, tokens: step * 1000, rankme: rankme[i]!, alpha: 2 - rankme[i]! / 100 },
      ...(own ? { tasks: own } : {}),
    };
  });
const ownRun = () =>
  runOf(points((i) => ({ sciq: { acc: sciq[i]!, acc_norm: 0.25 }, lm: { perplexity: 90 - 9 * i } })));

describe('own results', () => {
  it('every figure asked for with every task, Holm’s family the whole matrix', async () => {
    const run = await ownRun();
    const { series, notes } = await relateRuns([run.path], { figures: ['all'], metric: 'all' });
    expect(notes).toEqual([]);
    const [{ stages, tasks, figures, paper, children }] = series as [(typeof series)[number]];
    expect(figures).toEqual(['rankme', 'alpha', 'top1', 'mean_norm']);
    expect(tasks).toEqual([
      { task: 'sciq', metric: 'acc', source: 'this run', points: 6, matched: 6 },
      { task: 'sciq', metric: 'acc_norm', source: 'this run', points: 6, matched: 6 },
      { task: 'lm', metric: 'perplexity', source: 'this run', points: 6, matched: 6 },
    ]);
    expect({ paper, children }).toEqual({ paper: null, children: [] });
    const [stage] = stages as [(typeof stages)[number]];
    expect(stage).toMatchObject({
      stage: 'pretrain',
      checkpoints: 6,
      matched: 6,
      given: 'tokens',
      withoutGiven: ['step0'],
    });
    // acc_norm is constant, and so is mean_norm; perplexity falls by steps of one size: neither has increments.
    expect(stage.tests).toBe(3);
    const of = (figure: string, metric: string) =>
      stage.relations.find((relation) => relation.figure === figure && relation.metric === metric)!;
    const acc = of('rankme', 'acc');
    expect(acc.levels).toMatchObject({ n: 6, pearson: pearson(rankme, sciq), reason: null });
    expect(acc.levels.pearsonSe).toBeGreaterThan(0);
    expect(acc.increments).toMatchObject({ n: 5, reason: null });
    expect(acc.pHolm!).toBeGreaterThanOrEqual(acc.increments.p!);
    expect(acc.partial.n).toBe(5);
    expect(of('top1', 'acc')).toMatchObject({ withoutErrors: expect.stringMatching(/only RankMe and α/) as string });
    expect(of('rankme', 'acc_norm').levels).toMatchObject({ pearson: null, reason: 'sciq does not vary' });
    expect(of('mean_norm', 'acc').levels).toMatchObject({ pearson: null, reason: 'mean_norm does not vary' });
    expect(of('alpha', 'perplexity').increments).toMatchObject({ p: null, reason: 'the steps of lm do not vary' });
    expect(JSON.stringify(series)).not.toMatch(/NaN|Infinity/);
  });

  it('by default RankMe and α with the main metric of each task, well-known tasks first', async () => {
    const run = await ownRun();
    const { series } = await relateRuns([run.path]);
    expect(series[0]!.stages[0]!.relations.map(({ figure, task, metric }) => [figure, task, metric])).toEqual([
      ['rankme', 'sciq', 'acc'],
      ['rankme', 'lm', 'perplexity'],
      ['alpha', 'sciq', 'acc'],
      ['alpha', 'lm', 'perplexity'],
    ]);
  });

  it('a run without jackknife errors has correlations, and says why they have none', async () => {
    const run = await runOf(
      points((i) => ({ sciq: { acc: sciq[i]! } })),
      { groups: 0 },
    );
    const [first] = (await relateRuns([run.path])).series[0]!.stages[0]!.relations;
    expect(first!.levels.pearson).toBeCloseTo(pearson(rankme, sciq)!, 14);
    expect(first).toMatchObject({ levels: { pearsonSe: null }, withoutErrors: 'measured without errors' });
  });

  it('errors are over sequences and over questions, where their scores are stored', async () => {
    // Of 40 questions the first ones are answered right.
    const right = sciq.map((acc) => Math.round(acc * 40));
    const run = await runOf(
      points((i) => ({ sciq: { acc: right[i]! / 40 } })).map((point, i) => ({
        ...point,
        items: { sciq: Array.from({ length: 40 }, (_, q) => ({ acc: (q * 7) % 40 < right[i]! ? 1 : 0 })) },
      })),
    );
    const bare = await runOf(points((i) => ({ sciq: { acc: right[i]! / 40 } })));
    const of = async (path: string, figure: string) =>
      (await relateRuns([path], { figures: [figure] })).series[0]!.stages[0]!.relations[0]!;
    const [both, sequences] = [await of(run.path, 'rankme'), await of(bare.path, 'rankme')];
    expect([both.errorsOver, sequences.errorsOver]).toEqual([['sequences', 'questions'], ['sequences']]);
    const alone = await of(run.path, 'top1');
    expect(alone.errorsOver).toEqual(['questions']);
    // Without question group k of four: the share of the others.
    const whole = right.map((count) => count / 40);
    const curves = Array.from({ length: 10 }, (_, k) =>
      right.map((count) => {
        const held = Array.from({ length: 40 }, (_, q) => ((q * 7) % 40 < count ? 1 : 0));
        const rest = held.filter((_, q) => q < 4 * k || q >= 4 * k + 4);
        return rest.reduce<number>((sum, x) => sum + x, 0) / 36;
      }),
    );
    const values = curves.map((curve) => pearson(rankme, curve)!);
    const mean = values.reduce((sum, x) => sum + x, 0) / 10;
    const variance = 0.9 * values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
    expect(both.levels.pearson).toBeCloseTo(pearson(rankme, whole)!, 14);
    expect(both.levels.pearsonSe).toBeCloseTo(Math.sqrt(sequences.levels.pearsonSe! ** 2 + variance), 12);
  });

  it('ln(steps) where tokens are not known', async () => {
    const run = await runOf(points((i) => ({ sciq: { acc: sciq[i]! } })).map((point) => ({ ...point, tokens: null })));
    const [stage] = (await relateRuns([run.path])).series[0]!.stages;
    expect(stage).toMatchObject({ given: 'steps', withoutGiven: ['step0'] });
    const known = await ownRun();
    const [other] = (await relateRuns([known.path], { tasks: ['sciq'] })).series[0]!.stages;
    // Tokens are steps times a number: what is held is the same.
    expect(stage!.relations[0]!.partial.pearson).toBeCloseTo(other!.relations[0]!.partial.pearson!, 10);
  });
});

describe('result files', () => {
  it('steps of their names decide the checkpoint; those that were not measured are named', async () => {
    const run = await runOf(points(() => undefined));
    const folder = await filesOf({
      ...Object.fromEntries(steps.slice(1).map((step, i) => [`14m_step${step}.json`, { sciq: sciq[i + 1]! }])),
      '14m_step512.json': { sciq: 0.8 },
      '14m_step1000.json': { sciq: 0.9 },
    });
    const { series, notes } = await relateRuns([run.path], { evaluations: [folder] });
    expect(series[0]!.tasks).toMatchObject([{ task: 'sciq', points: 7, matched: 5 }]);
    expect(series[0]!.stages[0]).toMatchObject({ checkpoints: 6, matched: 5, withoutGiven: [] });
    expect(series[0]!.stages[0]!.relations[0]!.levels.pearson).toBeCloseTo(
      pearson(rankme.slice(1), sciq.slice(1))!,
      14,
    );
    expect(notes).toEqual([
      `${run.path}: pythia-14m: results of checkpoints that were not measured are left out: 14m_step512, 14m_step1000`,
    ]);
  });

  it('that repeat RUN/tasks are not counted twice, others keep their name', async () => {
    const run = await ownRun();
    const again = Object.fromEntries(steps.map((step, i) => [`r_step${step}.json`, { sciq: sciq[i]! }]));
    const same = await relateRuns([run.path], { evaluations: [await filesOf(again)] });
    expect(same.series[0]!.tasks.map(({ task }) => task)).toEqual(['sciq', 'lm']);
    const folder = await filesOf({ ...again, 'r_step4.json': { sciq: 0.1 } });
    const other = await relateRuns([run.path], { evaluations: [folder] });
    expect(other.series[0]!.tasks.map(({ task }) => task)).toEqual([
      'sciq',
      `sciq (${folder.split('/').at(-1)!})`,
      'lm',
    ]);
  });

  it('go to the series whose name their path holds', async () => {
    const a = await runOf(
      points(() => undefined),
      { series: 'small' },
    );
    const b = await runOf(
      points(() => undefined),
      { series: 'large' },
    );
    const folder = await filesOf(Object.fromEntries(steps.map((s, i) => [`large/step${s}.json`, { sciq: sciq[i]! }])));
    const { series, notes } = await relateRuns([a.path, b.path], { evaluations: [`${folder}/large`] });
    expect(series.map((one) => one.series)).toEqual(['large']);
    expect(notes).toEqual([`${a.path}: small has no results of tasks`]);
  });
});

describe('stages and trees', () => {
  const base = points((i) => ({ sciq: { acc: sciq[i]! } }));
  const child = (parent: string, seed: number, step: number, acc: number, nll: number): Checkpoint => ({
    ...{ revision: `sft-${parent}-s${seed}-step${step}`, stage: 'sft', step, tokens: step, parent, seed },
    ...{ rankme: 60 + acc, alpha: 1, nll, tasks: { sciq: { acc } } },
  });

  it('children stand at their parents: the last of each seed, the mean over seeds', async () => {
    const run = await runOf([
      ...base,
      ...[child('step2', 0, 10, 0.1, 3), child('step2', 0, 20, 0.4, 2.9), child('step2', 1, 20, 0.5, 2.7)],
      ...[child('step4', 0, 20, 0.6, 2.5), child('step8', 0, 20, 0.75, 2.3), child('step16', 0, 20, 0.7, 2.4)],
    ]);
    const { series } = await relateRuns([run.path]);
    const [{ children, stages }] = series as [(typeof series)[number]];
    expect(stages.map(({ stage }) => stage)).toEqual(['pretrain', 'sft']);
    expect(children).toHaveLength(1);
    const [{ pairs, relations, ...facts }] = children as [(typeof children)[number]];
    expect(facts).toEqual({ stage: 'sft', parentStage: 'pretrain', parents: 4 });
    expect(pairs[0]).toEqual({
      ...{ revision: 'sft-step2-s0-step10', step: 10, seed: 0, parent: 'step2', isNamed: true },
      figures: { rankme: 30, alpha: 1.7 },
      scores: { 'sciq acc': 0.1, nll: 3 },
    });
    const found = relations.relations.find(({ figure, task }) => figure === 'rankme' && task === 'sciq')!;
    expect(found.levels).toMatchObject({ n: 4, reason: null });
    expect(found.levels.pearson).toBeCloseTo(pearson([30, 55, 70, 64], [0.45, 0.6, 0.75, 0.7])!, 14);
    const nll = relations.relations.find(({ figure, task }) => figure === 'rankme' && task === 'nll')!;
    expect(nll.levels.pearson).toBeCloseTo(pearson([30, 55, 70, 64], [2.8, 2.5, 2.3, 2.4])!, 14);
  });

  it('a chain has one parent a stage: its pairs are listed, without a correlation', async () => {
    const later = (revision: string, stage: string, step: number, acc: number): Checkpoint => ({
      ...{ revision, stage, step, tokens: step, rankme: 65, alpha: 1, tasks: { sciq: { acc } } },
    });
    const run = await runOf([
      ...base,
      ...[
        later('sft-step20', 'sft', 20, 0.8),
        later('sft-step50', 'sft', 50, 0.9),
        later('dpo-step42', 'dpo', 42, 0.7),
      ],
    ]);
    const { series, notes } = await relateRuns([run.path]);
    const [{ children, stages }] = series as [(typeof series)[number]];
    expect(stages.map(({ stage }) => stage)).toEqual(['pretrain']);
    expect(children.map(({ stage, parentStage, parents }) => [stage, parentStage, parents])).toEqual([
      ['sft', 'pretrain', 1],
      ['dpo', 'sft', 1],
    ]);
    expect(children[1]!.pairs).toMatchObject([{ revision: 'dpo-step42', parent: 'sft-step50', isNamed: false }]);
    expect(children[0]!.relations.relations[0]!.levels).toMatchObject({
      ...{ pearson: null, reason: '1 parent with children (expected at least 3)' },
    });
    expect(notes).toHaveLength(2);
    expect(notes[0]).toMatch(/sft has 2 checkpoints with results, too few for correlations of its own/);
  });

  it('a stage asked for is told however short', async () => {
    const run = await runOf([...base, child('step16', 0, 20, 0.7, 2.4)]);
    const { series } = await relateRuns([run.path], { stage: 'sft' });
    expect(series[0]!.stages).toMatchObject([{ stage: 'sft', matched: 1 }]);
    expect(series[0]!.stages[0]!.relations[0]!.levels.reason).toBe('1 checkpoint in common (expected at least 3)');
  });
});

describe('what a reader must know', () => {
  it('failed checkpoints, and weights that are another checkpoint’s', async () => {
    const copy = 'c'.repeat(64);
    const run = await runOf(
      points((i) => ({ sciq: { acc: sciq[i]! } })).map((point, i) => (i > 3 ? { ...point, weights: copy } : point)),
    );
    const failed = { series: 'pythia-14m', stage: 'pretrain', revision: 'step32', variant: null };
    await addFailure(run, { ...failed, code: 'input', message: 'no weights', created: '2025-01-02T03:04:05.678Z' });
    const { notes } = await relateRuns([run.path]);
    expect(notes).toEqual([
      `${run.path}: pythia-14m: step32 could not be measured: left out`,
      `${run.path}: pythia-14m: weights that are another checkpoint's count twice: step16 (as step8); eigentrace audit says more`,
    ]);
  });

  const refusals: [string, RelateOptions, RegExp][] = [
    ['a figure', { figures: ['rankm'] }, /^--figures: no such figure, got 'rankm' \(expected rankme, .*or all\)/],
    ['a task', { tasks: ['sqic'] }, /^--tasks: no such task, got 'sqic' \(expected sciq/],
    ['a metric', { metric: 'accc' }, /^--metric: no task has it, got 'accc' \(expected acc, /],
    ['a stage', { stage: 'pretrian' }, /^--stage: .*none such, got 'pretrian' \(expected pretrain\)/],
    ['a layer', { layer: '3' }, /^--layer: .* got '3' \(expected final\)/],
  ];
  it.each(refusals)('%s that is not there: the nearest', async (_, options, message) => {
    const run = await ownRun();
    await expect(relateRuns([run.path], options)).rejects.toThrow(message);
  });

  it('no tasks at all: what to do next; files of other checkpoints: which', async () => {
    const run = await runOf(points(() => undefined));
    await expect(relateRuns([run.path])).rejects.toThrow(
      /holds no results of tasks for pythia-14m \(expected RUN\/tasks, which eigentrace evaluate SERIES .*or --evaluations/,
    );
    const folder = await filesOf({ 'x_step999.json': { sciq: 0.5 }, 'x_step99.json': { sciq: 0.5 } });
    await expect(relateRuns([run.path], { evaluations: [folder] })).rejects.toThrow(
      /no result is of a measured checkpoint, got results of x_step99, x_step999 \(expected some of step0, step1, step2, … step16/,
    );
    await expect(relateRuns([])).rejects.toThrow(/^RUN: is missing/);
  });
});

describe('the command', () => {
  const type = async (...argv: string[]) => {
    const context = world({
      library: { relateRuns, exportRelations: exportRelations },
    });
    return { status: await commandLine(['relate', ...argv], context, '0.0.0'), context };
  };

  it('prints a table that fits 100 columns, marks what Holm lets stand, and says what the numbers are', async () => {
    const run = await ownRun();
    const { status, context } = await type(run.path, '--metric', 'all');
    expect({ status, stderr: context.stderr.text }).toEqual({ status: 0, stderr: '' });
    const lines = context.stdout.text.split('\n');
    expect(lines.every((line) => Array.from(line).length <= 100)).toBe(true);
    expect(lines[0]).toBe('pythia-14m: pretrain, layer final, 6 of 6 checkpoints with results');
    expect(lines.find((line) => line.startsWith('RankMe'))).toMatch(/n +r +ρ +r +ρ +p +Holm +r +ρ$/);
    expect(context.stdout.text).toMatch(/sciq acc {2,}6 +\+\.9\d±/);
    expect(context.stdout.text).toMatch(/– sciq acc_norm: sciq does not vary/);
    expect(context.stdout.text).toMatch(/Levels are descriptive/);
    expect(context.stdout.text).toMatch(/step0 has no ln\(tokens\)/);
  });

  it('the paper’s Table 9 stands beside a series that is one of its models, as the paper’s', async () => {
    const run = await runOf(
      points((i) => ({ sciq: { acc: sciq[i]! } })),
      { series: 'EleutherAI/pythia-1b' },
    );
    const { context } = await type(run.path);
    expect(context.stdout.text).toMatch(/the paper's Table 9: pythia-1b, SciQ, accuracy/);
    expect(context.stdout.text).toMatch(/α {7}r \+\.81, p 1\.5e-5; here r −\.9\d/);
    expect(context.stdout.text).toMatch(/RankMe {2}r −\.76, p 1\.0e-4; here r \+\.9\d/);
  });

  it('the long table, a row a number; JSON; what does not go together', async () => {
    const run = await ownRun();
    const { series } = await relateRuns([run.path]);
    const rows = relationRows({ series, notes: [] });
    expect(rows).toHaveLength(2 * 2 * 8);
    expect(rows[0]).toMatchObject({
      ...{ series: 'pythia-14m', stage: 'pretrain', revision: null, name: 'rankme × sciq acc' },
      ...{ metric: 'levels.pearson', value: pearson(rankme, sciq), n: 6, flags: '' },
    });
    const csv = await type(run.path, '--format', 'csv');
    expect(Buffer.from(csv.context.stdout.bytes[0]!).toString().split('\r\n')).toHaveLength(34);
    const json = await type(run.path, '--json', '--tasks', 'sciq,lm');
    expect((JSON.parse(json.context.stdout.text) as { series: unknown[] }).series).toHaveLength(1);
    const out = `${run.path}/relations.jsonl`;
    const written = await type(run.path, '--out', out);
    expect(written.context.stderr.text).toBe(`written: ${out}\n`);
    const wrong = await type(run.path, '--out', `${run.path}/relations.txt`);
    expect([wrong.status, wrong.context.stderr.text]).toEqual([
      2,
      expect.stringMatching(/--out: no such format, got .*relations\.txt \(expected \.csv/),
    ]);
    expect((await type(run.path, '--json', '--format', 'csv')).status).toBe(2);
    expect((await type()).status).toBe(2);
  });
});
