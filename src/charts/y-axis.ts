/** A linear y axis: a domain that holds values and errors, round ticks, grid, and the figure's name above it. */
import * as Plot from '@observablehq/plot';
import type { Plate } from './plate.js';
import { short } from './words.js';

export interface YAxis {
  readonly domain: readonly [number, number];
  readonly ticks: readonly number[];
  /** Pixels below the top of the plotting area; values beyond the domain lie at its edge. */
  readonly at: (value: number) => number;
}

/** One value with what surrounds it. */
export interface Span {
  readonly value: number;
  readonly se: number | null;
}

/**
 * From all values and their errors; errors larger than four times the range of values are cut, or nothing else would
 * be seen. `zero`: the axis begins at 0 where the values come near it.
 */
export function yAxis(
  spans: readonly Span[],
  height: number,
  size: number,
  options: { zero?: boolean; headroom?: number } = {},
): YAxis {
  const values = spans.map(({ value }) => value);
  if (values.length === 0) return axisOver([0, 1], [], height);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const cut = 4 * (most - least > 0 ? most - least : Math.abs(most) || 1);
  let low = Math.min(...spans.map(({ value, se }) => value - Math.min(se ?? 0, cut)));
  let high = Math.max(...spans.map(({ value, se }) => value + Math.min(se ?? 0, cut)));
  if (low === high)
    [low, high] = low === 0 ? [options.zero ? 0 : -1, 1] : [low - Math.abs(low) * 0.1, high + Math.abs(high) * 0.1];
  if (options.zero && least > 0 && least < 0.5 * high) low = 0;
  const margin = 0.04 * (high - low);
  // Room in pixels that nothing but marks of the upper edge takes.
  const room = ((high - low + 2 * margin) * (options.headroom ?? 0)) / height;
  const domain = [low === 0 && least >= 0 ? 0 : low - margin, high + margin + room] as const;
  return axisOver(domain, roundTicks(domain[0], domain[1], Math.max(2, Math.floor(height / (size * 3)))), height);
}

function axisOver(domain: readonly [number, number], ticks: readonly number[], height: number): YAxis {
  const [low, high] = domain;
  return { domain, ticks, at: (value) => Math.min(height, Math.max(0, ((high - value) / (high - low)) * height)) };
}

/** Round values in a range, about `count` of them. */
export function roundTicks(low: number, high: number, count: number): number[] {
  const rough = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const over = rough / power;
  const step = power * (over >= Math.sqrt(50) ? 10 : over >= Math.sqrt(10) ? 5 : over >= Math.SQRT2 ? 2 : 1);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

export function yAxisMarks(plate: Plate, axis: YAxis, label: string): Plot.Markish[] {
  const { paint, area } = plate;
  const width = area[2] - area[0];
  const decimals = Math.max(0, ...axis.ticks.map((tick) => (String(tick).split('.')[1] ?? '').length));
  return [
    Plot.ruleY(axis.ticks, { y: axis.at, x1: 0, x2: width, stroke: paint.grid, strokeWidth: paint.hairline }),
    Plot.text(axis.ticks, {
      ...{ x: 0, y: axis.at, dx: -paint.size * 0.5, textAnchor: 'end', fontVariant: 'tabular-nums' },
      text: (tick: number) => tickText(tick, decimals),
      ...{ fontSize: paint.small, fill: paint.ink2 },
    }),
    axisName(plate, label),
  ];
}

/** What the y axis shows, above its upper end. */
export function axisName(plate: Plate, label: string): Plot.Markish {
  const { paint, area } = plate;
  return Plot.text([label], {
    ...{ frameAnchor: 'top-left', textAnchor: 'start', lineAnchor: 'top' },
    ...{ dx: -area[0] + paint.size * 0.15, dy: -area[1] + paint.size * 0.15, fontSize: paint.size, fill: paint.ink },
  });
}

function tickText(tick: number, decimals: number): string {
  if (decimals > 4 || Math.abs(tick) >= 1e6) return short(tick);
  const text = Math.abs(tick).toLocaleString('en-US', {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  return tick < 0 ? `−${text}` : text;
}
