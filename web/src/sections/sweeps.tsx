/** How the figures depend on how they are measured: N, length, corpus, layer, position. */
import type { JSX } from 'preact';
import { sweep, type Frame } from '../../../src/charts/index.js';
import { sweptFigure, type SweepStory } from '../../../src/story/index.js';
import { Chart } from '../charts/chart.js';
import { Section } from '../controls/section.js';
import { sweeps } from '../state/store.js';

export function Sweeps(): JSX.Element | null {
  if (sweeps.value.length === 0) return null;
  return (
    <Section
      name="sweeps"
      title="Sweeps"
      lead="One choice of the measurement varied, the others as they are; ± 1 standard error. Points share sequences, so their errors are not independent."
    >
      {sweeps.value.map(({ over }) => (
        <div class="pair sweep" key={over}>
          <Chart name={`sweep-${over}-rankme`} kind="still" draw={draw(over, 'rankme')} />
          <Chart name={`sweep-${over}-alpha`} kind="still" draw={draw(over, 'alpha')} />
        </div>
      ))}
    </Section>
  );
}

const draw = (over: SweepStory['over'], figure: 'rankme' | 'alpha') => (frame: Frame) => {
  const { lines } = sweeps.value.find((one) => one.over === over)!;
  return sweep(
    {
      ...{ figure, over },
      lines: lines.map(({ checkpoint, points }) => ({
        label: checkpoint.revision,
        ...{ series: points[0]!.series.id, checkpoint: points[0]!.at },
        points: points.map((point) => {
          const { value, se } = sweptFigure(point, figure);
          return { value: point.value, figure: value, se };
        }),
      })),
    },
    frame,
  );
};
