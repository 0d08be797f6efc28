/**
 * Several lines over training in one chart with one y axis: bands of α, tasks, losses. Points are measurements where
 * they have room, lines join them, the ribbon is ± 1 SE; names stand at the lines' ends.
 */
import * as Plot from '@observablehq/plot';
import type { SeriesStory } from '../story/index.js';
import type { Axis, Drawing, Frame, Place } from './chart.js';
import { endLabels, labelMargin } from './end-labels.js';
import { laneNames } from './phase-marks.js';
import { bottomMargin, curveHeight, describe, draw, leftMargin, plateOf, xAxisMarks } from './plate.js';
import { paintOf } from './theme.js';
import { short } from './words.js';
import { xAxis, type XAxis } from './x-axis.js';
import { yAxis, yAxisMarks } from './y-axis.js';

/** What every chart of this kind takes. */
export interface OverTraining {
  readonly axis?: Axis | undefined;
  /** Values of the axis shown; default all. */
  readonly domain?: readonly [number, number] | undefined;
  /** Least margin at the right, so that charts above one another align. */
  readonly right?: number | undefined;
  readonly xLabels?: boolean | undefined;
}

export interface LinePoint {
  /** Pixels from the left of the plotting area. */
  readonly x: number;
  readonly value: number;
  readonly se: number | null;
  /** Points of one segment are joined. */
  readonly segment: string;
  /** Drawn hollow: nothing is claimed of it. */
  readonly isHollow?: boolean;
  readonly series: string;
  /** Index of the checkpoint within its series; −1 where it is none. */
  readonly checkpoint: number;
  readonly lines: readonly string[];
  readonly row: readonly (string | number | null)[];
}

export interface Line {
  readonly label: string;
  readonly colour: number;
  readonly points: readonly LinePoint[];
  /** Lines alone: a log has a point a step. */
  readonly isDense?: boolean;
}

export interface LineChart extends OverTraining {
  /** Names at the ends, known before the axis: the margin depends on them. */
  readonly labels: readonly string[];
  readonly series: readonly SeriesStory[];
  /** More values that the axis must hold. */
  readonly also?: readonly { readonly tokens: number | null; readonly step: number | null }[];
  readonly lines: (axis: XAxis) => readonly Line[];
  /** What the y axis shows. */
  readonly name: string;
  readonly title: (axis: XAxis) => string;
  readonly columns: readonly string[];
  /** What is said where there is no line at all. */
  readonly empty: string;
  readonly notes?: readonly string[];
  readonly zero?: boolean;
  /** A value that a line across marks: no difference. */
  readonly rule?: number;
}

export function lineChart(chart: LineChart, frame: Frame): Drawing {
  const paint = paintOf(frame);
  const { xLabels = true } = chart;
  const isStaged = chart.axis === 'stages';
  const margins = {
    top: paint.size * (isStaged ? 3.1 : 1.9),
    right: Math.max(chart.right ?? 0, paint.size * 1.2, labelMargin(chart.labels, frame.width, paint)),
    ...{ bottom: bottomMargin(paint, xLabels), left: leftMargin(paint) },
  };
  const plate = plateOf(frame, margins, frame.height ?? Math.round(curveHeight(frame) * 0.85));
  const [left, top, right, bottom] = plate.area;
  const { series, domain, also } = chart;
  const axis = xAxis({ series, kind: chart.axis ?? 'tokens', width: right - left, paint, domain, also });
  const lines = chart.lines(axis).filter(({ points }) => points.length > 0);
  const all = lines.flatMap(({ points }) => points);
  const ruled = chart.rule === undefined || all.length === 0 ? [] : [{ value: chart.rule, se: null }];
  const scale = yAxis([...all, ...ruled], bottom - top, paint.small, { zero: chart.zero ?? false });
  const isEmpty = all.length === 0;
  const svg = draw(plate, [
    ...yAxisMarks(plate, scale, chart.name),
    Plot.ruleY(ruled, {
      y: ({ value }: { value: number }) => scale.at(value),
      x1: 0,
      x2: right - left,
      stroke: paint.ink2,
      strokeWidth: paint.hairline,
    }),
    ...(axis.lanes.length > 1 ? laneNames(plate, axis) : []),
    ...xAxisMarks(plate, axis, { label: xLabels }),
    ...[...lines].reverse().flatMap(lineMarks),
    ...endLabels(
      plate,
      lines.map((line) => {
        const last = line.points.at(-1)!;
        return { text: line.label, colour: paint.series(line.colour), x: last.x, y: scale.at(last.value) };
      }),
    ),
    ...(isEmpty
      ? [
          Plot.text([chart.empty], {
            frameAnchor: 'middle',
            fill: paint.ink2,
            lineWidth: Math.max(12, (right - left) / paint.size - 2),
          }),
        ]
      : []),
  ]);
  const title = chart.title(axis);
  const sentences = lines.map(({ label, points }) => {
    const values = points.map(({ value }) => value);
    const [first, last] = [points[0]!, points.at(-1)!];
    const [low, high] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
    return `${label}: ${points.length} points, from ${short(first.value)} to ${short(last.value)}, between ${short(low)} and ${short(high)}.`;
  });
  const notes = [...(axis.note === null ? [] : [axis.note]), ...(chart.notes ?? [])].map((note) => `${note}.`);
  const description = [...(isEmpty ? [`${chart.empty}.`] : sentences), ...notes].join(' ');
  describe(svg, title, description);
  const places: Place[] = all.map((p) => ({
    ...{ x: left + p.x, y: top + scale.at(p.value), series: p.series, checkpoint: p.checkpoint, lines: p.lines },
  }));
  return {
    ...{ svg, title, description, places, area: plate.area },
    data: { columns: chart.columns, rows: all.map(({ row }) => row) },
  };

  function lineMarks({ points, colour, isDense }: Line): Plot.Markish[] {
    const stroke = paint.series(colour);
    const drawn = points.map((p) => ({
      ...p,
      y: scale.at(p.value),
      low: p.se === null ? NaN : scale.at(p.value - p.se),
      high: p.se === null ? NaN : scale.at(p.value + p.se),
    }));
    const spacing = (right - left) / Math.max(1, drawn.length);
    const counts = new Map<string, number>();
    for (const { segment } of points) counts.set(segment, (counts.get(segment) ?? 0) + 1);
    const dots = isDense ? drawn.filter(({ segment }) => counts.get(segment) === 1) : drawn;
    const r = isDense ? paint.dot * 0.6 : Math.max(paint.dot * 0.45, Math.min(paint.dot * 0.85, spacing * 0.35));
    return [
      Plot.areaY(drawn, { x: 'x', y1: 'low', y2: 'high', z: 'segment', fill: stroke, fillOpacity: 0.2 }),
      Plot.line(drawn, { x: 'x', y: 'y', z: 'segment', stroke, strokeWidth: isDense ? paint.line * 0.75 : paint.line }),
      Plot.ruleX(
        drawn.filter(({ segment, se }) => se !== null && counts.get(segment) === 1),
        { x: 'x', y1: 'low', y2: 'high', stroke, strokeWidth: paint.line, strokeOpacity: 0.45 },
      ),
      Plot.dot(dots, { x: 'x', y: 'y', r, fill: stroke, filter: (p: LinePoint) => p.isHollow !== true }),
      Plot.dot(dots, {
        ...{ x: 'x', y: 'y', r, fill: paint.ground, stroke, strokeWidth: paint.line * 0.75 },
        filter: (p: LinePoint) => p.isHollow === true,
      }),
    ];
  }
}
