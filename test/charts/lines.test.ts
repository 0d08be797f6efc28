import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { alphaBands, chooseDownstream, downstream, training } from '../../src/charts/index.js';
import type { DownstreamCurve, TrainingLog } from '../../src/story/index.js';
import { readTrainingLog } from '../../src/training/index.js';
import { demoSeries, frame, made, pythiaSteps } from './story.js';
import { expectPicture } from './snapshot.js';

const log = (name: string) => readTrainingLog(new URL(`../../sample/log/${name}`, import.meta.url).pathname);

test("α in bands: the third is absent in the sample, and the picture's description says why", async () => {
  const drawing = alphaBands({ series: await demoSeries() }, frame(238));
  expectPicture('alpha-bands-84mm', drawing);
  expect(drawing.places).toHaveLength(30);
  expect(drawing.description).toContain('α of ranks 100–1000 is absent: ');
  expect(drawing.data.rows.filter((row) => row[2] === 'step64' && row[5] === 'ranks 10–100')[0]![6]).toBeCloseTo(
    1.876733,
    5,
  );
  expect(alphaBands({ series: made('none', [1, 10], () => 5) }, frame(238)).svg.textContent).toContain(
    'α in bands is absent: not measured',
  );
});

test("the sample's losses over its stages", async () => {
  const logs = [await log('pretrain.csv'), await log('sft.csv'), await log('dpo.csv'), await log('rlvr.csv')];
  const series = { ...(await demoSeries()), logs };
  const drawing = training({ series }, frame(493));
  expectPicture('training-174mm', drawing);
  expect(drawing.title).toBe('Loss over training tokens');
  const rows = drawing.data.rows.filter((row) => row[4] === 'heldout_loss');
  expect(rows[0]).toEqual(['pretrain', 'pretrain.csv', 0, 0, 'heldout_loss', 7.1672]);
  expectPicture('training-stages-phone', training({ series, axis: 'stages' }, frame(358, 'screen')));
  expect(training({ series, columns: ['mean_reward'], axis: 'stages' }, frame(238)).places).toHaveLength(160);
});

test('a log of a hundred thousand steps is drawn by its extremes', () => {
  const steps = Array.from({ length: 100_000 }, (_, i) => i + 1);
  const loss = steps.map((step) => 10 / Math.log(step + 2) + (step === 77_777 ? 5 : 0));
  const long: TrainingLog = {
    stage: 'pretrain',
    source: 'x.csv',
    steps,
    tokens: steps.map(() => null),
    columns: { loss },
  };
  const drawing = training({ series: { ...made('m', pythiaSteps, () => 5), logs: [long] } }, frame(493));
  expect(drawing.places.length).toBeLessThanOrEqual(1300);
  // The one spike is there.
  expect(drawing.data.rows.some((row) => row[2] === 77_777)).toBe(true);
});

const curve = (task: string, metric: string, final: number): DownstreamCurve => ({
  ...{ task, metric, source: 'evals' },
  points: [0, 1, 16, 512, 1000, 13000, 143000].map((step, i) => ({
    ...{ stage: 'pretrain', revision: `step${step}`, step, tokens: null },
    ...{ value: 0.25 + ((final - 0.25) * i) / 6, se: 0.015, n: 1000 },
  })),
});

test('downstream tasks with their errors: well-known ones first, six at most', () => {
  const tasks = ['anatomy', 'piqa', 'sciq', 'virology', 'arc_easy', 'winogrande', 'logiqa', 'wsc'];
  const curves = tasks.flatMap((task, i) => [curve(task, 'acc', 0.4 + i / 20), curve(task, 'acc_norm', 0.3)]);
  const { shown, left } = chooseDownstream(curves);
  expect(shown.map(({ task }) => task)).toEqual(['sciq', 'piqa', 'arc_easy', 'winogrande', 'anatomy', 'virology']);
  expect(left).toBe(2);
  const series = { ...made('pythia-160m', pythiaSteps, () => 5), downstream: curves };
  const drawing = downstream({ series }, frame(493));
  expectPicture('downstream-174mm', drawing);
  expect(drawing.description).toContain('2 more tasks are not drawn');
  const last = drawing.places[6]!;
  // Steps of a result are those of its checkpoint, whose index a cursor needs.
  expect(series.checkpoints[last.checkpoint]!.revision).toBe('step143000');
  expect(last.lines).toEqual(['step143000 · 300B tokens', 'sciq acc 0.500 ± .015, n 1000']);
  expectPicture('downstream-phone', downstream({ series, tasks: ['piqa', 'wsc'] }, frame(358, 'screen')));
  expect(downstream({ series, metric: 'ppl' }, frame(238)).svg.textContent).toContain('no task has ppl');
});

test('a task of the sample over its post-training: additions answered right', async () => {
  const series = await demoSeries();
  const results = JSON.parse(
    readFileSync(new URL('../../sample/log/accuracy.json', import.meta.url), 'utf8'),
  ) as Record<string, { heldout: { n: number; greedy: number } }>;
  const points = Object.entries(results).map(([revision, { heldout }]) => {
    const { stage, step, tokens } = series.checkpoints.find((checkpoint) => checkpoint.revision === revision)!;
    const { n, greedy: value } = heldout;
    return { stage, revision, step, tokens, value, se: Math.sqrt((value * (1 - value)) / n), n };
  });
  const curve = { task: 'addition', metric: 'acc', source: 'sample/log/accuracy.json', points };
  const drawing = downstream({ series: { ...series, downstream: [curve] }, axis: 'stages' }, frame(493));
  expectPicture('downstream-sample-174mm', drawing);
  expect(drawing.places.map(({ lines }) => lines[1])).toEqual(
    ['.204', '.237', '.583', '.233', '.713', '.738'].map((value) => expect.stringContaining(value) as string),
  );
});
