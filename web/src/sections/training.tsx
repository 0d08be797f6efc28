/** Loss and learning rate from the training's own log, over the same checkpoints. */
import type { JSX } from 'preact';
import { lossColumns, training, type Frame } from '../../../src/charts/index.js';
import { Chart } from '../charts/chart.js';
import { Section } from '../controls/section.js';
import { across, focus } from '../state/store.js';

/** Has an axis of its own: it is no loss. */
const rate = 'learning_rate';

export function Training(): JSX.Element | null {
  const logs = focus.value?.logs ?? [];
  if (logs.length === 0) return null;
  const losses = lossColumns(logs);
  const hasRate = logs.some(({ columns }) => rate in columns);
  const draw = (columns: readonly string[]) => (frame: Frame) =>
    training({ series: focus.value!, columns, ...across.value }, frame);
  return (
    <Section name="training" title="Training log" lead={`From ${logs.map(({ source }) => source).join(', ')}.`}>
      {losses.length > 0 && <Chart name="loss" draw={draw(losses)} />}
      {hasRate && <Chart name="learning-rate" draw={draw([rate])} />}
    </Section>
  );
}
