/** RankMe above, α below, one x axis: the run at a glance. */
import type { JSX } from 'preact';
import { trajectory, type Axis, type Frame } from '../../../src/charts/index.js';
import { figureName } from '../../../src/charts/words.js';
import { findingsOf } from '../../../src/story/index.js';
import { axisValue } from '../charts/axis-value.js';
import { Chart } from '../charts/chart.js';
import { Choice } from '../controls/choice.js';
import { Legend } from '../controls/legend.js';
import { Pick } from '../controls/pick.js';
import { Section } from '../controls/section.js';
import { Zoom } from '../controls/zoom.js';
import { failuresOf } from '../state/facts.js';
import {
  across,
  axis,
  candidates,
  colours,
  figure,
  focus,
  focusRun,
  layer,
  look,
  possibleAxes,
  possibleFigures,
  shown,
} from '../state/store.js';
import { unbroken } from '../state/words.js';

const axisNames: Readonly<Record<Axis, string>> = {
  tokens: 'Tokens',
  steps: 'Steps',
  compute: 'Compute',
  stages: 'Stages',
};

/** Where there is room beside, both charts stand on the first screen; below, on a phone, they take what suits them. */
const heights = {
  upper: (width: number) => (width > 700 ? 226 : undefined),
  alpha: (width: number) => (width > 700 ? 200 : undefined),
};

export function Trajectory(): JSX.Element | null {
  const series = focus.value;
  if (!series || series.layers.length === 0) return null;
  const draw = (which: 'upper' | 'alpha') => (frame: Frame) => {
    const inFocus = focus.value!;
    const run = focusRun.value;
    return trajectory(
      {
        series: shown.value,
        ...{ layer: layer.value, colours: colours.value, phases: true, paper: true, ...across.value },
        figure: which === 'upper' ? figure.value : 'alpha',
        emphasis: inFocus.id,
        // One x axis for both: its names stand below the lower chart.
        xLabels: which === 'alpha',
        failures: run ? failuresOf(inFocus, run) : [],
      },
      frame,
    );
  };
  const brush = (from: number, to: number) => {
    const ends = [from, to].map((i) => axisValue(series, i, axis.value));
    const [a, b] = ends;
    if (a !== null && b !== null && a! < b!) look({ zoom: [a!, b!] });
  };
  const zooms = axis.value !== 'stages';
  const controls = (
    <>
      <LayerPick />
      <Pick
        label="Upper chart"
        options={possibleFigures.value.map((value) => ({ value, text: figureName(value) }))}
        value={figure.value}
        onChange={(value) => look({ figure: value })}
      />
      <Choice
        label="x axis"
        name="axis"
        options={possibleAxes.value.map((value) => ({ value, text: axisNames[value] }))}
        value={axis.value}
        onChange={(value) => look({ axis: value, zoom: null })}
      />
      {zooms && <Zoom />}
    </>
  );
  return (
    <Section name="trajectory" title="Trajectory" controls={controls}>
      {candidates.value.length > 1 && <Legend />}
      <Chart name={figure.value} height={heights.upper} draw={draw('upper')} {...(zooms ? { brush } : {})} />
      <Chart name="alpha" height={heights.alpha} draw={draw('alpha')} {...(zooms ? { brush } : {})} />
      <p class="hint">
        Points are measurements, ribbons ± 1 standard error over sequences. Move over a chart or use the arrow keys: one
        cursor runs through all of them{zooms ? '; drag to zoom' : ''}.
      </p>
      <Findings />
    </Section>
  );
}

/** What the run says beyond the head's one sentence. */
function Findings(): JSX.Element | null {
  const { details } = findingsOf(focus.value!, focusRun.value!, layer.value);
  if (details.length === 0) return null;
  return (
    <>
      <h3>What the run says</h3>
      <ul class="details">
        {details.map((detail) => (
          <li key={detail}>{unbroken(detail)}</li>
        ))}
      </ul>
    </>
  );
}

function LayerPick(): JSX.Element | null {
  const layers = focus.value?.layers ?? [];
  const options = layers.map((value) => ({ value, text: value === 'final' ? 'final' : value }));
  return <Pick label="Layer" options={options} value={layer.value} onChange={(value) => look({ layer: value })} />;
}
