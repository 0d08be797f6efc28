/** Every task of a metric over training as colour: a row a task, the best at the end on top, a column a checkpoint. */
import * as Plot from '@observablehq/plot';
import { withError } from '../story/format.js';
import { checkpointOf, type CheckpointStory, type DownstreamCurve, type SeriesStory } from '../story/index.js';
import type { Drawing, Frame } from './chart.js';
import { checkpointLine, standIn } from './curves.js';
import { columnsOf, heatLegend, heatMargins, heatMarks, heatScale } from './heat.js';
import type { OverTraining } from './line-chart.js';
import { laneNames } from './phase-marks.js';
import { describe, draw, plateOf, xAxisMarks } from './plate.js';
import { fitTail } from './text-width.js';
import { paintOf } from './theme.js';
import { short } from './words.js';
import { xAxis } from './x-axis.js';

export interface TaskMapInput extends OverTraining {
  readonly series: SeriesStory;
  /** One a row: of one metric. */
  readonly curves: readonly DownstreamCurve[];
  /** What is mapped: `Accuracy`. */
  readonly name: string;
}

/** A checkpoint with a result. */
interface Place {
  readonly checkpoint: CheckpointStory;
  /** Index in the series; −1 where it was not measured. */
  readonly index: number;
}

export function taskMap(input: TaskMapInput, frame: Frame): Drawing {
  const { series, name, xLabels = true } = input;
  const paint = paintOf(frame);
  const places = placesOf(series, input.curves);
  const values = input.curves.map((curve) => new Map(curve.points.map((point) => [keyOf(series, point), point])));
  const last = (row: number) => input.curves[row]!.points.at(-1)?.value ?? -Infinity;
  const order = input.curves.map((_, i) => i).sort((a, b) => last(b) - last(a));
  const margins = heatMargins(paint, input);
  const names = input.curves.map(({ task }) => fitTail(task, frame.width * 0.3, paint));
  const left = Math.ceil(Math.max(margins.left, ...names.map((text) => paint.measure(text) + paint.size * 0.8)));
  const row = frame.theme === 'paper' ? paint.small * 1.15 : paint.small * 1.25;
  const height = margins.top + margins.bottom + row * Math.max(3, order.length);
  const plate = plateOf(frame, { ...margins, left }, frame.height ?? Math.round(height));
  const [x0, y0, x1, y1] = plate.area;
  const tall = (y1 - y0) / Math.max(1, order.length);
  const stood = { ...series, checkpoints: places.map(({ checkpoint }) => checkpoint) };
  const axis = xAxis({
    ...{ series: [stood], kind: input.axis ?? 'tokens', width: x1 - x0, paint, domain: input.domain },
  });
  const columns = columnsOf(stood, axis);
  const at = (task: number, column: number) => values[task]!.get(placeKey(places[column]!.checkpoint)) ?? null;
  const drawn = columns.flatMap(({ index }) => order.flatMap((task) => at(task, index)?.value ?? []));
  const scale = heatScale(drawn, 'linear');
  const cells = columns.flatMap((column) =>
    order.flatMap((task, i) => {
      const point = at(task, column.index);
      return point === null ? [] : [{ column, top: i * tall, bottom: (i + 1) * tall, level: scale.level(point.value) }];
    }),
  );
  const isEmpty = cells.length === 0;
  const svg = draw(plate, [
    ...heatMarks(plate, cells),
    Plot.text(order, {
      ...{ x: 0, y: (_: number, i: number) => (i + 0.5) * tall, text: (task: number) => names[task]! },
      ...{ textAnchor: 'end', dx: -paint.size * 0.5, fontSize: paint.small, fill: paint.ink2 },
    }),
    ...(axis.lanes.length > 1 ? laneNames(plate, axis) : []),
    ...xAxisMarks(plate, axis, { label: xLabels }),
    ...(isEmpty
      ? [Plot.text(['no downstream results'], { frameAnchor: 'middle', fill: paint.ink2 })]
      : heatLegend(plate, name, [short(scale.domain[0]), short(scale.domain[1])], input.axis === 'stages')),
  ]);
  const title = `${name} of every task over ${axis.name}`;
  const [best, worst] = [order[0], order.at(-1)];
  const description = isEmpty
    ? `${series.label}: no downstream results.`
    : `${series.label}: ${order.length} tasks at ${columns.length} checkpoints, from ${short(scale.domain[0])} to ` +
      `${short(scale.domain[1])}, as colour; at the end ${input.curves[best!]!.task} is highest, ${input.curves[worst!]!.task} lowest.`;
  describe(svg, title, description);
  return {
    ...{ svg, title, description, area: plate.area },
    get places() {
      return columns.flatMap(({ index, x }) =>
        order.flatMap((task, i) => {
          const point = at(task, index);
          if (point === null) return [];
          const { task: label, metric } = input.curves[task]!;
          return [
            {
              ...{ x: x0 + x, y: y0 + (i + 0.5) * tall, series: series.id, checkpoint: places[index]!.index },
              lines: [
                checkpointLine(places[index]!.checkpoint),
                `${label} ${metric} ${withError(point.value, point.se)}`,
              ],
            },
          ];
        }),
      );
    },
    data: {
      columns: ['task', 'metric', 'stage', 'revision', 'step', 'tokens', 'value', 'se', 'n', 'source'],
      rows: order.flatMap((task) =>
        columns.flatMap(({ index }) => {
          const point = at(task, index);
          const { stage, revision, step, tokens } = places[index]!.checkpoint;
          const { task: label, metric, source } = input.curves[task]!;
          return point === null
            ? []
            : [[label, metric, stage, revision, step, tokens, point.value, point.se, point.n, source]];
        }),
      ),
    },
  };
}

type Point = DownstreamCurve['points'][number];

function checkpointFor(series: SeriesStory, point: Point): Place {
  const index = checkpointOf(series.checkpoints, point);
  const revision = point.revision ?? (point.step === null ? '' : `step${point.step}`);
  return { index, checkpoint: series.checkpoints[index] ?? standIn(series, { ...point, revision }) };
}

function placeKey({ stage, revision }: Pick<CheckpointStory, 'stage' | 'revision'>): string {
  return `${stage}\n${revision}`;
}

function keyOf(series: SeriesStory, point: Point): string {
  return placeKey(checkpointFor(series, point).checkpoint);
}

function placesOf(series: SeriesStory, curves: readonly DownstreamCurve[]): Place[] {
  const found = new Map<string, Place>();
  for (const point of curves.flatMap(({ points }) => points)) {
    const place = checkpointFor(series, point);
    found.set(placeKey(place.checkpoint), place);
  }
  const stages = series.stages.map(({ name }) => name);
  return [...found.values()].sort(
    (a, b) =>
      stages.indexOf(a.checkpoint.stage) - stages.indexOf(b.checkpoint.stage) ||
      (a.checkpoint.step ?? 0) - (b.checkpoint.step ?? 0),
  );
}
