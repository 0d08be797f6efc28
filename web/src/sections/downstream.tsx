/** Results of tasks over the same checkpoints, under geometry on one axis, and what the two have to do with each other. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import {
  alsoOf,
  correlationMatrix,
  downstream,
  matrixFigures,
  metricName,
  taskMap,
  tasksOf,
  trajectory,
  type Frame,
  type RelationPart,
} from '../../../src/charts/index.js';
import { paperCorrelationFor } from '../../../src/paper/index.js';
import { geometryOfStory, relatedStage, relationsOf, type DownstreamCurve } from '../../../src/story/index.js';
import { Chart } from '../charts/chart.js';
import { Choice } from '../controls/choice.js';
import { Pick } from '../controls/pick.js';
import { Section } from '../controls/section.js';
import { across, figure, focus, layer } from '../state/store.js';
import { count } from '../state/words.js';

/** Lines that a chart can tell apart. */
const atOnce = 6;

export function Downstream(): JSX.Element | null {
  const chosen = useSignal<string | null>(null);
  const group = useSignal(0);
  const all = focus.value?.downstream ?? [];
  if (all.length === 0) return null;
  const metrics = [...new Set(all.map(({ metric }) => metric))];
  const wanted = chosen.value !== null && metrics.includes(chosen.value) ? chosen.value : undefined;
  const { curves, metric } = tasksOf(all, wanted);
  const groups = Array.from({ length: Math.ceil(curves.length / atOnce) }, (_, i) =>
    curves.slice(i * atOnce, (i + 1) * atOnce),
  );
  const shown = groups[Math.min(group.value, groups.length - 1)] ?? [];
  // Where both shares of right answers stand on one axis, `acc` alone is another choice than all of them.
  const isMixed = new Set(curves.map((curve) => curve.metric)).size > 1;
  const options = metrics.map((value) => ({ value, text: value }));
  return (
    <Section
      name="downstream"
      title="Tasks"
      lead={`From ${sources(all)}; ± 1 standard error where there is one.`}
      controls={
        <>
          <Pick
            label="Metric"
            options={
              isMixed || wanted !== undefined
                ? [{ value: '', text: metricName('acc').toLowerCase() }, ...options]
                : options
            }
            value={wanted ?? (isMixed ? '' : metric)}
            onChange={(value) => {
              chosen.value = value === '' ? null : value;
              group.value = 0;
            }}
          />
          <Pick
            label="Tasks"
            options={groups.map((own, i) => ({ value: String(i), text: groupName(own) }))}
            value={String(Math.min(group.value, groups.length - 1))}
            onChange={(value) => (group.value = Number(value))}
          />
        </>
      }
    >
      <UnderGeometry shown={shown} metric={metric} />
      {curves.length > atOnce && (
        <Chart
          name="task-map"
          kind="map"
          draw={(frame: Frame) =>
            taskMap({ series: focus.value!, curves, name: metricName(metric), ...across.value }, frame)
          }
        />
      )}
      <Related curves={curves} />
    </Section>
  );
}

/** The trajectory's figures above the tasks, with its axis, its cursor and one right edge. */
function UnderGeometry({ shown, metric }: { shown: readonly DownstreamCurve[]; metric: string }): JSX.Element {
  const tasks = () => ({
    ...{ series: focus.value!, curves: shown, tasks: shown.map(({ task }) => task), ...across.value },
    ...(new Set(shown.map((curve) => curve.metric)).size > 1 ? {} : { metric: shown[0]?.metric ?? metric }),
  });
  const drawTasks = (frame: Frame) => downstream(tasks(), frame);
  const above = (name: string) => (frame: Frame) => {
    const series = focus.value!;
    const right = frame.width - downstream(tasks(), { ...frame, height: 200 }).area[2];
    return trajectory(
      {
        ...{ series: [series], figure: name, layer: layer.value, phases: true, xLabels: false, right },
        ...{ also: alsoOf(series, shown), ...across.value },
      },
      frame,
    );
  };
  const hasGeometry = focus.value!.curves[layer.value] !== undefined;
  const height = (width: number) => (width > 700 ? 150 : 140);
  return (
    <>
      {hasGeometry && <Chart name="tasks-geometry" height={height} draw={above(figure.value)} />}
      {hasGeometry && <Chart name="tasks-alpha" height={height} draw={above('alpha')} />}
      <Chart key={`${metric} ${shown[0]?.task ?? ''}`} name="downstream" draw={drawTasks} />
    </>
  );
}

