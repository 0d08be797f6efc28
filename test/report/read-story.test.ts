import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { addFailure, addRequest, listMeasurements, openRun, writeMeasurement } from '../../src/record/index.js';
import { drawnRanks, readSpectra, readStory, StoryReader } from '../../src/report/index.js';
import { packSpectra, unpackSpectra } from '../../src/story/index.js';
import { draft, layer, request, temporaryFolder } from '../record/fixture.js';
import { relatedRun, resultFiles, type Checkpoint } from '../relate/runs.js';

const demo = fileURLToPath(new URL('../golden/runs/demo', import.meta.url));
const version = '9.9.9';

interface Json {
  layers: Record<string, Record<string, number | null>>;
  replicates: Record<string, { rankme: number[]; alpha: number[] }>;
  step: number;
  tokens: number;
}
const stored = async (file: string) => JSON.parse(await readFile(join(demo, file), 'utf8')) as Json;

describe('readStory', () => {
  it('holds every figure, error and replicate of the run, by column, to 6 digits and more', async () => {
    const story = await readStory([demo], { version });
    const [run] = story.runs;
    const [series] = run!.series;
    expect(run).toMatchObject({ id: '1', name: 'demo', failures: [], problems: [] });
    expect(series).toMatchObject({
      ...{ id: '1/sample-neox-0.9m', label: 'sample-neox-0.9m', variant: null, control: null, n: 1500, d: 128 },
      ...{ layers: ['final'], alphaRange: [12, 100], position: 'last', precision: 'float32' },
      corpus: { name: 'sample:', sequences: 1500, tokens: 132_347, minTokens: 0, maxTokens: 128 },
    });
    expect(series!.stages.map(({ name }) => name)).toEqual(['pretrain', 'sft', 'dpo', 'rlvr']);
    expect(series!.checkpoints).toHaveLength(20);
    const { figures, reasons, replicates } = series!.curves['final']!;
    for (const [i, checkpoint] of series!.checkpoints.entries()) {
      const json = await stored(checkpoint.file);
      expect([checkpoint.step, checkpoint.tokens]).toEqual([json.step, json.tokens]);
      for (const [name, column] of Object.entries(figures)) {
        const expected = json.layers['final']![name];
        if (expected === null || expected === undefined) expect(column[i]).toBeNull();
        else expect(Math.abs(column[i]! - expected)).toBeLessThanOrEqual(5e-6 * Math.abs(expected));
      }
      for (const [k, value] of json.replicates['final']!.rankme.entries()) {
        expect(replicates.rankme[i]![k]).toBeCloseTo(value, 6);
      }
      expect(replicates.alpha[i]).toHaveLength(10);
    }
    expect(Object.keys(figures)).toEqual(expect.arrayContaining(['rankme', 'rankme_se', 'alpha', 'r2', 'mean_cosine']));
    expect(reasons['alpha_100_1000']).toEqual({ '*': '127 positive eigenvalues (expected at least 1000)' });
    expect(reasons['rankme']).toBeUndefined();
  });

  it('gives the command that asks for the run again', async () => {
    const [run] = (await readStory([demo], { version })).runs;
    expect(run!.commands).toEqual([
      'eigentrace trace sample/series.json --corpus sample: --sequences 1500 --min-tokens 0 --max-tokens 128 --out demo',
    ]);
  });

  it('shows what is sound and names what is damaged', async () => {
    const folder = join(await temporaryFolder(), 'run');
    await cp(demo, folder, { recursive: true });
    await writeFile(join(folder, 'geometry/sample-neox-0.9m/pretrain/step8.json'), '{"format":');
    await writeFile(join(folder, 'run.json'), '[]');
    const [run] = (await readStory([folder], { version })).runs;
    expect(run!.series[0]!.checkpoints).toHaveLength(19);
    expect(run!.problems.map(({ file }) => file)).toEqual([
      'run.json',
      'geometry/sample-neox-0.9m/pretrain/step8.json',
    ]);
    expect(run!.problems[1]!.message).toMatch(/^geometry\/sample-neox.*step8\.json: is not JSON/);
    expect(JSON.stringify(run)).not.toContain(folder);
    await expect(readStory([join(folder, 'geometry')], { version })).rejects.toThrow(/is not a run/);
  });

  it('sets variants and controls beside the main request, and failures where they would stand', async () => {
    const folder = join(await temporaryFolder(), 'run');
    const run = await openRun(folder, { create: true });
    await addRequest(run, request({ options: { maxTokens: 512, layers: 'final' } }));
    await addRequest(run, request({ variant: 'aa11', options: { maxTokens: 512, layers: 'all' } }));
    await writeMeasurement(run, draft({ variant: 'aa11', layers: { 0: layer, 10: layer, 2: layer, final: layer } }));
    await writeMeasurement(run, draft());
    const control = { kind: 'gaussian', seed: 3 };
    await writeMeasurement(run, { ...draft({ variant: 'bb22' }), control } as ReturnType<typeof draft>);
    const failure = { series: 'pythia-14m', stage: 'dpo', revision: 'step10', variant: null };
    await addFailure(run, {
      ...failure,
      code: 'input',
      message: `${folder}/x: broken`,
      created: draft().provenance.created,
    });
    const story = await readStory([folder], { version });
    const [main, other, third] = story.runs[0]!.series;
    expect(main).toMatchObject({ id: '1/pythia-14m', variant: null, label: 'pythia-14m' });
    expect(other).toMatchObject({ id: '1/pythia-14m/aa11', label: 'pythia-14m · layers all' });
    expect(other!.layers).toEqual(['0', '2', '10', 'final']);
    expect(third!.variant).toBe('bb22');
    expect(story.runs[0]!.failures).toEqual([
      { ...failure, step: 10, tokens: null, code: 'input', message: 'x: broken' },
    ]);
  });

  it('names runs by as much of their paths as tells them apart', async () => {
    const [a, b] = [await temporaryFolder(), await temporaryFolder()];
    await cp(demo, join(a, 'run'), { recursive: true });
    await cp(demo, join(b, 'run'), { recursive: true });
    const story = await readStory([join(a, 'run'), join(b, 'run')], { version });
    const names = story.runs.map(({ name }) => name);
    expect(names).toEqual([a, b].map((path) => `${path.split('/').at(-1)!}/run`));
    expect(story.runs.map(({ series }) => series[0]!.id)).toEqual(['1/sample-neox-0.9m', '2/sample-neox-0.9m']);
    await expect(readStory([a, `${a}/`], { version })).rejects.toThrow(/the same run twice/);
    await expect(readStory([], { version })).rejects.toThrow(/RUN: is missing/);
  });

  it('reads again only what changed', async () => {
    const folder = join(await temporaryFolder(), 'run');
    await cp(demo, folder, { recursive: true });
    const reader = new StoryReader([folder], { version });
    const before = await reader.read();
    const again = await reader.read();
    const id = '1/sample-neox-0.9m';
    const file = join(folder, 'geometry/sample-neox-0.9m/pretrain/step64.json');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('step64', 'step65'));
    await rm(join(folder, 'geometry/sample-neox-0.9m/pretrain/step8.json'));
    const after = await reader.read();
    // The very objects: nothing was parsed twice.
    expect(again.sources.get(id)!.every((stored, i) => stored === before.sources.get(id)![i])).toBe(true);
    expect(after.sources.get(id)).toHaveLength(18);
    expect(after.sources.get(id)!.every((stored) => before.sources.get(id)!.includes(stored))).toBe(true);
    expect(after.story.runs[0]!.problems).toHaveLength(1);
  });
});

