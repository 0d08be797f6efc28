import { describe, expect, it } from 'vitest';
import { phasesOf, type PhasePoint } from '../../src/phases/index.js';

/** A curve by tokens and RankMe. */
export function rankmePoints(pairs: readonly (readonly [number, number | null])[]): PhasePoint[] {
  return pairs.map(([tokens, rankme]) => ({ tokens, step: null, rankme, alpha: null, replicates: null }));
}

const doubling = (values: readonly (number | null)[], from = 1e6) =>
  rankmePoints(values.map((value, i) => [from * 2 ** i, value] as const));

const names = (points: readonly PhasePoint[]) => phasesOf(points).rankme.phases.map(({ name }) => name);

describe('phases of RankMe', () => {
  it('name a fall before the first rise warmup, a rise entropy-seeking, a later fall compression-seeking', () => {
    const { rankme } = phasesOf(doubling([100, 50, 20, 60, 200, 400, 300, 150]));
    expect(rankme.phases.map(({ name }) => name)).toEqual(['warmup', 'entropy-seeking', 'compression-seeking']);
    expect(rankme.turningPoints.map(({ kind, index, value }) => [kind, index, value])).toEqual([
      ['minimum', 2, 20],
      ['maximum', 5, 400],
    ]);
    const [minimum, maximum] = rankme.turningPoints;
    expect(minimum!.prominence).toBeCloseTo(Math.log(100 / 20), 12);
    expect(maximum!.prominence).toBeCloseTo(Math.log(400 / 150), 12);
    expect(rankme.phases.map(({ change }) => Number(Math.exp(change).toPrecision(12)))).toEqual([0.2, 20, 0.375]);
    expect(rankme.phases.map(({ from }) => from)).toEqual([1e6, minimum!.at, maximum!.at]);
    expect(rankme.phases.at(-1)!.to).toBe(1.28e8);
    expect(rankme.axis).toBe('tokens');
    expect(rankme.rule.text).toBe(
      'turning points of ln RankMe over ln(tokens) by prominence: an extremum counts when the changes to the kept ' +
        'extrema on either side, ends included, exceed ln 1.05',
    );
  });

  it('are more or fewer than three as they come', () => {
    expect(names(doubling([100, 20, 300, 150, 250]))).toEqual([
      ...['warmup', 'entropy-seeking', 'compression-seeking', 'entropy-seeking'],
    ]);
    expect(names(doubling([20, 50, 300, 150]))).toEqual(['entropy-seeking', 'compression-seeking']);
    expect(names(doubling([20, 50, 300, 400]))).toEqual(['entropy-seeking']);
    expect(names(doubling([100, 101, 99, 100, 102]))).toEqual(['flat']);
  });
});
