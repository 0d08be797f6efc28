/** Both axes of a log–log chart, in pixels of the plotting area, with labels at powers of ten. */
import * as Plot from '@observablehq/plot';
import { logTicks } from './log-ticks.js';
import type { Plate } from './plate.js';
import { axisName } from './y-axis.js';
import { powerText } from './words.js';

export interface LogAxis {
  readonly domain: readonly [number, number];
  /** Pixels from the left (x) or the top (y). */
  readonly at: (value: number) => number;
}

/** `from` and `to` are where the domain's ends lie, in pixels. */
export function logAxis(domain: readonly [number, number], from: number, to: number): LogAxis {
  const [low, high] = [Math.log(domain[0]), Math.log(domain[1])];
  return { domain, at: (value) => from + ((Math.log(value) - low) / (high - low)) * (to - from) };
}

/** Axis line, ticks and name under the plotting area. `values`: what was measured at, labelled instead where there is room. */
export function logXMarks(plate: Plate, axis: LogAxis, label: string, values: readonly number[] = []): Plot.Markish[] {
  const { paint, area, height } = plate;
  const [width, bottom] = [area[2] - area[0], area[3] - area[1]];
  const places = [...new Set(values)].sort((a, b) => a - b);
  const hasRoom = places.every((value, i) => i === 0 || axis.at(value) - axis.at(places[i - 1]!) > paint.small * 3);
  const ticks =
    places.length > 0 && hasRoom
      ? { major: places, minor: [] }
      : logTicks(...axis.domain, Math.floor(width / (paint.small * 4)));
  const tick = paint.size * 0.45;
  const line = { stroke: paint.rule, strokeWidth: paint.hairline };
  return [
    Plot.ruleY([0], { y: bottom, x1: 0, x2: width, ...line }),
    Plot.ruleX(ticks.minor, { x: axis.at, y1: bottom, y2: bottom + tick * 0.55, ...line }),
    Plot.ruleX(ticks.major, { x: axis.at, y1: bottom, y2: bottom + tick, ...line }),
    Plot.text(ticks.major, {
      ...{ x: axis.at, y: bottom, text: powerText, dy: tick + paint.small * 0.35, lineAnchor: 'top' },
      ...{ fontSize: paint.small, fill: paint.ink2 },
    }),
    Plot.text([label], {
      ...{ x: width / 2, y: bottom, dy: height - area[3] - paint.small * 0.3, lineAnchor: 'bottom' },
      ...{ fontSize: paint.size, fill: paint.ink2 },
    }),
  ];
}

/** Grid, ticks and name of the y axis. */
export function logYMarks(plate: Plate, axis: LogAxis, label: string): Plot.Markish[] {
  const { paint, area } = plate;
  const [width, height] = [area[2] - area[0], area[3] - area[1]];
  const ticks = logTicks(...axis.domain, Math.floor(height / (paint.small * 2.2)));
  const tick = paint.size * 0.45;
  return [
    Plot.ruleY(ticks.major, { y: axis.at, x1: 0, x2: width, stroke: paint.grid, strokeWidth: paint.hairline }),
    Plot.ruleY(ticks.minor, { y: axis.at, x1: -tick * 0.55, x2: 0, stroke: paint.rule, strokeWidth: paint.hairline }),
    Plot.text(ticks.major, {
      ...{ x: 0, y: axis.at, text: powerText, dx: -paint.size * 0.6, textAnchor: 'end' },
      ...{ fontSize: paint.small, fill: paint.ink2 },
    }),
    axisName(plate, label),
  ];
}
