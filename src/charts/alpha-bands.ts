/** α fitted in three bands of ranks over training: whether the spectrum is one power law, and which part of it moves. */
import type { SeriesStory } from '../story/index.js';
import type { Drawing, Frame } from './chart.js';
import { curvePoints, layerOf, pointLines } from './curves.js';
import { lineChart, type OverTraining } from './line-chart.js';

const bands = [
  { figure: 'alpha_1_10', label: 'ranks 1–10' },
  { figure: 'alpha_10_100', label: 'ranks 10–100' },
  { figure: 'alpha_100_1000', label: 'ranks 100–1000' },
];

export interface AlphaBandsInput extends OverTraining {
  readonly series: SeriesStory;
  readonly layer?: string | undefined;
}

export function alphaBands(input: AlphaBandsInput, frame: Frame): Drawing {
  const { series, layer } = input;
  const name = layerOf(series, layer);
  const curves = name === null ? undefined : series.curves[name];
  const isThere = ({ figure }: { figure: string }) => curves?.figures[figure]?.some((value) => value !== null) ?? false;
  const shown = bands.filter(isThere);
  const absent = bands.filter((band) => !isThere(band));
  const why = (figure: string) => {
    const reasons = curves?.reasons[figure];
    return reasons?.['*'] ?? Object.values(reasons ?? {})[0] ?? 'not measured';
  };
  return lineChart(
    {
      ...input,
      labels: shown.map(({ label }) => label),
      series: [series],
      lines: (axis) =>
        shown.map(({ figure, label }) => ({
          ...{ label, colour: bands.findIndex((band) => band.figure === figure) },
          points: curvePoints(series, figure, axis, layer).flatMap((p) => {
            if (p.value === null) return [];
            const { stage, revision, step, tokens } = p.checkpoint;
            return [
              {
                ...{ x: p.x, value: p.value, se: p.se, segment: p.segment, series: series.id, checkpoint: p.index },
                lines: pointLines(p, figure, false),
                row: [series.label, stage, revision, step, tokens, label, p.value],
              },
            ];
          }),
        })),
      name: 'α in bands of ranks  (up: faster decay)',
      title: (axis) => `α in bands of ranks over ${axis.name}`,
      columns: ['series', 'stage', 'revision', 'step', 'tokens', 'band', 'alpha'],
      empty: `α in bands is absent: ${why('alpha_1_10')}`,
      notes: absent.map(({ figure, label }) => `α of ${label} is absent: ${why(figure)}`),
    },
    frame,
  );
}