const parts: readonly { readonly value: RelationPart; readonly text: string }[] = [
  { value: 'increments', text: 'Increments' },
  { value: 'levels', text: 'Levels' },
  { value: 'partial', text: 'Given tokens' },
];

const readings: Readonly<Record<RelationPart, string>> = {
  increments:
    'Do figure and task move together from one checkpoint to the next? * and a frame: p below .05 after Holm’s correction over the matrix.',
  levels:
    'Levels are descriptive: whatever drifts over training looks correlated with whatever else does, so they carry no p.',
  partial: 'Levels, with what ln(tokens) explains of both taken away; step 0 has none. Descriptive too.',
};

function Related({ curves }: { curves: readonly DownstreamCurve[] }): JSX.Element | null {
  const part = useSignal<RelationPart>('increments');
  const kind = useSignal<'pearson' | 'spearman'>('pearson');
  const series = focus.value!;
  const found = useMemo(() => {
    const stage = relatedStage(series, curves);
    const measured = series.curves[layer.value]?.figures ?? {};
    const figures = matrixFigures.filter((name) => measured[name]?.some((value) => value !== null) ?? false);
    if (stage === null || figures.length === 0) return null;
    return relationsOf(geometryOfStory(series, layer.value), curves, { stage, figures });
  }, [series, layer.value, curves.map(({ task, metric }) => `${task}\n${metric}`).join('\n')]);
  if (!found) return null;
  const draw = (frame: Frame) =>
    correlationMatrix({ series: focus.value!, relations: found, part: part.value, kind: kind.value }, frame);
  return (
    <>
      <div class="part-head">
        <h3>What geometry has to do with them</h3>
        <div class="part-controls">
          <Choice
            label="Correlation of"
            name="relation-part"
            options={parts}
            value={part.value}
            onChange={(value) => (part.value = value)}
          />
          <Choice
            label="Kind"
            name="relation-kind"
            options={[
              { value: 'pearson', text: 'Pearson' },
              { value: 'spearman', text: 'Spearman' },
            ]}
            value={kind.value}
            onChange={(value) => (kind.value = value)}
          />
        </div>
      </div>
      <p class="lead">
        {readings[part.value]} {count(found.matched, 'checkpoint')} of {found.stage}.
      </p>
      <Chart name="correlations" kind="still" draw={draw} />
      <Paper />
    </>
  );
}

/** The paper's Table 9, where the series is one of its models. */
function Paper(): JSX.Element | null {
  const paper = paperCorrelationFor(focus.value!.name);
  if (paper === null) return null;
  const r = (value: number) => value.toFixed(2).replace('-', '−').replace('0.', '.');
  return (
    <p class="hint">
      The paper’s Table 9 for {paper.name}, SciQ: r {r(paper.alphaR)} with α (p {paper.alphaP.toExponential(1)}),{' '}
      {r(paper.rankmeR)} with RankMe (p {paper.rankmeP.toExponential(1)}). Of which kind it doesn’t say; its p fit a t
      test of levels.
    </p>
  );
}

function groupName(curves: readonly DownstreamCurve[]): string {
  const [first, last] = [curves[0]?.task ?? '', curves.at(-1)?.task ?? ''];
  return first === last ? first : `${first} … ${last}`;
}

function sources(tasks: readonly { readonly source: string }[]): string {
  const names = [...new Set(tasks.map(({ source }) => source))];
  return names.length > 3 ? count(names.length, 'file') : names.join(', ');
}
