/** Tasks and geometry: the matrix of correlations, and every task as a map. */
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { chooseDownstream, correlationMatrix, downstream, taskMap, tasksOf } from '../../src/charts/index.js';
import { readEvaluations } from '../../src/evaluation/index.js';
import { geometryOfStory, relatedStage, relationsOf, type DownstreamCurve } from '../../src/story/index.js';
import { expectPicture } from './snapshot.js';
import { frame, made, pythiaSteps } from './story.js';

const shared = new URL('../../../shared/data/pythia-evals/', import.meta.url).pathname;

/** RankMe rises and falls; α is its mirror. */
const series = made('pythia-160m', pythiaSteps, (_, i) => 300 + 200 * Math.sin(i / 3) + 9 * Math.sin(7 * i));
const task = (name: string, value: (i: number) => number, metric = 'acc'): DownstreamCurve => ({
  ...{ task: name, metric, source: 'evals' },
  points: pythiaSteps.map((step, i) => ({
    ...{ stage: 'pretrain', revision: `step${step}`, step, tokens: null, value: value(i), se: 0.01, n: 1000 },
  })),
});
const tasks = [
  task('sciq', (i) => 0.5 + 0.3 * Math.sin(i / 3) + 0.01 * Math.cos(5 * i)),
  task('piqa', (i) => 0.5 + 0.0015 * i + 0.02 * Math.cos(11 * i)),
  task('arc_easy', (i) => 0.6 - 0.2 * Math.sin(i / 3) + 0.02 * Math.sin(3 * i)),
  task('wsc', () => 0.365),
  task('triviaqa', (i) => (i / 160) ** 2 * 0.4 + 0.005 * Math.sin(i), 'exact_match'),
];
const related = (figures = ['rankme', 'alpha']) =>
  relationsOf(geometryOfStory(series, 'final'), tasks, { stage: 'pretrain', figures });

