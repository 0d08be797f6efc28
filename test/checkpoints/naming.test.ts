import { existsSync, readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareNames, compareStages, parseCheckpointName, stageOfName } from '../../src/checkpoints/naming.js';

const said = (name: string) => {
  const { step, tokens, stage, ingredient } = parseCheckpointName(name);
  return [step, tokens, stage, ingredient];
};

describe('parseCheckpointName', () => {
  it.each([
    // Pythia
    ['step0', 0, null, null, null],
    ['step143000', 143_000, null, null, null],
    ['pythia-160m-step512', 512, null, null, null],
    // OLMo-2
    ['stage1-step150-tokens1B', 150, 1e9, 'stage1', null],
    ['stage1-step928646-tokens3896B', 928_646, 3.896e12, 'stage1', null],
    ['stage2-ingredient3-step11931-tokens51B', 11_931, 5.1e10, 'stage2', 3],
    ['step0-tokens0B', 0, 0, null, null],
    ['OLMo-2-0425-1B-stage2-ingredient1-step1000-tokens3B', 1000, 3e9, 'stage2', 1],
    // directories of the training code
    ['step300-unsharded', 300, null, null, null],
    ['olmo2-1b-0425_stage2_ingredient1/step1000-unsharded', 1000, null, 'stage2', 1],
    // OLMo-1
    ['step1000-tokens4B', 1000, 4e9, null, null],
    ['step651581-tokens2732B', 651_581, 2.732e12, null, null],
    // RLVR, Trainer, DeepSpeed and NeoX, verl, Megatron, litgpt, SmolLM
    ['step_1200', 1200, null, null, null],
    ['checkpoint-500', 500, null, null, null],
    ['global_step1000', 1000, null, null, null],
    ['global_step_40', 40, null, null, null],
    ['iter_0001000', 1000, null, null, null],
    ['step-00002000', 2000, null, null, null],
    ['stage1-step-40000', 40_000, null, 'stage1', null],
    // post-training
    ['sft-step20', 20, null, 'sft', null],
    ['model-RLVR_step_80', 80, null, 'rlvr', null],
    ['allenai/OLMo-2-1124-7B@stage1-step1000-tokens5B', 1000, 5e9, 'stage1', null],
    // what says nothing
    ['main', null, null, null, null],
    ['best', null, null, null, null],
    ['epoch_3', null, null, null, null],
    ['checkpoint-best', null, null, null, null],
    ['1000', null, null, null, null],
    ['step1000-ema', null, null, null, null],
    ['step1000-tokens4', null, null, null, null],
    ['footstep12x', null, null, null, null],
    ['step', null, null, null, null],
    ['step99999999999999999999', null, null, null, null],
    ['', null, null, null, null],
  ])('%s', (name, ...expected) => {
    expect(said(name)).toEqual(expected);
  });

  // The steps of the public lists that fit no grid, as their branches are called; the label rounds up to whole billions.
  const odd: [perStep: number, name: string, stage: string | null, ingredient: number | null][] = [
    // OLMo-2 7B: its first branches lack the prefix; one that another run left between 2000 and 3000
    [4_194_304, 'step150-tokens1B', null, null],
    [4_194_304, 'step600-tokens3B', null, null],
    [4_194_304, 'step700-tokens3B', null, null],
    [4_194_304, 'step850-tokens4B', null, null],
    [4_194_304, 'step900-tokens4B', null, null],
    [4_194_304, 'stage1-step2150-tokens10B', 'stage1', null],
    [4_194_304, 'stage1-step928000-tokens3893B', 'stage1', null],
    [4_194_304, 'stage1-step928646-tokens3896B', 'stage1', null],
    [4_194_304, 'stage2-ingredient2-step11931-tokens51B', 'stage2', 2],
    // OLMo-2 1B
    [2_097_152, 'stage1-step0-tokens0B', 'stage1', null],
    [2_097_152, 'stage1-step300-tokens1B', 'stage1', null],
    [2_097_152, 'stage1-step23100-tokens49B', 'stage1', null],
    [2_097_152, 'stage1-step66200-tokens139B', 'stage1', null],
    [2_097_152, 'stage1-step1907359-tokens4001B', 'stage1', null],
    [2_097_152, 'stage2-ingredient3-step23852-tokens51B', 'stage2', 3],
  ];
  it.each(odd)('at %i tokens a step: %s', (perStep, name, stage, ingredient) => {
    const { step, tokens, ...rest } = parseCheckpointName(name);
    expect(step).toBe(Number(/step(\d+)/.exec(name)![1]));
    expect(tokens).toBe(Math.ceil((step! * perStep) / 1e9) * 1e9);
    expect(rest).toEqual({ stage, ingredient });
  });

  it.each(['step14200', 'step104750', 'step124200', 'step143850', 'step432410', 'step501150', 'step557000'])(
    'of OLMo 7B 0724: %s-unsharded, in whatever folder',
    (name) => {
      const step = Number(name.slice('step'.length));
      expect(said(`${name}-unsharded`)).toEqual([step, null, null, null]);
      expect(said(`olmo-medium/hrshlkzq/${name}-unsharded`)).toEqual([step, null, null, null]);
    },
  );

  it('takes no word that merely ends in step', () => {
    expect(parseCheckpointName('footstep12').step).toBeNull();
  });

  it('gives back any step it is written with', () => {
    const styles = ['step*', 'step_*', 'checkpoint-*', 'stage1-step*-tokens7B', 'iter_*', 'global_step*'];
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(...styles), (step, style) => {
        expect(parseCheckpointName(style.replace('*', String(step))).step).toBe(step);
      }),
    );
  });

  // Other people's lists, which are not part of the repository: absent elsewhere, the test is skipped.
  const manifests = new URL('../../../shared/data/manifests/', import.meta.url);
  it.skipIf(!existsSync(manifests))('reads every name of the public checkpoint lists', () => {
    let names = 0;
    for (const file of readdirSync(manifests)) {
      const [head, ...rows] = readFileSync(new URL(file, manifests), 'utf8').trim().split(/\r?\n/);
      const columns = head!.split(',');
      for (const row of rows) {
        const cells = row.split(',');
        const cell = (column: string) => (columns.includes(column) ? Number(cells[columns.indexOf(column)]) : null);
        const name = cells.at(-1)!.replace(/\/$/, '').split('/').slice(-2).join('/');
        const [step, ingredient] = [cell('Step'), cell('Ingredient')];
        const stage = ingredient === null ? null : 'stage2';
        expect([name, ...said(name)]).toEqual([name, step, null, stage, ingredient]);
        // As the branches on the Hub are called.
        const branch =
          ingredient === null ? `stage1-step${step}-tokens9B` : `stage2-ingredient${ingredient}-step${step}-tokens9B`;
        expect(said(branch)).toEqual([step, 9e9, stage ?? 'stage1', ingredient]);
        names++;
      }
    }
    expect(names).toBe(1802);
  });
});