describe('readSpectra', () => {
  it('gives the stored eigenvalues that count, thinned in rank, packed and unpacked to 7 digits', async () => {
    const { measurements } = await listMeasurements(await openRun(demo));
    const { spectra, problems } = await readSpectra('1/s', measurements, 'final');
    expect(problems).toEqual([]);
    expect(spectra.ranks).toEqual(Array.from({ length: 127 }, (_, i) => i + 1));
    for (const [i, { measurement }] of measurements.entries()) {
      const values = spectra.eigenvalues[i]!;
      const { top1, stable_rank } = measurement.layers['final']! as { top1: number; stable_rank: number };
      expect(values[0]! / spectra.totals[i]!).toBeCloseTo(top1, 12);
      expect(spectra.totals[i]! / values[0]!).toBeCloseTo(stable_rank, 9);
      expect(values.every((value, k) => value > 0 && value <= (values[k - 1] ?? Infinity))).toBe(true);
    }
    const back = unpackSpectra(packSpectra(spectra));
    for (const [i, values] of spectra.eigenvalues.entries()) {
      for (const [k, value] of values!.entries()) {
        expect(Math.abs(back.eigenvalues[i]![k]! / value - 1)).toBeLessThan(1e-7);
      }
    }
    expect({ ...back, eigenvalues: [] }).toEqual({ ...spectra, eigenvalues: [] });
  });

  it('keeps scales that float32 does not hold, and absences', () => {
    const spectra = {
      ...{ series: 's', layer: '3', ranks: [1, 2] },
      ...{ eigenvalues: [[1e-60, 1e-62], null, [2e50]], totals: [1.01e-60, null, 2e50] },
    };
    const back = unpackSpectra(packSpectra(spectra));
    expect(back.eigenvalues[0]![1]! / 1e-62).toBeCloseTo(1, 6);
    expect(back.eigenvalues[1]).toBeNull();
    expect(back.eigenvalues[2]).toEqual([2e50]);
  });

  it('draws the first 128 ranks and 72 more, to the last', () => {
    expect(drawnRanks(0)).toEqual([]);
    expect(drawnRanks(3)).toEqual([1, 2, 3]);
    const ranks = drawnRanks(5120);
    expect(ranks.length).toBeLessThanOrEqual(200);
    expect(ranks.slice(0, 128)).toEqual(Array.from({ length: 128 }, (_, i) => i + 1));
    expect(ranks.at(-1)).toBe(5120);
    expect(ranks.every((rank, i) => rank > (ranks[i - 1] ?? 0))).toBe(true);
    expect(drawnRanks(130)).toEqual(Array.from({ length: 130 }, (_, i) => i + 1));
  });

  it('tells which arrays are not those of the measurement', async () => {
    const folder = join(await temporaryFolder(), 'run');
    await cp(demo, folder, { recursive: true });
    const stage = join(folder, 'geometry/sample-neox-0.9m/pretrain');
    await cp(join(stage, 'step1.safetensors'), join(stage, 'step0.safetensors'));
    await rm(join(stage, 'step2.safetensors'));
    const { measurements } = await listMeasurements(await openRun(folder));
    const { spectra, problems } = await readSpectra('1/s', measurements, 'final');
    expect(problems.map(({ path }) => path.split('/').at(-1))).toEqual(['step0.safetensors', 'step2.safetensors']);
    expect(problems[0]!.message).toContain('not the arrays that the measurement was stored with');
    expect(spectra.eigenvalues.map((values) => values === null).slice(0, 4)).toEqual([true, false, true, false]);
  });
});

