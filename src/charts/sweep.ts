/**
 * How a figure depends on how it is measured: N, sequence length (log axes), corpus, layer or position (side by side), with
 * ± 1 SE, a line a checkpoint.
 */
import * as Plot from '@observablehq/plot';
import { withError } from '../story/format.js';
import type { Drawing, Frame, Place } from './chart.js';
import { endLabels, labelMargin } from './end-labels.js';
import { logAxis, logXMarks } from './log-axis.js';
import { bottomMargin, curveHeight, describe, draw, leftMargin, plateOf } from './plate.js';
import { fitText } from './text-width.js';
import { paintOf } from './theme.js';
import { figureName, short } from './words.js';
import { yAxis, yAxisMarks } from './y-axis.js';

export interface SweepInput {
  /** `rankme`, `alpha`, … */
  readonly figure: string;
  readonly over: 'n' | 'length' | 'corpus' | 'layer' | 'position';
  /** A line each: a checkpoint. */
  readonly lines: readonly {
    readonly label: string;
    /** Id of the series, index of the checkpoint: for a page's cursor. */
    readonly series: string;
    readonly checkpoint: number;
    readonly points: readonly {
      readonly value: number | string;
      readonly figure: number | null;
      readonly se: number | null;
    }[];
  }[];
}

const overNames = {
  n: 'Sequences, N',
  length: 'Most tokens a sequence',
  corpus: 'Corpus',
  layer: 'Layer',
  position: 'Position',
};

const titleNames = { n: 'N', length: 'sequence length', corpus: 'corpus', layer: 'layer', position: 'position' };

export function sweep({ figure, over, lines }: SweepInput, frame: Frame): Drawing {
  const paint = paintOf(frame);
  const labels = lines.length > 1 ? lines.map(({ label }) => label) : [];
  const margins = {
    ...{ top: paint.size * 1.9, right: Math.max(paint.size * 1.2, labelMargin(labels, frame.width, paint)) },
    ...{ bottom: bottomMargin(paint), left: leftMargin(paint) },
  };
  const plate = plateOf(frame, margins, frame.height ?? curveHeight(frame));
  const [left, top, right, bottom] = plate.area;
  const width = right - left;
  const all = lines.flatMap(({ points }) => points);
  const isNumeric = over === 'n' || over === 'length';
  const numbers = all.map(({ value }) => Number(value)).filter((value) => value > 0);
  const pad = paint.dot * 3;
  const [low, high] = numbers.length === 0 ? [1, 10] : [Math.min(...numbers), Math.max(...numbers)];
  const log = logAxis(low === high ? [low / 2, high * 2] : [low, high], pad, width - pad);
  const names = [...new Set(all.map(({ value }) => String(value)))];
  const at = (value: number | string) =>
    isNumeric ? log.at(Number(value)) : ((names.indexOf(String(value)) + 0.5) / names.length) * width;
  const measured = lines.flatMap((line, colour) =>
    line.points.flatMap(({ value, figure: found, se }) =>
      found === null ? [] : [{ line, colour, x: at(value), name: value, value: found, se }],
    ),
  );
  const scale = yAxis(measured, bottom - top, paint.small, { zero: figure.startsWith('rankme') });
  const drawn = measured.map((p) => ({
    ...p,
    y: scale.at(p.value),
    y1: scale.at(p.value - (p.se ?? 0)),
    y2: scale.at(p.value + (p.se ?? 0)),
  }));
  const svg = draw(plate, [
    ...yAxisMarks(plate, scale, figureName(figure)),
    ...(isNumeric ? logXMarks(plate, log, overNames[over], numbers) : namedTicks()),
    ...lines.flatMap((line, colour) => {
      const own = drawn.filter((p) => p.line === line);
      const stroke = paint.series(colour);
      return [
        Plot.ruleX(
          own.filter(({ se }) => se !== null),
          { x: 'x', y1: 'y1', y2: 'y2', stroke, strokeWidth: paint.line, strokeOpacity: 0.45 },
        ),
        // Names have no order that a line could follow, except layers'.
        ...(isNumeric || over === 'layer' ? [Plot.line(own, { x: 'x', y: 'y', stroke, strokeWidth: paint.line })] : []),
        Plot.dot(own, { x: 'x', y: 'y', r: paint.dot, fill: stroke }),
      ];
    }),
    ...endLabels(
      plate,
      labels.flatMap((text, colour) => {
        const last = drawn.filter((p) => p.colour === colour).at(-1);
        return last === undefined ? [] : [{ text, colour: paint.series(colour), x: last.x, y: last.y }];
      }),
    ),
    ...(drawn.length > 0
      ? []
      : [Plot.text([`${figureName(figure)} is absent`], { frameAnchor: 'middle', fill: paint.ink2 })]),
  ]);
  const title = `${figureName(figure)} by ${titleNames[over]}`;
  const description = lines
    .map(({ label, points }) => {
      const found = points.filter((p) => p.figure !== null);
      const ends = [found[0], found.at(-1)].flatMap((p) =>
        p === undefined ? [] : [`${withError(p.figure!, p.se)} at ${p.value}`],
      );
      return `${label}: ${ends.length === 0 ? `${figureName(figure)} is absent` : ends.join(', ')}.`;
    })
    .join(' ');
  describe(svg, title, description);
  const places: Place[] = drawn.map((p) => ({
    ...{ x: left + p.x, y: top + p.y, series: p.line.series, checkpoint: p.line.checkpoint },
    lines: [
      p.line.label,
      `${overNames[over]} ${typeof p.name === 'number' ? short(p.name) : p.name}`,
      `${figureName(figure)} ${withError(p.value, p.se)}`,
    ],
  }));
  return {
    ...{ svg, title, description, places, area: plate.area },
    data: {
      columns: ['line', over, figure, `${figure}_se`],
      rows: lines.flatMap(({ label, points }) => points.map((p) => [label, p.value, p.figure, p.se])),
    },
  };

  function namedTicks(): Plot.Markish[] {
    const height = bottom - top;
    const room = width / Math.max(1, names.length) - paint.size * 0.5;
    const every = Math.max(
      1,
      Math.ceil(Math.max(...names.map((name) => Math.min(paint.measure(name), paint.size * 3)), 0) / Math.max(1, room)),
    );
    const shown = names.filter((_, i) => i % every === 0 || i === names.length - 1);
    const text = { y: height, fontSize: paint.small, fill: paint.ink2, lineAnchor: 'top' as const };
    return [
      Plot.ruleY([0], { y: height, x1: 0, x2: width, stroke: paint.rule, strokeWidth: paint.hairline }),
      Plot.text(shown, {
        ...text,
        x: at,
        text: (name: string) => fitText(name, room * every, paint),
        dy: paint.size * 0.6,
      }),
      Plot.text([overNames[over]], {
        ...{ x: width / 2, y: height, dy: plate.height - bottom - paint.small * 0.3, lineAnchor: 'bottom' },
        ...{ fontSize: paint.size, fill: paint.ink2 },
      }),
    ];
  }
}