describe('stages by name', () => {
  it('puts names without a stage and stage 1 together, and each ingredient apart', () => {
    const stage = (name: string) => stageOfName(parseCheckpointName(name));
    expect(['step5', 'stage1-step5-tokens1B', 'main'].map(stage)).toEqual(['pretrain', 'pretrain', 'pretrain']);
    expect(stage('stage2-ingredient2-step5-tokens1B')).toBe('stage2-ingredient2');
    expect(stage('dpo-step42')).toBe('dpo');
  });

  it('orders them as training does', () => {
    const stages = ['rlvr', 'zeta', 'stage2-ingredient10', 'sft', 'stage2-ingredient2', 'dpo', 'pretrain', 'stage3'];
    expect(stages.sort(compareStages)).toEqual([
      'pretrain',
      'stage2-ingredient2',
      'stage2-ingredient10',
      'stage3',
      'sft',
      'dpo',
      'rlvr',
      'zeta',
    ]);
  });
});

describe('compareNames', () => {
  it('orders numbers by value', () => {
    const names = ['checkpoint-1000', 'checkpoint-500', 'a10', 'a9', 'a', 'a09', 'b'];
    expect(names.sort(compareNames)).toEqual(['a', 'a09', 'a9', 'a10', 'b', 'checkpoint-500', 'checkpoint-1000']);
  });

  it('is an order', () => {
    const name = fc.string({ unit: fc.constantFrom('a', 'b', '0', '1', '9', '-') });
    fc.assert(
      fc.property(name, name, name, (a, b, c) => {
        expect(Math.sign(compareNames(a, b))).toBe(-Math.sign(compareNames(b, a)) + 0);
        if (compareNames(a, b) === 0) expect(a).toBe(b);
        if (compareNames(a, b) <= 0 && compareNames(b, c) <= 0) expect(compareNames(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });
});
