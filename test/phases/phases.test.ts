import { describe, expect, it } from 'vitest';
import { phasesOf, type PhasePoint } from '../../src/phases/index.js';

/** A curve by tokens and RankMe. */
function rankmePoints(pairs: readonly (readonly [number | null, number | null])[]): PhasePoint[] {
  return pairs.map(([tokens, rankme]) => ({ tokens, step: null, rankme, alpha: null, replicates: null }));
}

const doubling = (values: readonly (number | null)[], from = 1e6) =>
  rankmePoints(values.map((value, i) => [from * 2 ** i, value] as const));

const names = (points: readonly PhasePoint[], curve: 'rankme' | 'alpha' = 'rankme') =>
  phasesOf(points)[curve].phases.map(({ name }) => name);

/** The same curves with replicates that differ by `spread` in ln RankMe (and by a tenth of it in α), group by group. */
function withReplicates(points: readonly PhasePoint[], spread: (i: number, k: number) => number): PhasePoint[] {
  return points.map((point, i) => ({
    ...point,
    replicates: {
      rankme: [0, 1, 2, 3].map((k) => point.rankme! * Math.exp(spread(i, k))),
      alpha: [0, 1, 2, 3].map((k) => (point.alpha === null ? null : point.alpha + spread(i, k) / 10)),
    },
  }));
}

const threePhases = [100, 50, 20, 60, 200, 400, 300, 150];

