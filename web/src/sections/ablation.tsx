/** What the model still answers with the eigen-directions of its final states removed, or with them alone. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { ablationChart, metricNames, type Frame } from '../../../src/charts/index.js';
import { ablationVerdict, signed, withError, type AblationStory } from '../../../src/story/index.js';
import { Chart } from '../charts/chart.js';
import { besideCursor, CheckpointPick } from '../controls/checkpoint-pick.js';
import { Pick } from '../controls/pick.js';
import { Section } from '../controls/section.js';
import { useAtCursor } from '../state/at-cursor.js';
import { focus } from '../state/store.js';
import { absent, count } from '../state/words.js';

export function Ablation(): JSX.Element | null {
  const all = focus.value?.ablation ?? [];
  return all.length === 0 ? null : <Shown all={all} />;
}

function Shown({ all }: { all: readonly AblationStory[] }): JSX.Element {
  const name = useSignal<string | null>(null);
  const metric = useSignal<string | null>(null);
  const ablation = all.find((one) => one.name === name.value) ?? all[0]!;
  const [at, choose] = useAtCursor(ablation.points);
  const shown = metric.value !== null && ablation.metrics.includes(metric.value) ? metric.value : ablation.metrics[0]!;
  const point = ablation.points[at]!;
  const draw = (frame: Frame) => ablationChart({ series: focus.value!, ablation, point: at, metric: shown }, frame);
  const said = ablationVerdict(ablation, at, shown);
  const about = ablation.mean ? 'about their mean' : 'about the origin';
  const random = ablation.draws === 0 ? '' : ` Random: the mean of ${ablation.draws} draws.`;
  return (
    <Section
      name="ablation"
      title="Ablation"
      lead={`Eigen-directions of Σ over ${count(point.n, 'state')} of ${ablation.corpus}, ${about}; ± 1 standard error over ${count(point.questions, 'question')}.${random}${said === null ? '' : ` ${said}`}${besideCursor(point)}`}
      controls={
        <>
          <Pick
            label="Of"
            options={all.map((one) => ({ value: one.name, text: one.name }))}
            value={ablation.name}
            onChange={(value) => (name.value = value)}
          />
          <Pick
            label="Metric"
            options={ablation.metrics.map((value) => ({ value, text: metricNames[value] ?? value }))}
            value={shown}
            onChange={(value) => (metric.value = value)}
          />
          <CheckpointPick points={ablation.points} at={at} onChange={choose} />
        </>
      }
    >
      <Chart of={[ablation, at, shown]} name="ablation" kind="still" draw={draw} />
      <Changes ablation={ablation} at={at} metric={shown} />
      {point.notes.length > 0 && (
        <ul class="notes">
          {point.notes.map((note) => (
            <li class="note" key={note}>
              {note}
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

/** What bars don't show: the tests. */
function Changes({
  ablation,
  at,
  metric,
}: {
  ablation: AblationStory;
  at: number;
  metric: string;
}): JSX.Element | null {
  const rows = ablation.variants.flatMap((variant) => {
    const figure = variant.figures[metric]?.[at] ?? null;
    return variant.kind !== 'band' || figure === null || figure[0] === null ? [] : [{ variant, figure }];
  });
  if (rows.length === 0) return null;
  const hasRandom = rows.some(({ figure }) => figure[5] !== null);
  const heads = ['Variant', 'Variance', metric, 'Change', 'p', ...(hasRandom ? ['Against random', 'p'] : [])];
  return (
    <div class="table-frame" role="region" aria-label="Changes by ablation" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {heads.map((head, i) => (
              <th scope="col" key={i}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ variant, figure: [value, se, change, changeSe, p, versus, versusSe, versusP] }) => {
            const variance = variant.variance[at] ?? null;
            return (
              <tr key={variant.name}>
                <th scope="row">{variant.name}</th>
                <td>{variance === null ? absent : `${(100 * variance).toFixed(1)} %`}</td>
                <td>{withError(value!, se)}</td>
                <td>{change === null ? absent : signed(change, changeSe)}</td>
                <td>{pText(p)}</td>
                {hasRandom && <td>{versus === null ? absent : signed(versus, versusSe)}</td>}
                {hasRandom && <td>{pText(versusP)}</td>}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function pText(p: number | null): string {
  if (p === null) return absent;
  return p < 0.0001 ? '< 0.0001' : p.toFixed(p < 0.1 ? 4 : 2);
}
