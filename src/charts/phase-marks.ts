/**
 * Phases behind a curve over training: tints, names above the upper edge, and at each boundary a dashed line with a
 * bracket over the interval of its place.
 */
import * as Plot from '@observablehq/plot';
import type { CurvePhases } from '../phases/index.js';
import type { CheckpointStory, SeriesStory } from '../story/index.js';
import type { Plate } from './plate.js';
import type { Paint } from './theme.js';
import { stageName } from './words.js';
import type { XAxis } from './x-axis.js';

export interface PhaseMarks {
  /** Behind the grid and the curves. */
  readonly behind: Plot.Markish[];
  /** Names and brackets. */
  readonly above: Plot.Markish[];
  /** Sentences for the description. */
  readonly words: readonly string[];
}

/** Names stand in the row above the plotting area. */
export function phaseMarks(plate: Plate, axis: XAxis, series: SeriesStory, phases: CurvePhases): PhaseMarks {
  const { paint, area } = plate;
  const height = area[3] - area[1];
  const convert = converter(series, axis, phases.axis);
  const place = (value: number) => axis.at(convert(value));
  const found = phases.phases.map((phase) => ({ ...phase, x1: place(phase.from), x2: place(phase.to) }));
  const [first, last] = [found[0], found.at(-1)];
  const lane = axis.lanes[0]!;
  // Phases that reach the ends of the axis run to its edges.
  const margin = paint.dot * 3;
  const start = axis.breaks[0] ?? lane.from;
  if (first !== undefined && first.x1 < start + margin) first.x1 = start;
  if (last !== undefined && last.x2 > lane.to - margin) last.x2 = lane.to;
  const names = found.map((phase) => ({
    x: (phase.x1 + phase.x2) / 2,
    text: fitName(phase.name, phase.x2 - phase.x1, paint),
  }));
  const brackets = phases.turningPoints.map(({ at, interval }) => ({
    ...{ x: place(at), x1: place(interval[0]), x2: place(interval[1]) },
  }));
  const y = paint.size * 0.5;
  const cap = paint.size * 0.25;
  const line = { stroke: paint.ink2, strokeWidth: paint.hairline };
  return {
    behind: found.flatMap((phase) => {
      const fill = paint.phase(phase.name);
      return fill === null ? [] : [Plot.rect([phase], { x1: 'x1', x2: 'x2', y1: 0, y2: height, fill })];
    }),
    above: [
      Plot.text(names, {
        ...{ x: 'x', y: 0, text: 'text', dy: -paint.size * 0.35, lineAnchor: 'bottom' },
        ...{ fontSize: paint.small, fill: paint.ink2 },
      }),
      Plot.ruleX(brackets, {
        x: 'x',
        y1: 0,
        y2: height,
        ...line,
        strokeOpacity: 0.7,
        strokeDasharray: `${paint.hairline * 3}`,
      }),
      Plot.ruleY(brackets, { y, x1: 'x1', x2: 'x2', ...line }),
      Plot.link(
        brackets.flatMap(({ x1, x2 }) => [x1, x2]),
        { x1: (x: number) => x, x2: (x: number) => x, y1: y - cap, y2: y + cap, ...line },
      ),
    ],
    words: found.map(({ name }) => name),
  };
}

/** Names of the later lanes, in the same row. */
export function laneNames(plate: Plate, axis: XAxis): Plot.Markish[] {
  const { paint, area } = plate;
  const height = area[3] - area[1];
  const later = axis.lanes.slice(1);
  const epochs = axis.lanes.flatMap((lane) => lane.epochs);
  const mark = paint.size * 0.3;
  return [
    Plot.text(later, {
      ...{
        x: (lane: { from: number; to: number }) => (lane.from + lane.to) / 2,
        y: 0,
        text: (lane: { stage: string }) => stageName(lane.stage),
      },
      ...{ dy: -paint.size * 0.35, lineAnchor: 'bottom', fontSize: paint.small, fill: paint.ink },
    }),
    Plot.ruleX(later, { x: 'from', y1: 0, y2: height, stroke: paint.grid, strokeWidth: paint.hairline }),
    Plot.ruleX(epochs, {
      x: (x: number) => x,
      y1: height - mark * 3,
      y2: height,
      stroke: paint.ink3,
      strokeWidth: paint.hairline,
      strokeDasharray: '1,1',
    }),
    Plot.text(epochs, {
      ...{
        x: (x: number) => x,
        y: height,
        dy: -mark * 3.5,
        text: (_: number, i: number) => (epochs.length > 12 ? '' : `e${i + 1}`),
      },
      ...{ lineAnchor: 'bottom', fontSize: paint.small, fill: paint.ink3 },
    }),
  ];
}

/** The whole name, its first word, or nothing: a name cut in the middle names nothing. */
function fitName(name: string, width: number, paint: Paint): string {
  const short = name.split('-')[0]!;
  const candidates = [name, name === 'not resolved' ? '' : short];
  return candidates.find((text) => paint.measure(text) <= width) ?? '';
}

/** From the phases' unit to the axis's: by the checkpoints that know both, between them by their logarithms. */
function converter(series: SeriesStory, axis: XAxis, unit: 'tokens' | 'steps'): (value: number) => number {
  const own = (c: CheckpointStory) => (unit === 'tokens' ? c.tokens : c.step);
  const stage = axis.lanes[0]!.stage;
  const pairs = series.checkpoints
    .filter((c) => c.stage === stage)
    .flatMap((c) => {
      const [from, to] = [own(c), axis.value(series, c)];
      return from !== null && to !== null && from > 0 && to > 0 ? [[Math.log(from), Math.log(to)] as const] : [];
    });
  return (value) => {
    if (value <= 0 || pairs.length === 0) return value;
    const x = Math.log(value);
    const after = pairs.findIndex(([from]) => from >= x);
    const b = pairs[after < 0 ? pairs.length - 1 : after]!;
    const a = pairs[(after < 0 ? pairs.length - 1 : after) - 1];
    if (a === undefined || a[0] === b[0]) return Math.exp(b[1] + x - b[0]);
    return Math.exp(a[1] + ((x - a[0]) / (b[0] - a[0])) * (b[1] - a[1]));
  };
}