describe('phases of RankMe', () => {
  it('name a fall before the first rise warmup, a rise entropy-seeking, a later fall compression-seeking', () => {
    const { rankme } = phasesOf(doubling(threePhases));
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
    expect(rankme.rule).toEqual({
      text:
        'turning points of ln RankMe over ln(tokens) by prominence: an extremum counts when the changes to the kept ' +
        'extrema on either side, ends included, exceed ln 1.05',
      standardErrors: null,
      change: Math.log(1.05),
      scatter: null,
    });
  });

  it('are more or fewer than three as they come', () => {
    expect(names(doubling([100, 20, 300, 150, 250]))).toEqual([
      ...['warmup', 'entropy-seeking', 'compression-seeking', 'entropy-seeking'],
    ]);
    expect(names(doubling([20, 50, 300, 150]))).toEqual(['entropy-seeking', 'compression-seeking']);
    expect(names(doubling([20, 50, 300, 400]))).toEqual(['entropy-seeking']);
    expect(names(doubling([100, 101, 99, 100, 102]))).toEqual(['flat']);
    expect(names(doubling([100, 100, 100, 100]))).toEqual(['flat']);
  });

  it('say that a curve which only falls can not be told', () => {
    const { rankme } = phasesOf(doubling([400, 300, 200, 100]));
    expect(rankme.phases.map(({ name }) => name)).toEqual(['warmup']);
    expect(rankme.notes).toContain(
      'there is no entropy-seeking: whether this is the warmup or compression-seeking can not be told',
    );
  });

  it('need four checkpoints', () => {
    const { rankme, disagreements } = phasesOf(doubling([100, 20, 300]));
    expect(rankme.phases).toEqual([
      { name: 'not resolved', from: 1e6, to: 4e6, change: Math.log(300) - Math.log(100), changeSe: null },
    ]);
    expect(rankme.turningPoints).toEqual([]);
    expect(rankme.notes).toContain('not resolved: 3 checkpoints (expected at least 4)');
    expect(disagreements).toEqual([]);
    const nothing = phasesOf([]);
    expect(nothing.rankme.phases).toEqual([]);
    expect(nothing.rankme.notes).toEqual(['not resolved: no checkpoints']);
    expect(phasesOf(doubling([null, null, null, null, 7])).rankme.phases[0]!.name).toBe('not resolved');
  });

  it('drop a wiggle below the size, keep one above it, and take the size as an option', () => {
    const wiggle = (size: number) => doubling([20, 50, 100, 100 * (1 - size), 150, 300]);
    expect(phasesOf(wiggle(0.04)).rankme.turningPoints).toEqual([]);
    expect(phasesOf(wiggle(0.06)).rankme.turningPoints.map(({ index }) => index)).toEqual([2, 3]);
    expect(phasesOf(wiggle(0.04), { rankmeChange: 0.03 }).rankme.turningPoints).toHaveLength(2);
    expect(phasesOf(wiggle(0.06), { rankmeChange: 0.1 }).rankme.turningPoints).toEqual([]);
  });

  it('measure prominence to the ends too', () => {
    // Seen from the first checkpoint the maximum is 4 % high, seen from the minimum 30 %.
    expect(names(doubling([100, 104, 80, 70, 200]))).toEqual(['warmup', 'entropy-seeking']);
    expect(phasesOf(doubling([100, 104, 80, 70, 200])).rankme.turningPoints.map(({ index }) => index)).toEqual([3]);
  });

  it('hold changes against their paired errors: shared errors do not blur them, others do', () => {
    const curve = doubling([100, 80, 90, 110, 120]);
    const shared = withReplicates(curve, (_, k) => 0.1 * (k - 1.5));
    const { rankme } = phasesOf(shared);
    expect(rankme.phases.map(({ name }) => name)).toEqual(['warmup', 'entropy-seeking']);
    expect(rankme.rule.standardErrors).toBe(3);
    expect(rankme.turningPoints[0]!.prominenceSe).toBeCloseTo(0, 12);
    const apart = withReplicates(curve, (i, k) => (i === 1 ? 0.1 * (k - 1.5) : 0));
    expect(phasesOf(apart).rankme.turningPoints).toEqual([]);
    // SE of the change to the minimum: √(3/4 · Σ (0.1 (k − 1.5))²) = 0.194, the fall ln 0.8 = −0.223.
    const found = phasesOf(apart, { standardErrors: 1 }).rankme.turningPoints;
    expect(found.map(({ index }) => index)).toEqual([1]);
    expect(found[0]!.prominenceSe).toBeCloseTo(Math.sqrt(0.75 * 5 * 0.1 ** 2), 12);
  });

  it('work by size alone where there are no errors, and say so', () => {
    const { rankme } = phasesOf(doubling(threePhases));
    expect(rankme.notes).toEqual(['no paired standard errors: changes count by their size alone']);
    const some = withReplicates(doubling(threePhases), () => 0).map((p, i) =>
      i === 5 ? { ...p, replicates: null } : p,
    );
    expect(phasesOf(some).rankme.notes).toEqual([
      'no standard errors at checkpoint 6: changes from and to there count by their size alone',
    ]);
    const others = withReplicates(doubling(threePhases), () => 0).map((p, i) => {
      return i === 5 ? { ...p, replicates: { rankme: [1, 2], alpha: [1, 2] } } : p;
    });
    expect(phasesOf(others).rankme.rule.standardErrors).toBeNull();
  });

  it('count a plateau as one extremum, in its middle', () => {
    const { turningPoints } = phasesOf(doubling([100, 50, 20, 20, 20, 60, 200])).rankme;
    expect(turningPoints).toHaveLength(1);
    expect(turningPoints[0]!.index).toBe(3);
    expect(names(doubling([20, 20, 20, 60, 200]))).toEqual(['entropy-seeking']);
  });
});

