/**
 * Public results of four Pythia models (27 checkpoints each, the harness's old keys): all of their tasks are imported and
 * related. Their geometry is not on a test's machine, so that of some of their checkpoints is made up.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { readEvaluations } from '../../src/evaluation/index.js';
import { relateRuns } from '../../src/relate/index.js';
import { pearson } from '../../src/statistics/index.js';
import { relatedRun } from './runs.js';

const shared = new URL('../../../shared/data/pythia-evals/', import.meta.url).pathname;
const models = ['pythia-160m', 'pythia-410m', 'pythia-1.4b', 'pythia-2.8b'];

const made: string[] = [];
afterAll(async () => {
  for (const path of made) await rm(path, { recursive: true, force: true });
});

describe.skipIf(!existsSync(shared))('Pythia', () => {
  it.each(models)('%s: 87 tasks, 172 curves of 27 checkpoints, as many as the files hold', async (model) => {
    const { curves, notes } = await readEvaluations(`${shared}${model}`);
    const files = (await readdir(`${shared}${model}`)).filter((name) => name.endsWith('.json'));
    const held = new Set<string>();
    let numbers = 0;
    for (const file of files) {
      const { results } = JSON.parse(await readFile(`${shared}${model}/${file}`, 'utf8')) as {
        results: Record<string, Record<string, number>>;
      };
      for (const [task, metrics] of Object.entries(results)) {
        for (const metric of Object.keys(metrics).filter((name) => !name.endsWith('_stderr'))) {
          held.add(`${task}\n${metric}`);
          numbers++;
        }
      }
    }
    expect(new Set(curves.map(({ task, metric }) => `${task}\n${metric}`))).toEqual(held);
    expect({ files: files.length, curves: curves.length, tasks: new Set(curves.map(({ task }) => task)).size }).toEqual(
      { files: 27, curves: 172, tasks: 87 },
    );
    expect(curves.reduce((sum, { points }) => sum + points.length, 0)).toBe(numbers);
    expect(notes).toEqual([]);
  });

  it('checkpoints that only one side has are left out, by name', async () => {
    // Every second public checkpoint, and two that have no results.
    const steps = [0, 2, 8, 32, 128, 512, 2000, 3000, 23000, 43000, 63000, 83000, 103000, 123000, 140000, 143000];
    const rankme = steps.map((_, i) => 300 + 200 * Math.sin(i / 3));
    const run = await relatedRun(
      steps.map((step, i) => ({
        ...{ revision: `step${step}`, step, tokens: step * 2_097_152 },
        ...{ rankme: rankme[i]!, alpha: 1 + i / 30 },
      })),
      { series: 'pythia-1.4b' },
    );
    made.push(run.path);
    const { series, notes } = await relateRuns([run.path], { evaluations: [`${shared}pythia-1.4b`] });
    const [{ stages, tasks, paper }] = series as [(typeof series)[number]];
    expect(tasks).toHaveLength(87);
    expect(tasks.every(({ points, matched }) => points === 27 && matched === 14)).toBe(true);
    expect(stages[0]).toMatchObject({ checkpoints: 16, matched: 14, withoutGiven: ['step0'] });
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/not measured are left out: .* and 9 more$/);
    expect(paper?.name).toBe('pythia-1.4b');
    // The numbers are those of the files at the same steps.
    const acc: number[] = [];
    for (const step of steps.filter((step) => step !== 2000 && step !== 140000)) {
      const text = await readFile(`${shared}pythia-1.4b/1.4b_step${step}.json`, 'utf8');
      acc.push((JSON.parse(text) as { results: { sciq: { acc: number } } }).results.sciq.acc);
    }
    const measured = rankme.filter((_, i) => steps[i] !== 2000 && steps[i] !== 140000);
    const sciq = stages[0]!.relations.find(({ figure, task }) => figure === 'rankme' && task === 'sciq')!;
    expect(sciq.levels).toMatchObject({ n: 14, pearson: pearson(measured, acc) });
    const every = await relateRuns([run.path], {
      evaluations: [`${shared}pythia-1.4b`],
      metric: 'all',
      figures: ['all'],
    });
    expect(every.series[0]!.stages[0]!.relations).toHaveLength(4 * 172);
    expect(JSON.stringify(every)).not.toMatch(/NaN|Infinity/);
  });
});
