import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { phasesOf, type PhasePoint } from '../../src/phases/index.js';

/** ln RankMe in steps of 0.03, none of which is a threshold, and a little apart, so that no two changes are the same. */
const curve = fc
  .array(fc.tuple(fc.nat(60), fc.double({ min: 1.01, max: 2, noNaN: true })), { minLength: 4, maxLength: 40 })
  .map((pairs): PhasePoint[] => {
    let tokens = 1e6;
    return pairs.map(([level, factor], i) => {
      tokens *= factor;
      const rankme = Math.exp(2 + 0.03 * level + 0.001 * ((i * 0.618034) % 1));
      return { tokens, step: null, rankme, alpha: rankme / 50, replicates: null };
    });
  });
const settings = { seed: 7, numRuns: 300 };

describe('phases of any curve', () => {
  it('tile it from the first to the last checkpoint, turning points between them, kinds in turn', () => {
    fc.assert(
      fc.property(curve, (points) => {
        const found = phasesOf(points);
        for (const { phases, turningPoints } of [found.rankme, found.alpha]) {
          expect(phases).toHaveLength(turningPoints.length + 1);
          expect(phases[0]!.from).toBe(points[0]!.tokens);
          expect(phases.at(-1)!.to).toBe(points.at(-1)!.tokens);
          phases.slice(1).forEach((phase, i) => {
            expect(phase.from).toBe(phases[i]!.to);
            expect(phase.from).toBe(turningPoints[i]!.at);
            // Neighbours go opposite ways.
            expect(Math.sign(phase.change)).toBe(-Math.sign(phases[i]!.change));
          });
          for (const { at, interval, index } of turningPoints) {
            expect(interval[0]).toBeLessThanOrEqual(at);
            expect(interval[1]).toBeGreaterThanOrEqual(at);
            expect(at).toBeGreaterThanOrEqual(points[index - 1]!.tokens!);
            expect(at).toBeLessThanOrEqual(points[index + 1]!.tokens!);
          }
        }
      }),
      settings,
    );
  });

  it('keep only changes beyond the thresholds, which are the change of the smaller neighbouring phase', () => {
    fc.assert(
      fc.property(curve, (points) => {
        const { phases, turningPoints, rule } = phasesOf(points).rankme;
        const threshold = Math.max(rule.change, rule.scatter?.change ?? 0);
        turningPoints.forEach(({ prominence }, i) => {
          expect(prominence).toBeGreaterThan(threshold);
          expect(prominence).toBeCloseTo(Math.min(Math.abs(phases[i]!.change), Math.abs(phases[i + 1]!.change)), 10);
        });
      }),
      settings,
    );
  });

  it('do not depend on the scale of RankMe, on the unit of tokens, or on the order in which points are given', () => {
    fc.assert(
      fc.property(curve, fc.double({ min: 1, max: 50, noNaN: true }), (points, factor) => {
        const found = phasesOf(points).rankme;
        const scaled = phasesOf(
          points.map((p) => ({ ...p, rankme: p.rankme! * factor, tokens: p.tokens! * factor })).reverse(),
        ).rankme;
        expect(scaled.phases.map(({ name }) => name)).toEqual(found.phases.map(({ name }) => name));
        expect(scaled.turningPoints.map(({ index }) => points.length - 1 - index)).toEqual(
          found.turningPoints.map(({ index }) => index),
        );
        scaled.turningPoints.forEach(({ at }, i) => {
          expect(at / factor / found.turningPoints[i]!.at).toBeCloseTo(1, 6);
        });
      }),
      settings,
    );
  });
});