describe('the random network', () => {
  const from0 = (values: readonly number[]) =>
    rankmePoints(values.map((value, i) => [i === 0 ? 0 : 1e6 * 2 ** (i - 1), value] as const));

  it('begins the warmup where RankMe falls from it', () => {
    const { rankme } = phasesOf(from0([100, 90, 50, 20, 60, 200]));
    expect(rankme.phases.map(({ name, from }) => [name, from === 0])).toEqual([
      ['warmup', true],
      ['entropy-seeking', false],
    ]);
    expect(rankme.notes.join()).not.toContain('random network');
  });

  it('begins no phase where RankMe rises from it', () => {
    const { rankme } = phasesOf(from0([20, 100, 90, 50, 70, 200]));
    expect(rankme.phases.map(({ name }) => name)).toEqual(['warmup', 'entropy-seeking']);
    expect(rankme.phases[0]!.from).toBe(1e6);
    expect(rankme.turningPoints.map(({ index }) => index)).toEqual([3]);
    expect(rankme.notes).toContain('the random network (step 0) begins no phase and is left out');
    expect(names(from0([20, 100, 101, 100, 102, 101]))).toEqual(['flat']);
  });

  it('bounds a turning point at the first trained checkpoint by 0 tokens', () => {
    const [minimum] = phasesOf(from0([100, 20, 40, 90, 200])).rankme.turningPoints;
    expect(minimum!.index).toBe(1);
    expect(minimum!.interval[0]).toBe(0);
    expect(minimum!.interval[1]).toBeGreaterThanOrEqual(2e6);
  });
});

describe('phases of α', () => {
  it('are those of RankMe mirrored', () => {
    const points = [0.6, 1.1, 1.6, 1.2, 0.7, 0.9].map((alpha, i) => {
      return { tokens: 1e6 * 2 ** i, step: null, rankme: null, alpha, replicates: null };
    });
    expect(names(points, 'alpha')).toEqual(['warmup', 'entropy-seeking', 'compression-seeking']);
    const { alpha, rankme } = phasesOf(points);
    expect(alpha.turningPoints.map(({ kind }) => kind)).toEqual(['maximum', 'minimum']);
    expect(alpha.turningPoints[1]!.prominence).toBeCloseTo(0.2, 12);
    expect(rankme.notes[0]).toBe('6 of 6 checkpoints have no RankMe and are left out');
    expect(
      names(
        points.map((p, i) => ({ ...p, alpha: 1 + 0.02 * (i % 2) })),
        'alpha',
      ),
    ).toEqual(['flat']);
  });

  it('disagree with RankMe in words: other phases, or places whose intervals do not meet', () => {
    const alpha = [0.6, 1.1, 1.6, 1.2, 0.7, 0.5, 0.4, 0.3];
    const both = doubling(threePhases).map((p, i) => ({ ...p, alpha: alpha[i]! }));
    expect(phasesOf(both).disagreements).toEqual([
      'the phases differ: RankMe shows warmup, entropy-seeking, compression-seeking; α shows warmup, entropy-seeking',
    ]);
    const early = [0.6, 1.6, 0.9, 0.7, 0.4, 0.5, 0.6, 0.7];
    const late = doubling([100, 90, 80, 70, 50, 20, 60, 30]).map((p, i) => ({ ...p, alpha: early[i]! }));
    expect(phasesOf(late).disagreements).toEqual([
      "α's maximum (2.1M tokens, 1.1M–4.3M) comes earlier than RankMe's minimum (31M tokens, 16M–62M) by a factor of 15",
    ]);
  });
});

