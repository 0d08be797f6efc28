/** One figure at every layer over training: a column a checkpoint, a row a layer, the embeddings below, `final` above. */
import * as Plot from '@observablehq/plot';
import type { SeriesStory } from '../story/index.js';
import type { Drawing, Frame } from './chart.js';
import { checkpointLine } from './curves.js';
import { columnsOf, heatLegend, heatMargins, heatMarks, heatScale } from './heat.js';
import type { OverTraining } from './line-chart.js';
import { laneNames } from './phase-marks.js';
import { describe, draw, plateOf, xAxisMarks } from './plate.js';
import { paintOf } from './theme.js';
import { figureName, short } from './words.js';
import { xAxis } from './x-axis.js';
import { axisName } from './y-axis.js';

export interface LayerMapInput extends OverTraining {
  readonly series: SeriesStory;
  /** `rankme`, `alpha`, … */
  readonly figure: string;
}

export function layerMap(input: LayerMapInput, frame: Frame): Drawing {
  const { series, figure, xLabels = true } = input;
  const paint = paintOf(frame);
  const isStaged = input.axis === 'stages';
  const margins = heatMargins(paint, input);
  const layers = series.layers;
  const row = frame.theme === 'paper' ? 6 : 12;
  const tallest = frame.theme === 'paper' ? 190 : 380;
  const own = Math.min(tallest, Math.max(row * 6, layers.length * row));
  const plate = plateOf(frame, margins, frame.height ?? Math.round(margins.top + margins.bottom + own));
  const [left, top, right, bottom] = plate.area;
  const axis = xAxis({
    series: [series],
    kind: input.axis ?? 'tokens',
    width: right - left,
    paint,
    domain: input.domain,
  });
  const columns = columnsOf(series, axis);
  const value = (layer: string, index: number) => series.curves[layer]?.figures[figure]?.[index] ?? null;
  const scale = heatScale(
    columns.flatMap(({ index }) => layers.flatMap((layer) => value(layer, index) ?? [])),
    'linear',
  );
  const tall = (bottom - top) / Math.max(1, layers.length);
  const topOf = (i: number) => bottom - top - (i + 1) * tall;
  const cells = columns.flatMap((column) =>
    layers.toReversed().flatMap((layer, above) => {
      const i = layers.length - 1 - above;
      const found = value(layer, column.index);
      return found === null ? [] : [{ column, top: topOf(i), bottom: topOf(i) + tall, level: scale.level(found) }];
    }),
  );
  const named = namedLayers(layers, tall, paint.small);
  const isEmpty = cells.length === 0;
  const svg = draw(plate, [
    ...heatMarks(plate, cells),
    Plot.text(named, {
      ...{ x: 0, y: (i: number) => topOf(i) + tall / 2, text: (i: number) => layers[i]!, textAnchor: 'end' },
      ...{ dx: -paint.size * 0.5, fontSize: paint.small, fill: paint.ink2 },
    }),
    axisName(plate, 'Layer'),
    ...(axis.lanes.length > 1 ? laneNames(plate, axis) : []),
    ...xAxisMarks(plate, axis, { label: xLabels }),
    ...(isEmpty
      ? [Plot.text([`${figureName(figure)} is absent at every layer`], { frameAnchor: 'middle', fill: paint.ink2 })]
      : heatLegend(plate, figureName(figure), [short(scale.domain[0]), short(scale.domain[1])], isStaged)),
  ]);
  const title = `${figureName(figure)} by layer over ${axis.name}`;
  const description = isEmpty
    ? `${series.label}: ${figureName(figure)} is absent at every layer.`
    : `${series.label}: ${figureName(figure)} of ${layers.length} layers at ${columns.length} checkpoints, from ` +
      `${short(scale.domain[0])} to ${short(scale.domain[1])}, as colour${axis.note === null ? '' : `; ${axis.note}`}.`;
  describe(svg, title, description);
  return {
    ...{ svg, title, description, area: plate.area },
    places: columns.map(({ index, x }) => ({
      ...{ x: left + x, y: (top + bottom) / 2, series: series.id, checkpoint: index },
      lines: [checkpointLine(series.checkpoints[index]!), ...extremes(index)],
    })),
    data: {
      columns: ['series', 'stage', 'revision', 'step', 'tokens', 'layer', figure],
      rows: columns.flatMap(({ index }) => {
        const { stage, revision, step, tokens } = series.checkpoints[index]!;
        return layers.map((layer) => [series.label, stage, revision, step, tokens, layer, value(layer, index)]);
      }),
    },
  };

  function extremes(index: number): string[] {
    const found = layers.flatMap((layer) => {
      const at = value(layer, index);
      return at === null ? [] : [{ layer, at }];
    });
    if (found.length === 0) return [`${figureName(figure)} absent`];
    const sorted = [...found].sort((a, b) => a.at - b.at);
    const [least, most] = [sorted[0]!, sorted.at(-1)!];
    return [
      `${figureName(figure)} lowest ${short(least.at)}, layer ${least.layer}`,
      `highest ${short(most.at)}, layer ${most.layer}`,
    ];
  }
}

/** Indices of the layers whose names fit: every second, fourth, … and the last always. */
function namedLayers(layers: readonly string[], tall: number, size: number): number[] {
  const every = [1, 2, 4, 5, 8, 10, 20].find((step) => step * tall >= size * 1.15) ?? 40;
  const last = layers.length - 1;
  const kept = layers.map((_, i) => i).filter((i) => i % every === 0 && (last - i) * tall >= size * 1.15);
  return last >= 0 ? [...kept, last] : [];
}
