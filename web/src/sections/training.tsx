/** Loss and learning rate from the training's own log, over the same checkpoints. */
import type { JSX } from 'preact';
import { training, type Frame } from '../../../src/charts/index.js';
import { Chart } from '../charts/chart.js';
import { Section } from '../controls/section.js';
import { axis, focus } from '../state/store.js';

export function Training(): JSX.Element | null {
  const logs = focus.value?.logs ?? [];
  if (logs.length === 0) return null;
  const draw = (frame: Frame) => training({ series: focus.value!, logs: focus.value!.logs, axis: axis.value }, frame);
  return (
    <Section name="training" title="Training log" lead={`From ${logs.map(({ source }) => source).join(', ')}.`}>
      <Chart name="training" draw={draw} />
    </Section>
  );
}
