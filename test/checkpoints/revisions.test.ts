import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { selectRevisions, type SeriesEntry } from '../../src/checkpoints/index.js';

const entry = (stage: string, step: number | null, revision = `step${step}`): SeriesEntry => ({
  stage,
  revision,
  step,
  tokens: null,
  parent: null,
  seed: null,
  folder: null,
  problem: null,
});

/** Pythia's 154 revisions. */
const pythia = [
  0,
  ...Array.from({ length: 10 }, (_, k) => 2 ** k),
  ...Array.from({ length: 143 }, (_, k) => 1000 * (k + 1)),
];
const series = pythia.map((step) => entry('pretrain', step));
const stages = [
  ...[0, 10, 100].map((s) => entry('pretrain', s)),
  ...[5, 10].map((s) => entry('sft', s, `sft-step${s}`)),
];

const steps = (spec: string) => selectRevisions(series, spec).map(({ step }) => step);
const names = (spec: string) => selectRevisions(stages, spec).map(({ revision }) => revision);

function usage(spec: string, entries: readonly SeriesEntry[] = series): string {
  try {
    return `not refused: ${selectRevisions(entries, spec).length}`;
  } catch (error) {
    expect(error).toMatchObject({ name: 'EigentraceError', code: 'usage' });
    return (error as Error).message;
  }
}

describe('selectRevisions', () => {
  it('all', () => expect(selectRevisions(series, 'all')).toEqual(series));

  it('log:N is spread evenly over the logarithm, ends included', () => {
    // The choice that minimises the sum of distances to 24 even targets in ln(1 + step), found by dynamic programming in Python.
    expect(steps('log:24')).toEqual([
      0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 11_000, 18_000, 30_000,
      51_000, 85_000, 143_000,
    ]);
    expect(steps('log:2')).toEqual([0, 143_000]);
    expect(steps('log:3')).toEqual([0, 512, 143_000]);
    expect(steps('log:154')).toEqual(pythia);
    expect(steps('log:9999')).toEqual(pythia);
  });

  it('log:N of any steps gives N of them, first and last, in order', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(1_000_000), { minLength: 2, maxLength: 60 }),
        fc.integer({ min: 2, max: 70 }),
        (all, n) => {
          const sorted = all.sort((a, b) => a - b);
          const chosen = selectRevisions(
            sorted.map((s) => entry('pretrain', s)),
            `log:${n}`,
          ).map(({ step }) => step!);
          expect(chosen).toHaveLength(Math.min(n, sorted.length));
          expect([chosen[0], chosen.at(-1)]).toEqual([sorted[0], sorted.at(-1)]);
          expect(chosen).toEqual([...new Set(chosen)].sort((a, b) => a - b));
        },
      ),
    );
  });

  it('every:N counts along the list', () => {
    expect(steps('every:50')).toEqual([0, 40_000, 90_000, 140_000]);
    expect(steps('every:1')).toEqual(pythia);
    const unnamed = ['a', 'b', 'c'].map((name) => entry('pretrain', null, name));
    expect(selectRevisions(unnamed, 'every:2').map(({ revision }) => revision)).toEqual(['a', 'c']);
  });

  it('ranges, with and without a stride, open or closed', () => {
    expect(steps('1000..5000')).toEqual([1000, 2000, 3000, 4000, 5000]);
    expect(steps('1000..20000:5000')).toEqual([1000, 6000, 11_000, 16_000]);
    expect(steps('..4')).toEqual([0, 1, 2, 4]);
    expect(steps('142000..')).toEqual([142_000, 143_000]);
  });

  it('paper takes every step to 10,000, then multiples of 10,000', () => {
    const expected = pythia.filter((s) => s <= 10_000 || s % 10_000 === 0);
    expect(steps('paper')).toEqual(expected);
    expect(expected).toHaveLength(11 + 10 + 13);
  });

  it('lists of names, steps, globs and rules, in the order of the series, once each', () => {
    expect(steps('step2000, 1000,step2000,140000..')).toEqual([1000, 2000, 140_000, 141_000, 142_000, 143_000]);
    expect(steps('step?,step14[0-2]000')).toEqual([0, 1, 2, 4, 8, 140_000, 141_000, 142_000]);
    expect(steps('step[!1-9]')).toEqual([0]);
    expect(names('*-step5')).toEqual(['sft-step5']);
    expect(names('sft/*')).toEqual(['sft-step5', 'sft-step10']);
    expect(names('pretrain/step10')).toEqual(['step10']);
  });

  it('applies rules about steps within each stage', () => {
    expect(names('log:2')).toEqual(['step0', 'step100', 'sft-step5', 'sft-step10']);
    expect(names('every:2')).toEqual(['step0', 'step100', 'sft-step5']);
    expect(names('10')).toEqual(['step10', 'sft-step10']);
  });

  it('takes checkpoints at one step together', () => {
    const seeds = [5, 5, 9, 9, 20].map((step, i) => entry('sft', step, `seed${i}-step${step}`));
    expect(selectRevisions(seeds, 'log:2').map(({ revision }) => revision)).toEqual([
      'seed0-step5',
      'seed1-step5',
      'seed4-step20',
    ]);
    expect(selectRevisions(seeds, 'every:2').map(({ step }) => step)).toEqual([5, 5, 20]);
  });

  it('treats dots and brackets of names as letters', () => {
    const odd = ['v1.0', 'v1x0', 'a(b)'].map((name) => entry('pretrain', null, name));
    expect(selectRevisions(odd, 'v1.*').map(({ revision }) => revision)).toEqual(['v1.0']);
    expect(selectRevisions(odd, 'a(?)').map(({ revision }) => revision)).toEqual(['a(b)']);
  });

  it.each([
    ['', '--revisions : is empty (expected all, log:24'],
    [' , ', 'is empty'],
    [
      'step1001',
      '--revisions step1001: no such revision (nearest: step1000, step10000, step11000); the series has 154 checkpoints, steps 0 to 143000',
    ],
    ['papr', 'no such revision (nearest: paper'],
    ['1234', '--revisions 1234: no checkpoint at that step (nearest: 1000, 512, 2000)'],
    ['stp*', '--revisions stp*: matches nothing; the series has 154 checkpoints, steps 0 to 143000'],
    ['1001..1999', '--revisions 1001..1999: matches nothing'],
    ['..', 'matches nothing'],
    ['20..10', 'ends before it begins, got 20..10 (expected 10..20)'],
    ['0..10:0', 'got 0 after the colon (expected a whole number from 1)'],
    ['0..10:', 'got no stride after the colon'],
    ['log:1', '--revisions log:1: got 1 (expected a whole number from 2 after log:)'],
    ['every:0', 'got 0 (expected a whole number from 1 after every:)'],
    ['every:', 'got no number'],
    ['log:x', 'got x (expected'],
    ['step[9-0]*', 'is not a glob'],
    ['all,nothere', '--revisions nothere: no such revision'],
  ])('refuses %j', (spec, message) => {
    expect(usage(spec)).toContain(message);
  });

  it('refuses rules about steps where there are none', () => {
    expect(usage('log:5', [entry('pretrain', null, 'main')])).toBe(
      '--revisions log:5: goes by step, and no checkpoint has one, got main (expected names such as step1000)',
    );
  });
});
