/** A smaller version of bench/phases.mjs with fixed seeds: recall, false alarms and coverage on curves of known shape. */
import { beforeAll, describe, expect, it } from 'vitest';
import {
  errorCurves,
  measuredCurve,
  seeded,
  trial,
  type ErrorCurve,
  type Trial,
} from '../../bench/simulated-curves.mjs';
import { phasesOf } from '../../src/phases/index.js';
import { scatterChange, scatterOf } from '../../src/phases/scatter.js';
import { curvesOf, listMeasurements, openRun } from '../../src/record/index.js';
import { errorOfDifference, replicateCurves } from '../../src/statistics/index.js';

let errors: ErrorCurve[];
beforeAll(async () => {
  const run = await openRun(new URL('../golden/runs/demo', import.meta.url).pathname);
  const { curves } = curvesOf(await listMeasurements(run), { stage: 'pretrain' });
  const trained = curves[0]!.points.filter(({ tokens }) => tokens! > 0);
  errors = errorCurves(trained.map(({ tokens, replicates }) => ({ tokens: tokens!, replicates: replicates!.rankme })));
});

const outcome = (wanted: Pick<Trial, 'shape' | 'size'> & Partial<Trial>) =>
  trial(phasesOf, errors, { checkpoints: 'doubling', noise: {}, trials: 150, seed: 5, options: {}, ...wanted });

describe('simulated curves with the errors of the sample', () => {
  it("have the sample's errors: levels to a few percent, neighbours far better", () => {
    const random = seeded(3);
    const tokens = Array.from({ length: 15 }, (_, i) => 4096 * 2 ** i);
    const points = measuredCurve(random, tokens, { value: () => 5 }, errors);
    const curves = replicateCurves(points.map(({ replicates }) => replicates!.rankme.map(Math.log)))!;
    const level = Math.sqrt(
      [0, 5, 10, 14].reduce(
        (sum, i) =>
          sum +
          errorOfDifference(
            curves.map((c) => [0, c[i]!]),
            0,
            1,
          )! **
            2,
        0,
      ) / 4,
    );
    const neighbours = Math.sqrt(
      [1, 2, 3, 13].reduce((sum, i) => sum + errorOfDifference(curves, i - 1, i)! ** 2, 0) / 4,
    );
    expect(level).toBeGreaterThan(0.012);
    expect(level).toBeLessThan(0.06);
    expect(neighbours).toBeLessThan(level / 2);
  });

  it('recall every large turning point, name the phases, and cover the places', () => {
    for (const shape of ['three phases', 'dip and rise', 'four phases']) {
      const { turns, recalled, covered, exact, curves } = outcome({ shape, size: [0.8, 2.5] });
      expect(recalled / turns).toBeGreaterThan(0.99);
      expect(exact / curves).toBeGreaterThan(0.98);
      expect(covered / recalled).toBeGreaterThan(0.93);
    }
  });

  it('recall small ones through training noise, with few false ones', () => {
    const found = outcome({ shape: 'three phases', size: [0.15, 0.4], noise: { training: 0.01 } });
    expect(found.recalled / found.turns).toBeGreaterThan(0.95);
    expect(found.false / found.curves).toBeLessThan(0.06);
    expect(found.covered / found.recalled).toBeGreaterThan(0.9);
  });

  it('raise no false alarm on monotone and flat curves, with training noise of 2 %', () => {
    for (const checkpoints of ['doubling', 'even', 'published'] as const) {
      for (const [shape, size] of [
        ['monotone rise', [0.3, 2]],
        ['monotone fall', [0.3, 2]],
        ['flat', [0, 0]],
      ] as const) {
        const trials = checkpoints === 'published' ? 30 : 150;
        const { alarmed, curves } = outcome({ shape, size, checkpoints, noise: { training: 0.02 }, trials });
        expect(alarmed / curves).toBeLessThan(0.08);
      }
    }
  });

  it('would show dozens of turning points at 154 checkpoints without the scatter', () => {
    const wanted = {
      shape: 'flat',
      size: [0, 0],
      checkpoints: 'published',
      noise: { training: 0.02 },
      trials: 10,
    } as const;
    const without = outcome({ ...wanted, options: { scatter: false } });
    expect(without.false / without.curves).toBeGreaterThan(5);
    expect(outcome(wanted).false).toBe(0);
  });
});

describe('scatter', () => {
  const x = Array.from({ length: 400 }, (_, i) => i * 0.1 + (i % 3) * 0.02);

  it('is the noise of checkpoints about a smooth curve', () => {
    const found = [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => {
      const random = seeded(seed);
      return scatterOf(
        x,
        x.map((v) => 5 + Math.sin(v / 3) + 0.03 * random.normal()),
      )!;
    });
    const mean = found.reduce((sum, v) => sum + v) / found.length;
    expect(mean / 0.03).toBeGreaterThan(0.93);
    expect(mean / 0.03).toBeLessThan(1.07);
  });

  it('is nothing on a cubic, whatever its size, and does not see a few jumps', () => {
    const cubic = x.map((v) => 5 + 0.2 * v - 0.01 * v ** 2 + 0.001 * v ** 3);
    expect(scatterOf(x, cubic)).toBeLessThan(1e-9);
    expect(
      scatterOf(
        x,
        cubic.map((v, i) => (i % 40 === 0 ? v + 1 : v)),
      ),
    ).toBeLessThan(1e-9);
  });

  it('is not known from fewer than 12 checkpoints', () => {
    expect(scatterOf(x.slice(0, 11), x.slice(0, 11))).toBeNull();
    expect(scatterOf(x.slice(0, 12), x.slice(0, 12))).not.toBeNull();
    expect(scatterChange(0.01, 15)).toBeCloseTo(0.01 * Math.SQRT2 * (Math.sqrt(2 * Math.log(15)) + 0.8), 15);
  });

  it('keeps a turning point back that it could have made, says which, and can be left out', () => {
    const random = seeded(2);
    const points = Array.from({ length: 40 }, (_, i) => {
      const rankme = Math.exp(4 + i / 20 + 0.1 * random.normal());
      return { tokens: 1e6 * 1.3 ** i, step: null, rankme, alpha: null, replicates: null };
    });
    const { rankme } = phasesOf(points);
    expect(rankme.turningPoints).toEqual([]);
    expect(rankme.phases.map(({ name }) => name)).toEqual(['entropy-seeking']);
    expect(rankme.rule.scatter!.deviation).toBeGreaterThan(0.07);
    expect(rankme.rule.scatter!.deviation).toBeLessThan(0.14);
    expect(rankme.rule.text).toContain('and what the scatter of its checkpoints could make');
    expect(rankme.notes[0]).toMatch(
      /^not counted because scatter could make them \(\d+\): (maximum|minimum) at checkpoint \d/,
    );
    expect(phasesOf(points, { scatter: false }).rankme.turningPoints.length).toBeGreaterThan(5);
  });
});