describe('the matrix', () => {
  test('increments: a number a cell on a diverging tint, what Holm lets stand framed and starred', () => {
    const relations = related();
    const drawing = correlationMatrix({ series, relations }, frame(238));
    expectPicture('correlation-matrix-84mm', drawing);
    expect(drawing.title).toBe('Pearson’s r of increments of tasks with geometry');
    const marked = relations.relations.filter(({ pHolm }) => pHolm !== null && pHolm < 0.05);
    expect(marked.map(({ figure, task }) => `${figure} ${task}`)).toEqual([
      ...['rankme sciq', 'rankme arc_easy', 'alpha sciq', 'alpha arc_easy'],
    ]);
    const text = drawing.svg.textContent;
    expect(text.match(/[+−]\.\d\d\*/g)).toHaveLength(4);
    expect(text).toContain('* p < .05 (Holm)');
    // A task that does not vary has no number, and the data say why.
    const rows = drawing.data.rows.filter((row) => row[2] === 'wsc');
    expect(rows.map((row) => [row[7], row[12]])).toEqual([
      [null, 'the steps of wsc do not vary'],
      [null, 'the steps of wsc do not vary'],
    ]);
    expect(drawing.data.rows).toHaveLength(10);
    const sciq = relations.relations[0]!;
    expect(drawing.data.rows[0]).toEqual([
      ...['pretrain', 'rankme', 'sciq', 'acc', 'evals', 'increments', 'pearson', sciq.increments.pearson],
      ...[null, sciq.increments.n, sciq.increments.p, sciq.pHolm, null],
    ]);
    expect(drawing.places[0]!.lines[2]).toMatch(/^p <\.001, by Holm <\.001 \(of r\) \*$/);
    expect(drawing.description).toContain('Below .05 after Holm’s correction: sciq acc with RankMe; ');
  });

  test('levels carry no p and no mark; a phone; Spearman’s ρ given ln(tokens)', () => {
    const drawing = correlationMatrix({ series, relations: related(), part: 'levels' }, frame(358, 'screen'));
    expectPicture('correlation-matrix-levels-phone', drawing);
    expect(drawing.svg.textContent).not.toContain('*');
    expect(drawing.places[0]!.lines.at(-1)).toBe('descriptive: curves that drift look correlated');
    expect(drawing.data.rows[0]!.slice(10, 12)).toEqual([null, null]);
    const input = { series, relations: related(), part: 'partial', kind: 'spearman' } as const;
    const partial = correlationMatrix(input, frame(493));
    expect(partial.title).toBe('Spearman’s ρ given ln(tokens) of tasks with geometry');
    // Step 0 has no ln(tokens).
    expect(partial.data.rows[0]![9]).toBe(pythiaSteps.length - 1);
  });

  test('many tasks and figures: the first of them, and how many are not drawn; none at all', () => {
    const many = Array.from({ length: 40 }, (_, k) => task(`task_${k}`, (i) => Math.sin(i * (k + 1))));
    const figures = ['rankme', 'alpha', 'rankme_se', 'alpha_se', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const relations = relationsOf(geometryOfStory(series, 'final'), many, { stage: 'pretrain', figures });
    const drawing = correlationMatrix({ series, relations }, frame(358, 'screen'));
    expect(drawing.description).toMatch(/10 more tasks are not drawn\. \d more figures are not drawn\.$/);
    expect(drawing.svg.outerHTML).not.toMatch(/NaN|undefined/);
    const none = relationsOf(geometryOfStory(series, 'final'), [], { stage: 'pretrain', figures: ['rankme'] });
    expect(correlationMatrix({ series, relations: none }, frame(238)).svg.textContent).toContain('no task to relate');
  });

  test('where to look: pretraining, else the first stage with four checkpoints', () => {
    expect(relatedStage(series, tasks)).toBe('pretrain');
    const few = tasks.map((curve) => ({ ...curve, points: curve.points.slice(0, 3) }));
    expect(relatedStage(series, few)).toBeNull();
  });
});

describe('every task', () => {
  test('as colour, the best at the end on top, with the cursor of measured checkpoints', () => {
    const { curves } = tasksOf(tasks);
    expect(curves.map(({ task: name }) => name)).toEqual(['sciq', 'piqa', 'arc_easy', 'triviaqa', 'wsc']);
    const drawing = taskMap({ series, curves, name: 'Accuracy' }, frame(238));
    expectPicture('task-map-84mm', drawing);
    expect(drawing.data.rows).toHaveLength(5 * pythiaSteps.length);
    const last = curves.map((curve) => [curve.points.at(-1)!.value, curve.task] as const).sort((a, b) => b[0] - a[0]);
    expect(drawing.data.rows.map((row) => row[0]).filter((name, i, all) => name !== all[i - 1])).toEqual(
      last.map(([, name]) => name),
    );
    expect(drawing.places.every(({ checkpoint }) => checkpoint >= 0)).toBe(true);
  });

  test('results of checkpoints that were not measured stand at their steps', () => {
    const part = { ...series, checkpoints: series.checkpoints.filter((_, i) => i % 2 === 1) };
    const drawing = taskMap({ series: part, curves: tasks, name: 'Accuracy' }, frame(238));
    expect(drawing.data.rows).toHaveLength(5 * pythiaSteps.length);
    expect(drawing.places.some(({ checkpoint }) => checkpoint === -1)).toBe(true);
    expect(drawing.svg.outerHTML).not.toMatch(/NaN|undefined/);
  });

  const models = ['pythia-160m', 'pythia-410m', 'pythia-1.4b', 'pythia-2.8b'];
  test.skipIf(!existsSync(shared)).each(models)('%s: every curve of the files is drawn', async (model) => {
    const { curves } = await readEvaluations(`${shared}${model}`);
    const drawn = new Set<string>();
    let points = 0;
    for (const metric of new Set(curves.map((curve) => curve.metric))) {
      const { curves: own } = tasksOf(curves, metric);
      const map = taskMap({ series, curves: own, name: metric }, frame(700, 'screen'));
      for (const row of map.data.rows) drawn.add(`${String(row[0])}\n${String(row[1])}`);
      points += map.data.rows.length;
      // As lines, six at a time.
      for (let i = 0; i < own.length; i += 6) {
        const names = own.slice(i, i + 6).map(({ task: name }) => name);
        const { shown } = chooseDownstream(own, { tasks: names, metric });
        expect(shown).toHaveLength(names.length);
        const lines = downstream({ series, curves: own, tasks: names, metric }, frame(700, 'screen'));
        expect(lines.data.rows).toHaveLength(27 * names.length);
      }
    }
    expect({ curves: drawn.size, tasks: new Set(curves.map(({ task: name }) => name)).size, points }).toEqual({
      ...{ curves: 172, tasks: 87, points: 172 * 27 },
    });
  });
});
