/** Against an implementation in Python of its own (test/golden/phases/make_phases.py), which tries every set of extrema. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { phasesOf } from '../../src/phases/index.js';
import { placeOf } from '../../src/phases/vertex.js';
import { errorOfDifference } from '../../src/statistics/index.js';

interface Golden {
  cases: {
    tokens: number[];
    rankme: number[];
    found: Record<string, { kind: string; index: number; prominence: number }[]>;
    replicates: number[][];
    se_first_last: number;
  }[];
  vertices: { x: number[]; y: number[]; at: number }[];
}
const golden = JSON.parse(readFileSync(new URL('../golden/phases/expected.json', import.meta.url), 'utf8')) as Golden;

describe('turning points of the independent implementation', () => {
  it.each(golden.cases.map((one, i) => [i, one] as const))(
    'curve %i',
    (_, { tokens, rankme, found, replicates, ...rest }) => {
      for (const [threshold, expected] of Object.entries(found)) {
        const points = tokens.map((count, i) => {
          return { tokens: count, step: null, rankme: rankme[i]!, alpha: null, replicates: null };
        });
        const { turningPoints } = phasesOf(points, { rankmeChange: Number(threshold), scatter: false }).rankme;
        expect(turningPoints.map(({ kind, index }) => ({ kind, index }))).toEqual(
          expected.map(({ kind, index }) => ({ kind, index })),
        );
        turningPoints.forEach(({ prominence }, i) => expect(prominence).toBeCloseTo(expected[i]!.prominence, 12));
      }
      const curves = replicates[0]!.map((__, k) => replicates.map((values) => Math.log(values[k]!)));
      expect(errorOfDifference(curves, 0, tokens.length - 1)).toBeCloseTo(rest.se_first_last, 14);
    },
  );

  it('vertices of parabolas through three checkpoints', () => {
    for (const { x, y, at } of golden.vertices) {
      const place = placeOf(
        { kind: 'maximum', first: 1, index: 1, last: 1 },
        { x, values: y, curves: null, scatter: null, isRandomFirst: false },
        [0, 2],
      );
      expect(place.at).toBeCloseTo(at, 12);
    }
  });
});
