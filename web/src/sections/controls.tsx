/** What the same measurement says of nulls: tokens out of order, weights never trained, noise. */
import type { JSX } from 'preact';
import { trajectory, type Frame } from '../../../src/charts/index.js';
import type { SeriesStory } from '../../../src/story/index.js';
import { Chart } from '../charts/chart.js';
import { Section } from '../controls/section.js';
import { across, colours, controls, focus, layer } from '../state/store.js';

/** By what sets them apart: whose nulls they are is known here. */
const short = (series: SeriesStory): SeriesStory => ({
  ...series,
  label: series.label.replace(`${series.name} · `, ''),
});

export function Controls(): JSX.Element | null {
  if (controls.value.length === 0) return null;
  const draw = (figure: 'rankme' | 'alpha') => (frame: Frame) =>
    trajectory(
      {
        series: [focus.value!, ...controls.value.map(short)],
        ...{ figure, layer: layer.value, ...across.value, colours: colours.value, phases: false },
      },
      frame,
    );
  return (
    <Section
      name="controls"
      title="Controls"
      lead="Nulls under the same N and d. A finding about the model should not show in them."
    >
      <div class="pair">
        <Chart name="controls-rankme" draw={draw('rankme')} />
        <Chart name="controls-alpha" draw={draw('alpha')} />
      </div>
    </Section>
  );
}