describe('results of tasks', () => {
  it('of the run itself are curves of its story; files that repeat them are not told twice; a new file is seen', async () => {
    const at = (step: number, acc: number): Checkpoint => ({
      ...{ revision: `step${step}`, step, tokens: step * 1000, rankme: 20 + step, alpha: 1 },
      tasks: { sciq: { acc, acc_norm: acc / 2 } },
    });
    const { path } = await relatedRun([at(1, 0.25), at(2, 0.5), at(4, 0.75)]);
    const reader = new StoryReader([path]);
    const { story } = await reader.read();
    const [series] = story.runs[0]!.series;
    expect(series!.downstream.map(({ task, metric, source }) => [task, metric, source])).toEqual([
      ['sciq', 'acc', 'this run'],
      ['sciq', 'acc_norm', 'this run'],
    ]);
    expect(series!.downstream[0]!.points[1]).toEqual({
      ...{ stage: 'pretrain', revision: 'step2', step: 2, tokens: 2000, value: 0.5, se: 0.01, n: 100 },
    });
    expect((await reader.read()).story).toBe(story);
    const same = await resultFiles({ 'x_step1.json': { sciq: 0.25 }, 'x_step4.json': { sciq: 0.75, piqa: 0.6 } });
    const beside = await readStory([path], { evaluations: [same] });
    expect(beside.runs[0]!.series[0]!.downstream.map(({ task, metric }) => `${task} ${metric}`)).toEqual([
      ...['sciq acc', 'sciq acc_norm', 'piqa acc'],
    ]);
    await rm(join(path, 'tasks/pythia-14m/pretrain/step2.json'));
    await writeFile(join(path, 'tasks/pythia-14m/pretrain/step4.json'), '{}');
    const later = (await reader.read()).story.runs[0]!;
    expect(later.series[0]!.downstream[0]!.points.map(({ revision }) => revision)).toEqual(['step1']);
    expect(later.problems).toMatchObject([{ file: 'tasks/pythia-14m/pretrain/step4.json' }]);
  });
});

describe('what stands beside the curves', () => {
  it('goes to the series that its path names, else to the first', async () => {
    const folder = await temporaryFolder();
    const results = join(folder, 'results');
    await mkdir(results);
    const harness = {
      results: { sciq: { 'acc,none': 0.75, 'acc_stderr,none': 0.01, alias: 'sciq' } },
      config: { model: 'hf', model_args: 'pretrained=x/y,revision=step512' },
      'n-samples': { sciq: { original: 1000, effective: 1000 } },
    };
    await writeFile(join(results, 'step512.json'), JSON.stringify(harness));
    const log = join(folder, 'sample-neox-0.9m.csv');
    await writeFile(log, 'step,loss\n0,6.5\n512,4.25\n');
    const { runs } = await readStory([demo], { evaluations: [results], logs: [log] });
    const [series] = runs[0]!.series;
    expect(series!.downstream).toHaveLength(1);
    expect(series!.downstream[0]).toMatchObject({ task: 'sciq', metric: 'acc' });
    expect(series!.downstream[0]!.points[0]).toMatchObject({ step: 512, value: 0.75, se: 0.01 });
    expect(series!.logs).toMatchObject([{ stage: 'pretrain', steps: [0, 512], columns: { loss: [6.5, 4.25] } }]);
    await expect(readStory([demo], { logs: [join(folder, 'none.csv')] })).rejects.toThrow('none.csv');
  });
});