describe('where checkpoints stand', () => {
  it('is steps where tokens are not known', () => {
    const points = threePhases.map((rankme, i) => {
      return { tokens: null, step: 2 ** i, rankme, alpha: null, replicates: null };
    });
    const { rankme } = phasesOf(points);
    expect(rankme.axis).toBe('steps');
    expect(rankme.phases.at(-1)!.to).toBe(128);
    expect(rankme.rule.text).toContain('over ln(steps)');
  });

  it('is sorted, and what has no place or a taken one is left out and said', () => {
    const points = doubling(threePhases);
    const shuffled = [
      ...points.slice(4),
      { ...points[0]!, tokens: null },
      ...points.slice(0, 4),
      { ...points[2]!, rankme: 7 },
    ];
    const { rankme } = phasesOf(shuffled);
    expect(rankme.turningPoints.map(({ index }) => shuffled[index]!.rankme)).toEqual([20, 400]);
    expect(rankme.notes.slice(0, 2)).toEqual([
      '1 of 10 checkpoints are left out: their tokens are not known',
      '1 of 10 checkpoints are left out: another stands at the same tokens',
    ]);
  });

  it('leaves out checkpoints without the figure, failed or damaged', () => {
    const { rankme } = phasesOf(doubling([100, 50, null, 20, NaN, 200, -1, 400]));
    expect(rankme.notes[0]).toBe('3 of 8 checkpoints have no RankMe and are left out');
    expect(rankme.turningPoints.map(({ index }) => index)).toEqual([3]);
  });

  it('notes turning points at flagged checkpoints', () => {
    const points = doubling(threePhases).map((p, i) => {
      return { ...p, revision: `step${i}`, flags: i === 2 || i === 3 ? ['few-rows-dominate'] : [] };
    });
    expect(phasesOf(points).rankme.notes).toContain(
      'the minimum at step2 stands on a flagged checkpoint (few-rows-dominate)',
    );
  });
});

describe('the place of a turning point', () => {
  const parabola = (top: number, n = 9) =>
    rankmePoints(Array.from({ length: n }, (_, i) => [1e6 * 2 ** i, Math.exp(6 - 0.1 * (i - top) ** 2)] as const));

  it('is the vertex, between checkpoints too', () => {
    for (const top of [3, 3.3, 4.45, 5.2]) {
      const [maximum] = phasesOf(parabola(top)).rankme.turningPoints;
      expect(Math.log2(maximum!.at / 1e6)).toBeCloseTo(top, 9);
      // One spacing, ln 2, to each side.
      expect(maximum!.interval[0] / maximum!.at).toBeCloseTo(0.5, 9);
      expect(maximum!.interval[1] / maximum!.at).toBeCloseTo(2, 9);
    }
  });

  it('stays between its neighbours, its interval within the curve', () => {
    const [maximum] = phasesOf(doubling([10, 100, 99, 20])).rankme.turningPoints;
    expect(maximum!.at).toBeGreaterThanOrEqual(1e6);
    expect(maximum!.at).toBeLessThanOrEqual(4e6);
    expect(maximum!.interval[0]).toBeGreaterThanOrEqual(1e6);
    expect(maximum!.interval[1]).toBeLessThanOrEqual(8e6);
  });

  it('has a wider interval where the replicates put it elsewhere: Student t with K − 1 degrees of freedom', () => {
    // Replicate k is the parabola with its top at 4 + shift(k): its vertex is known.
    const shifts = [-0.6, -0.2, 0.2, 0.6];
    const points = parabola(4).map((point, i) => ({
      ...point,
      replicates: { rankme: shifts.map((s) => Math.exp(6 - 0.1 * (i - 4 - s) ** 2)), alpha: [] },
    }));
    const [maximum] = phasesOf(points, { standardErrors: 0 }).rankme.turningPoints;
    // SE² = 3/4 · 2(0.36 + 0.04) · ln² 2, t(0.975, 3) = 3.18245.
    const half = 3.182446305284263 * Math.sqrt(0.75 * 0.8);
    expect(Math.log2(maximum!.at / 1e6)).toBeCloseTo(4, 9);
    expect(Math.log2(maximum!.interval[1] / 1e6)).toBeCloseTo(4 + half, 9);
    expect(Math.log2(maximum!.interval[0] / 1e6)).toBeCloseTo(4 - half, 9);
  });
});

describe('options', () => {
  it('refuses what is no threshold', () => {
    expect(() => phasesOf([], { standardErrors: -1 })).toThrow(
      'standardErrors: is no threshold, got -1 (expected a number ≥ 0)',
    );
    expect(() => phasesOf([], { rankmeChange: NaN })).toThrow('rankmeChange: is no threshold, got NaN');
  });
});
