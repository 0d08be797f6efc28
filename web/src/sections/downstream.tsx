/** Results of tasks over the same checkpoints. */
import type { JSX } from 'preact';
import { downstream, type Frame } from '../../../src/charts/index.js';
import { Chart } from '../charts/chart.js';
import { Section } from '../controls/section.js';
import { axis, focus } from '../state/store.js';

export function Downstream(): JSX.Element | null {
  const tasks = focus.value?.downstream ?? [];
  if (tasks.length === 0) return null;
  const draw = (frame: Frame) =>
    downstream({ series: focus.value!, curves: focus.value!.downstream, axis: axis.value }, frame);
  return (
    <Section
      name="downstream"
      title="Tasks"
      lead={`Results from ${sources(tasks)}; ± 1 standard error where it is given.`}
    >
      <Chart name="downstream" draw={draw} />
    </Section>
  );
}

function sources(tasks: readonly { readonly source: string }[]): string {
  const names = [...new Set(tasks.map(({ source }) => source))];
  return names.length > 3 ? `${names.length} files` : names.join(', ');
}
