/** Every layer over training. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { layerMap, type Frame } from '../../../src/charts/index.js';
import { figureName } from '../../../src/charts/words.js';
import { Chart } from '../charts/chart.js';
import { Pick } from '../controls/pick.js';
import { Section } from '../controls/section.js';
import { across, focus } from '../state/store.js';

/** Figures that a map of layers can show, where they were measured. */
const figures = ['rankme', 'alpha', 'participation_ratio', 'stable_rank', 'r2', 'mean_cosine', 'mean_norm', 'top1'];

export function Layers(): JSX.Element | null {
  const other = useSignal('alpha');
  const series = focus.value;
  if (!series || series.layers.length < 2) return null;
  const has = (figure: string) =>
    series.layers.some((layer) => series.curves[layer]?.figures[figure]?.some((value) => value !== null) ?? false);
  const options = figures.filter((figure) => figure !== 'rankme' && has(figure));
  const shown = options.includes(other.value) ? other.value : options[0];
  const draw = (figure: string) => (frame: Frame) => layerMap({ series: focus.value!, figure, ...across.value }, frame);
  return (
    <Section
      name="layers"
      title="Layers"
      lead="Each row is a layer, embeddings at the bottom, the final norm at the top; each column a checkpoint."
      controls={
        <Pick
          label="Second map"
          options={options.map((value) => ({ value, text: figureName(value) }))}
          value={shown ?? ''}
          onChange={(value) => (other.value = value)}
        />
      }
    >
      <div class="pair">
        <Chart name="layers-rankme" draw={draw('rankme')} kind="map" />
        {shown !== undefined && <Chart key={shown} name={`layers-${shown}`} draw={draw(shown)} kind="map" />}
      </div>
    </Section>
  );
}
