/** The whole spectrum over training: a column a checkpoint, rank downwards (log), colour the share of variance (log). */
import type { LayerSpectra, SeriesStory } from '../story/index.js';
import type { Drawing, Frame } from './chart.js';
import { checkpointLine } from './curves.js';
import { columnsOf, heatLegend, heatMargins, heatMarks, heatScale } from './heat.js';
import type { OverTraining } from './line-chart.js';
import { logAxis, logYMarks } from './log-axis.js';
import { laneNames } from './phase-marks.js';
import { describe, draw, plateOf, xAxisMarks } from './plate.js';
import { paintOf } from './theme.js';
import { short } from './words.js';
import { xAxis } from './x-axis.js';

export interface SpectrumMapInput extends OverTraining {
  readonly series: SeriesStory;
  readonly spectra: LayerSpectra;
}

export function spectrumMap(input: SpectrumMapInput, frame: Frame): Drawing {
  const { series, spectra, xLabels = true } = input;
  const paint = paintOf(frame);
  const isStaged = input.axis === 'stages';
  const margins = heatMargins(paint, input);
  const height =
    frame.height ??
    Math.round(
      frame.theme === 'paper' ? Math.min(180, frame.width * 0.6) : Math.min(320, Math.max(220, frame.width * 0.45)),
    );
  const plate = plateOf(frame, margins, height);
  const [left, top, right, bottom] = plate.area;
  const axis = xAxis({
    series: [series],
    kind: input.axis ?? 'tokens',
    width: right - left,
    paint,
    domain: input.domain,
  });
  const columns = columnsOf(series, axis);
  const share = (index: number, i: number): number | null => {
    const total = spectra.totals[index];
    const value = spectra.eigenvalues[index]?.[i];
    return total && value !== undefined && value > 0 ? value / total : null;
  };
  const most = Math.max(0, ...columns.map(({ index }) => spectra.eigenvalues[index]?.length ?? 0));
  const ranks = spectra.ranks.slice(0, most);
  const last = ranks.at(-1) ?? 1;
  const y = logAxis([0.75, Math.max(2, last * 1.02)], 0, bottom - top);
  // Edges between ranks lie half way between them in ln(rank).
  const edge = (i: number) =>
    i <= 0 ? 0 : i >= ranks.length ? bottom - top : y.at(Math.sqrt(ranks[i - 1]! * ranks[i]!));
  const scale = heatScale(
    columns.flatMap(({ index }) => ranks.flatMap((_, i) => share(index, i) ?? [])),
    'log',
  );
  const cells = columns.flatMap((column) =>
    ranks.flatMap((_, i) => {
      const value = share(column.index, i);
      return value === null ? [] : [{ column, top: edge(i), bottom: edge(i + 1), level: scale.level(value) }];
    }),
  );
  const svg = draw(plate, [
    ...logYMarks(plate, y, 'Rank'),
    ...heatMarks(plate, cells),
    ...(axis.lanes.length > 1 ? laneNames(plate, axis) : []),
    ...xAxisMarks(plate, axis, { label: xLabels }),
    ...heatLegend(plate, 'share of variance (log)', [short(scale.domain[0]), short(scale.domain[1])], isStaged),
  ]);
  const title = `Eigenspectrum over ${axis.name}`;
  const description =
    `${series.label}: share of variance of each rank at ${columns.length} checkpoints, from ${short(scale.domain[0])} ` +
    `to ${short(scale.domain[1])}, as colour on a log scale${axis.note === null ? '' : `; ${axis.note}`}.`;
  describe(svg, title, description);
  return {
    ...{ svg, title, description, area: plate.area },
    places: columns.map(({ index, x }) => ({
      ...{ x: left + x, y: (top + bottom) / 2, series: series.id, checkpoint: index },
      lines: [
        checkpointLine(series.checkpoints[index]!),
        ...[1, 10, 100].flatMap((rank) => {
          const value = share(index, ranks.indexOf(rank));
          return value === null ? [] : [`rank ${rank}: ${short(100 * value)} % of variance`];
        }),
      ],
    })),
    get data() {
      return {
        columns: ['series', 'stage', 'revision', 'step', 'tokens', 'layer', 'rank', 'share'],
        rows: columns.flatMap(({ index }) => {
          const { stage, revision, step, tokens } = series.checkpoints[index]!;
          return ranks.map((rank, i) => [
            series.label,
            stage,
            revision,
            step,
            tokens,
            spectra.layer,
            rank,
            share(index, i),
          ]);
        }),
      };
    },
  };
}
