/**
 * Heat maps over training: a column a checkpoint, as wide as half the way to its neighbours; cells of one colour are one
 * path, so that 154 checkpoints × 200 ranks stay light. The scale stands above, with its ends and what it measures.
 */
import * as Plot from '@observablehq/plot';
import type { SeriesStory } from '../story/index.js';
import type { OverTraining } from './line-chart.js';
import { bottomMargin, leftMargin, pathMark, type Plate } from './plate.js';
import type { Paint } from './theme.js';
import { levels, viridis } from './viridis.js';
import type { XAxis } from './x-axis.js';

export interface Column {
  /** Index of the checkpoint. */
  readonly index: number;
  readonly x: number;
  readonly from: number;
  readonly to: number;
}

/** Room around a map: above for the scale, and for the names of lanes where stages stand side by side. */
export function heatMargins(paint: Paint, { axis, right = 0, xLabels = true }: OverTraining) {
  return {
    ...{ top: paint.size * (axis === 'stages' ? 3.3 : 2), right: Math.max(right, paint.size * 1.2) },
    ...{ bottom: bottomMargin(paint, xLabels), left: leftMargin(paint) },
  };
}

/** Columns of a series' checkpoints; step 0 and each lane have their own edges. */
export function columnsOf(series: SeriesStory, axis: XAxis): Column[] {
  const placed = series.checkpoints.flatMap((checkpoint, index) => {
    const x = axis.place(series, checkpoint);
    if (x === null) return [];
    const lane = axis.lanes.find(({ stage }) => stage === checkpoint.stage)!;
    const cut = axis.breaks.find((at) => at > lane.from && at < lane.to);
    const ends: readonly [number, number] =
      cut === undefined ? [lane.from, lane.to] : x < cut ? [lane.from, cut - 3] : [cut + 3, lane.to];
    return [{ index, x, ends }];
  });
  return placed.map(({ index, x, ends }) => {
    const inside = placed.filter((other) => other.ends[0] === ends[0]).map((other) => other.x);
    const before = Math.max(...inside.filter((other) => other < x));
    const after = Math.min(...inside.filter((other) => other > x));
    // An end column is as wide outwards as inwards; a lone one takes a tenth of its part.
    const half = Math.min(
      (ends[1] - ends[0]) / 2,
      Number.isFinite(after) ? (after - x) / 2 : Number.isFinite(before) ? (x - before) / 2 : (ends[1] - ends[0]) * 0.1,
    );
    const from = Number.isFinite(before) ? (x + before) / 2 : Math.max(ends[0], x - half);
    const to = Number.isFinite(after)
      ? (x + after) / 2
      : Math.min(ends[1], x + (Number.isFinite(before) ? (x - before) / 2 : half));
    return { index, x, from, to };
  });
}

/** A scale from values to levels of colour; `log` for shares that span decades. */
export interface HeatScale {
  readonly domain: readonly [number, number];
  readonly level: (value: number) => number;
}

export function heatScale(values: readonly number[], kind: 'linear' | 'log'): HeatScale {
  const sound = kind === 'log' ? values.filter((value) => value > 0) : values;
  const low = sound.reduce((a, b) => Math.min(a, b), Infinity);
  const high = sound.reduce((a, b) => Math.max(a, b), -Infinity);
  const scale = kind === 'log' ? Math.log : (value: number) => value;
  const domain = sound.length === 0 ? ([0, 1] as const) : ([low, high] as const);
  const span = scale(domain[1]) - scale(domain[0]);
  const level = (value: number) => {
    const share = span > 0 ? (scale(value) - scale(domain[0])) / span : 0.5;
    return Math.min(levels - 1, Math.max(0, Math.floor(share * levels)));
  };
  return { domain, level };
}

export interface Cell {
  readonly column: Column;
  readonly top: number;
  readonly bottom: number;
  readonly level: number;
}

/** Cells, each with its level; null is left out. Neighbours above one another of one level are one rectangle. */
export function heatMarks(plate: Plate, cells: readonly Cell[]): Plot.Markish[] {
  const paths = new Map<number, string[]>();
  const add = (level: number, { from, to }: Column, top: number, bottom: number) => {
    const list = paths.get(level) ?? [];
    if (list.length === 0) paths.set(level, list);
    list.push(`M${round(from)},${round(top)}H${round(to)}V${round(bottom)}H${round(from)}Z`);
  };
  let i = 0;
  while (i < cells.length) {
    const { column, level, top } = cells[i]!;
    let last = cells[i]!;
    // Cells come from top to bottom, a column after the other.
    for (i++; i < cells.length; i++) {
      const next = cells[i]!;
      if (next.column !== column || next.level !== level || Math.abs(next.top - last.bottom) > 1e-6) break;
      last = next;
    }
    add(level, column, top, last.bottom);
  }
  return [...paths]
    .sort(([a], [b]) => a - b)
    .map(([level, d]) => pathMark(plate, d.join(''), { fill: viridis(level), 'shape-rendering': 'crispEdges' }));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** The scale above the upper right corner: low end, colours, high end. */
export function heatLegend(
  plate: Plate,
  name: string,
  ends: readonly [string, string],
  isStaged = false,
): Plot.Markish[] {
  const { paint, area } = plate;
  const width = area[2] - area[0];
  const bar = Math.min(paint.size * 9, width * 0.22);
  const high = paint.measure(ends[1]) + paint.size * 0.4;
  // Names of lanes stand between it and the map.
  const [to, top] = [width - high, -paint.size * (isStaged ? 2.7 : 1.35)];
  const from = to - bar;
  const steps = Array.from({ length: levels / 2 }, (_, i) => ({
    x1: from + (i / (levels / 2)) * bar,
    x2: from + ((i + 1) / (levels / 2)) * bar,
    level: 2 * i + 1,
  }));
  const text = { y: top + paint.size * 0.4, fontSize: paint.small, fill: paint.ink2 };
  const room = from - paint.measure(ends[0]) - paint.size * 0.8 + area[0] - paint.size * 5;
  return [
    ...steps.map(({ x1, x2, level }) =>
      pathMark(plate, `M${round(x1)},${round(top)}H${round(x2)}V${round(top + paint.size * 0.8)}H${round(x1)}Z`, {
        ...{ fill: viridis(level), 'shape-rendering': 'crispEdges' },
      }),
    ),
    Plot.text([ends[1]], { x: to + paint.size * 0.4, textAnchor: 'start', text: (t: string) => t, ...text }),
    Plot.text([ends[0]], { x: from - paint.size * 0.4, textAnchor: 'end', text: (t: string) => t, ...text }),
    ...(paint.measure(name) > room
      ? []
      : [
          Plot.text([name], {
            x: from - paint.measure(ends[0]) - paint.size * 0.9,
            textAnchor: 'end',
            text: (t: string) => t,
            ...text,
          }),
        ]),
  ];
}
