import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readEvaluations } from '../../src/evaluation/index.js';

const shared = new URL('../../../shared/data/pythia-evals/', import.meta.url).pathname;

async function folder(files: Readonly<Record<string, unknown>>): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'eigentrace-evaluation-'));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(path, name, '..'), { recursive: true });
    await writeFile(join(path, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return path;
}

/** As the harness wrote before 0.4. */
const old = (revision: string, acc: number) => ({
  results: { sciq: { acc, acc_stderr: 0.01, acc_norm: acc - 0.05, acc_norm_stderr: 0.011 } },
  versions: { sciq: 0 },
  config: {
    model: 'hf-causal',
    model_args: `use_accelerate=True,pretrained=org/model,revision=${revision}`,
    num_fewshot: 0,
  },
});

/** As it writes since. */
const current = (revision: string, acc: number, shots = 0) => ({
  results: {
    sciq: { alias: 'sciq', 'acc,none': acc, 'acc_stderr,none': 0.012 },
    gsm8k: { alias: 'gsm8k', 'exact_match,strict-match': 0.02, 'exact_match_stderr,strict-match': 'N/A' },
  },
  versions: { sciq: 1, gsm8k: 3 },
  'n-shot': { sciq: shots, gsm8k: 5 },
  'n-samples': { sciq: { original: 1000, effective: 500 }, gsm8k: { original: 1319, effective: 1319 } },
  config: { model: 'hf', model_args: { pretrained: 'org/model', revision } },
});

describe('own files', () => {
  test('the old key style, steps from the revision, in order of steps and not of names', async () => {
    const path = await folder({
      'a_step10.json': old('step10', 0.3),
      'a_step9.json': old('step9', 0.25),
      'a_step1000.json': old('step1000', 0.8),
    });
    const { curves, notes } = await readEvaluations(path);
    expect(notes).toEqual([]);
    expect(curves.map(({ task, metric }) => [task, metric])).toEqual([
      ['sciq', 'acc'],
      ['sciq', 'acc_norm'],
    ]);
    expect(curves[0]!.points).toEqual([
      { stage: 'pretrain', revision: 'step9', step: 9, tokens: null, value: 0.25, se: 0.01, n: null },
      { stage: 'pretrain', revision: 'step10', step: 10, tokens: null, value: 0.3, se: 0.01, n: null },
      { stage: 'pretrain', revision: 'step1000', step: 1000, tokens: null, value: 0.8, se: 0.01, n: null },
    ]);
  });

  test('the new key style: filters, N/A, samples; folders of checkpoints', async () => {
    const path = await folder({
      'org__model/results_2025-01-01T00-00-00.000000.json': current('stage1-step1000-tokens3B', 0.5),
      'org__model/samples_sciq.json': { not: 'results' },
    });
    const { curves, notes } = await readEvaluations(path);
    expect(curves.map(({ task, metric }) => `${task} ${metric}`)).toEqual([
      'gsm8k exact_match[strict-match]',
      'sciq acc',
    ]);
    expect(curves[0]!.points[0]).toMatchObject({ value: 0.02, se: null, n: 1319 });
    expect(curves[1]!.points[0]).toEqual({
      ...{ stage: 'pretrain', revision: 'stage1-step1000-tokens3B', step: 1000, tokens: 3e9 },
      ...{ value: 0.5, se: 0.012, n: 500 },
    });
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/^left out: .*samples_sciq\.json: not a result file of lm-evaluation-harness, got not /);
  });

  test('other numbers of examples are other curves; other versions are said', async () => {
    const path = await folder({
      'step1.json': current('step1', 0.4),
      'five/step1.json': current('step1', 0.6, 5),
      'step2.json': old('step2', 0.5),
    });
    const { curves, notes } = await readEvaluations(path);
    expect(curves.filter(({ metric }) => metric === 'acc').map(({ task, points }) => [task, points.length])).toEqual([
      ['sciq (0-shot)', 2],
      ['sciq (5-shot)', 1],
    ]);
    expect(notes).toContain('sciq: versions 0, 1 in one curve, they may not compare');
  });

  test('a stage in the revision, and a glob', async () => {
    const path = await folder({
      'x/sft-step20.json': current('sft-step20', 0.4),
      'x/other.json': current('step5', 0.1),
    });
    const { curves } = await readEvaluations(`${path}/x/sft*.json`);
    expect(curves.at(-1)!.points.map(({ stage, step }) => [stage, step])).toEqual([['sft', 20]]);
  });

  test.each([
    [
      'two models',
      {
        'step1.json': old('step1', 0.1),
        'step2.json': { ...old('step2', 0.2), config: { model_args: 'pretrained=org/other,revision=step2' } },
      },
      /results of 2 models, got org\/model, org\/other/,
    ],
    ['nothing there', {}, /no result file, got no \.json file/],
    ['only damaged ones', { 'step1.json': '{"results": ' }, /no result file, got .*step1\.json: is not JSON/],
    ['no number', { 'step1.json': { results: { sciq: { alias: 'sciq' } } } }, /holds no number, got 1 tasks/],
  ])('%s', async (_, files, message) => {
    await expect(readEvaluations(await folder(files))).rejects.toThrow(message);
  });

  test('a file named by itself must read; a name that is not there gets the nearest', async () => {
    const path = await folder({ 'step1.json': '[]', 'results-step2.json': old('step2', 0.2) });
    await expect(readEvaluations(join(path, 'step1.json'))).rejects.toThrow(
      /step1\.json: not a result file .* got an array/,
    );
    await expect(readEvaluations(join(path, 'results-step3.json'))).rejects.toThrow(/near it: results-step2\.json/);
  });
});

describe.skipIf(!existsSync(shared))('public results of Pythia', () => {
  test.each(['160m', '410m', '1.4b', '2.8b'])('pythia-%s: 27 checkpoints', async (size) => {
    const { curves } = await readEvaluations(`${shared}pythia-${size}`);
    const sciq = curves.find(({ task, metric }) => task === 'sciq' && metric === 'acc')!;
    expect(sciq.points).toHaveLength(27);
    expect(sciq.points.map(({ step }) => step)).toEqual(sciq.points.map(({ step }) => step!).sort((a, b) => a - b));
    expect(sciq.points.every(({ se }) => se !== null && se > 0 && se < 0.02)).toBe(true);
  });

  test('values of pythia-160m as the files hold them', async () => {
    const { curves } = await readEvaluations(`${shared}pythia-160m`);
    const at = (task: string, metric: string, step: number) =>
      curves
        .find((curve) => curve.task === task && curve.metric === metric)!
        .points.find((point) => point.step === step)!;
    expect(at('sciq', 'acc', 143000)).toMatchObject({ value: 0.741, se: 0.013860415257527911 });
    expect(at('lambada_openai', 'ppl', 1000)).toMatchObject({ value: 2591.451412162786, se: 111.22201519272778 });
  });
});
