/** A linear x axis for charts that are not over training: round ticks and a name under the plotting area. */
import * as Plot from '@observablehq/plot';
import type { Plate } from './plate.js';
import { number } from './words.js';
import { roundTicks } from './y-axis.js';

export interface LinearAxis {
  readonly domain: readonly [number, number];
  readonly at: (value: number) => number;
}

/** `from` and `to` are where the domain's ends lie, in pixels. */
export function linearAxis(domain: readonly [number, number], from: number, to: number): LinearAxis {
  const [low, high] = domain;
  return { domain, at: (value) => from + ((value - low) / (high - low)) * (to - from) };
}

export function linearXMarks(plate: Plate, axis: LinearAxis, label: string): Plot.Markish[] {
  const { paint, area, height } = plate;
  const [width, bottom] = [area[2] - area[0], area[3] - area[1]];
  const ticks = roundTicks(...axis.domain, Math.floor(width / (paint.small * 5)));
  const decimals = Math.max(0, ...ticks.map((tick) => (String(tick).split('.')[1] ?? '').length));
  const tick = paint.size * 0.45;
  const line = { stroke: paint.rule, strokeWidth: paint.hairline };
  return [
    Plot.ruleY([0], { y: bottom, x1: 0, x2: width, ...line }),
    Plot.ruleX(ticks, { x: axis.at, y1: bottom, y2: bottom + tick, ...line }),
    Plot.text(ticks, {
      ...{ x: axis.at, y: bottom, text: (value: number) => number(value, decimals), fontVariant: 'tabular-nums' },
      ...{ dy: tick + paint.small * 0.35, lineAnchor: 'top', fontSize: paint.small, fill: paint.ink2 },
    }),
    Plot.text([label], {
      ...{ x: width / 2, y: bottom, dy: height - area[3] - paint.small * 0.3, lineAnchor: 'bottom' },
      ...{ fontSize: paint.size, fill: paint.ink2 },
    }),
  ];
}
