/** Results of tasks over the same checkpoints. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { chooseDownstream, downstream, type Frame } from '../../../src/charts/index.js';
import { Chart } from '../charts/chart.js';
import { Pick } from '../controls/pick.js';
import { Section } from '../controls/section.js';
import { across, focus } from '../state/store.js';
import { count } from '../state/words.js';

export function Downstream(): JSX.Element | null {
  const chosen = useSignal<string | null>(null);
  const tasks = focus.value?.downstream ?? [];
  if (tasks.length === 0) return null;
  const metrics = [...new Set(tasks.map(({ metric }) => metric))];
  const wanted = () => (chosen.value !== null && metrics.includes(chosen.value) ? chosen.value : undefined);
  const { shown, metric, left } = chooseDownstream(tasks, { metric: wanted() });
  const draw = (frame: Frame) => downstream({ series: focus.value!, metric: wanted(), ...across.value }, frame);
  const more = left > 0 ? ` ${shown.length} of ${shown.length + left} tasks are drawn; the rest is in the files.` : '';
  return (
    <Section
      name="downstream"
      title="Tasks"
      lead={`From ${sources(tasks)}; ± 1 standard error where the harness gives one.${more}`}
      controls={
        <Pick
          label="Metric"
          options={metrics.map((value) => ({ value, text: value }))}
          value={metric}
          onChange={(value) => (chosen.value = value)}
        />
      }
    >
      <Chart name="downstream" draw={draw} />
    </Section>
  );
}

function sources(tasks: readonly { readonly source: string }[]): string {
  const names = [...new Set(tasks.map(({ source }) => source))];
  return names.length > 3 ? count(names.length, 'file') : names.join(', ');
}
