/** The decay in bands of ranks: whether the head or the tail of the spectrum moves. */
import type { JSX } from 'preact';
import { alphaBands, type Frame } from '../../../src/charts/index.js';
import { Chart } from '../charts/chart.js';
import { Section } from '../controls/section.js';
import { across, curves, focus, layer } from '../state/store.js';

const bands = ['alpha_1_10', 'alpha_10_100', 'alpha_100_1000'];

export function Bands(): JSX.Element | null {
  const figures = curves.value?.figures;
  if (!focus.value || !bands.some((band) => figures?.[band]?.some((value) => value !== null))) return null;
  const draw = (frame: Frame) => alphaBands({ series: focus.value!, layer: layer.value, ...across.value }, frame);
  return (
    <Section
      name="bands"
      title="α in bands of ranks"
      lead="One slope rarely fits a whole spectrum: the decay of its head, middle and tail on their own."
    >
      <Chart name="bands" draw={draw} />
    </Section>
  );
}
