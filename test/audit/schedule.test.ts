import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { RevisionFacts } from '../../src/audit/facts.js';
import { parseExpected } from '../../src/audit/expected.js';
import { inferSchedule, missingSteps } from '../../src/audit/schedule.js';
import { pythiaSteps } from './revisions.js';

const at = (step: number, stage = 'pretrain'): RevisionFacts => ({
  ...{ stage, revision: `step${step}`, step, branch: '', weights: [], config: null, tokenizer: null },
  ...{ dtypes: [], shapes: null, trainer: null, problems: [] },
});
const missing = (name: string, steps: readonly number[]): number[] =>
  missingSteps({ name, tokensPerStep: null, revisions: steps.map((step) => at(step)) }).flatMap(
    (found) => found.missing?.map(({ step }) => step) ?? [],
  );
const thousands = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, k) => (from + k) * 1000);

describe('the schedule that revisions follow', () => {
  it("is Pythia's, to its end where the name says so", () => {
    expect(missing('pythia-1b', pythiaSteps)).toEqual([]);
    const some = pythiaSteps.filter((step) => step !== 8 && step !== 77_000 && step < 142_000);
    expect(missing('pythia-1b', some)).toEqual([8, 77_000, 142_000, 143_000]);
    expect(missing('mine', some)).toEqual([8, 77_000]);
  });

  it("is OLMo-2's, whose extra steps between are no gaps", () => {
    const steps = [0, 150, 600, 700, 850, 900, 1000, 2000, 2150, ...thousands(3, 60), 60_646];
    expect(missing('OLMo-2-1124-7B', steps)).toEqual([]);
    expect(
      missing(
        'OLMo-2-1124-7B',
        steps.filter((step) => step !== 2000 && step !== 31_000),
      ),
    ).toEqual([2000, 31_000]);
  });

  it('is not claimed where it is not clear', () => {
    expect(inferSchedule('x', [])).toBeNull();
    expect(missing('x', [5])).toEqual([]);
    expect(missing('x', [10, 20, 30, 50])).toEqual([]);
    // Every tenth of the small ones, then a few.
    expect(missing('x', [0, 10, 20, 30, 40, 500, 9000, 20_000, 100_000])).toEqual([]);
    expect(missing('sample', [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000, 2000, 4000, 6000])).toEqual([]);
  });
});

// Other people's lists, which are not part of the repository: absent elsewhere, the test is skipped.
const manifests = new URL('../../../shared/data/manifests/', import.meta.url);

it.skipIf(!existsSync(manifests))('reads the public lists of checkpoints, and finds their own gaps alone', () => {
  const gaps: Record<string, number[]> = {};
  for (const file of readdirSync(manifests)) {
    const expected = parseExpected(readFileSync(new URL(file, manifests), 'utf8'), file);
    for (const [stage, { steps }] of expected) gaps[`${file} ${stage}`] = missing(file, steps);
  }
  const old = 'OLMo-7B-0724.csv pretrain';
  expect(Object.fromEntries(Object.entries(gaps).filter(([, steps]) => steps.length > 0))).toEqual({
    [old]: [...thousands(3, 4), ...thousands(6, 9), ...thousands(26, 39), ...thousands(493, 499)],
  });
  expect(Object.keys(gaps)).toHaveLength(3 + 6);
});
