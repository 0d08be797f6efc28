/**
 * What the paper shows of a model, faintly behind a measured curve: points read off its figure (±4 %, ±0.03 in α), drawn
 * as crosses. RankMe there is the published code's, so it is drawn on `rankme_published` alone, and α on `alpha`.
 */
import * as Plot from '@observablehq/plot';
import { paperCurvesFor } from '../paper/index.js';
import type { SeriesStory } from '../story/index.js';
import { standIn } from './curves.js';
import type { Plate } from './plate.js';
import type { XAxis } from './x-axis.js';
import type { Span } from './y-axis.js';

export interface PaperMarks {
  /** For the y axis. */
  readonly values: readonly Span[];
  readonly marks: (at: (value: number) => number) => Plot.Markish[];
  readonly words: readonly string[];
}

export function paperMarks(plate: Plate, axis: XAxis, series: readonly SeriesStory[], figure: string): PaperMarks {
  const { paint } = plate;
  const models = new Map(
    series.flatMap((s) => {
      const curves = s.control === null ? paperCurvesFor(s.name) : null;
      return curves === null ? [] : [[curves.name, { s, curves }] as const];
    }),
  );
  const drawn = [...models.values()].flatMap(({ s, curves }) => {
    const points = figure === 'rankme_published' ? curves.rankme : figure === 'alpha' ? curves.alpha : [];
    // The figure's tokens to the axis: steps and compute go with the series' own ratio.
    const placed = points.flatMap(([tokens, value]) => {
      const point = standIn(s, { stage: axis.lanes[0]!.stage, revision: '', step: null, tokens });
      const x = axis.place(s, point) ?? nearEnd(axis, axis.value(s, point));
      return x === null ? [] : [{ x, value, z: curves.name }];
    });
    return placed.length === 0 ? [] : [{ name: curves.name, points: placed }];
  });
  const all = drawn.flatMap(({ points }) => points);
  const note =
    drawn.length === 0 ? [] : [`the paper, Fig 2: ${drawn.map(({ name }) => name).join(', ')}, read off (±4 %)`];
  return {
    values: all.map(({ value }) => ({ value, se: null })),
    words: note,
    marks: (at) => [
      Plot.line(all, {
        ...{ x: 'x', y: (p: { value: number }) => at(p.value), z: 'z', stroke: paint.ink3, strokeOpacity: 0.55 },
        ...{ strokeWidth: paint.line * 0.8, strokeDasharray: `${paint.line},${paint.line * 2}` },
      }),
      Plot.dot(all, {
        ...{ x: 'x', y: (p: { value: number }) => at(p.value), symbol: 'times', r: paint.dot * 0.8 },
        ...{ stroke: paint.ink3, strokeOpacity: 0.8, strokeWidth: paint.hairline },
      }),
    ],
  };
}

/** What is read off to 4 % may lie that far beyond the axis: at its end, then. */
function nearEnd(axis: XAxis, value: number | null): number | null {
  if (value === null || !(value > 0)) return null;
  const edge = axis.at(value);
  return Math.abs(axis.at(value * 0.96) - edge) > 1e-9 || Math.abs(axis.at(value * 1.04) - edge) > 1e-9 ? edge : null;
}
