/** The eigenspectrum at the cursor, its neighbours as ghosts, and all of training as a map beside it. */
import { computed } from '@preact/signals';
import type { JSX } from 'preact';
import { scree, screeDomain, spectrumMap, type Frame } from '../../../src/charts/index.js';
import { Chart } from '../charts/chart.js';
import { Player } from '../controls/player.js';
import { Section } from '../controls/section.js';
import { spectra } from '../data/spectra.js';
import type { Source } from '../data/source.js';
import { across, cursor, curves, focus, keyOf, layer, look, pinned } from '../state/store.js';
import { checkpointText, figureText } from '../state/words.js';

/** How many neighbours on either side are drawn as ghosts. */
const ghosts = 2;

export function Spectrum({ source }: { source: Source }): JSX.Element | null {
  const series = focus.value;
  const found = spectra.value;
  if (!series || series.layers.length === 0 || cursor.value === null) return null;
  if (found === null) {
    if (source.kind === 'live') return null;
    const lead = `This report holds no spectra of layer ${layer.value}; the live page (eigentrace serve) shows them.`;
    return (
      <Section name="spectrum" title="Spectrum" lead={lead}>
        {null}
      </Section>
    );
  }
  return (
    <Section name="spectrum" title="Spectrum">
      <Player />
      <Reading source={source} />
      {found === undefined ? (
        <p class="waiting">Reading the spectra…</p>
      ) : (
        <div class="pair">
          <Chart name="scree" draw={drawScree} height={height} kind="still" />
          <Chart name="spectrum-map" draw={drawMap} height={height} kind="map" />
        </div>
      )}
    </Section>
  );
}

/** The two stand side by side, and their axes in line. */
const height = (width: number) => (width > 480 ? 380 : 320);

/** Of all of training, so that the slider leaves the axis where it is. */
const domain = computed(() => {
  const all = spectra.value;
  return all ? screeDomain(all.eigenvalues.map((_, checkpoint) => ({ spectra: all, checkpoint }))) : undefined;
});

function drawScree(frame: Frame) {
  const inFocus = focus.value!;
  const all = spectra.value!;
  const at = cursor.value!;
  const near = Array.from({ length: 2 * ghosts + 1 }, (_, i) => at - ghosts + i);
  const drawn = near.filter((i) => i !== at && i >= 0 && i < inFocus.checkpoints.length);
  const one = (checkpoint: number, role: 'current' | 'ghost' | 'pinned') => ({
    series: inFocus,
    spectra: all,
    checkpoint,
    role,
  });
  const pin = pinned.value;
  return scree(
    {
      spectra: [
        // The first one drawn in full has the first colour.
        one(at, 'current'),
        ...(pin === null || pin === at ? [] : [one(pin, 'pinned')]),
        ...drawn.map((i) => one(i, 'ghost')),
      ],
      domain: domain.value,
    },
    frame,
  );
}

function drawMap(frame: Frame) {
  return spectrumMap({ series: focus.value!, spectra: spectra.value!, ...across.value }, frame);
}

/** The figures at the cursor and, where one is pinned, at the pinned checkpoint. */
function Reading({ source }: { source: Source }): JSX.Element {
  const series = focus.value!;
  const at = cursor.value!;
  const pin = pinned.value;
  const key = keyOf(series.checkpoints[at]!);
  const csv = source.address('api/download/eigenvalues', {
    ...{ series: series.id, stage: series.checkpoints[at]!.stage, revision: series.checkpoints[at]!.revision },
    layer: layer.value,
  });
  return (
    <div class="reading">
      <Line index={at} role="At the cursor" />
      <button
        type="button"
        class="quiet"
        aria-pressed={pin === at}
        onClick={() => look({ pinned: pin === at ? null : key })}
      >
        {pin === at ? 'Unpin' : 'Pin to compare'}
      </button>
      {csv !== null && (
        <a class="link" href={csv} download>
          Eigenvalues (CSV)
        </a>
      )}
      {pin !== null && pin !== at && (
        <>
          <Line index={pin} role="Pinned" />
          <button type="button" class="quiet" onClick={() => look({ pinned: null })}>
            Unpin
          </button>
        </>
      )}
    </div>
  );
}

function Line({ index, role }: { index: number; role: string }): JSX.Element {
  const figures = curves.value!;
  const texts = [
    ['RankMe', 'rankme'],
    ['α', 'alpha'],
    ['r²', 'r2'],
  ].flatMap(([name, figure]) => {
    const text = figureText(figures, figure!, index);
    return text === null ? [] : [`${name} ${text}`];
  });
  return (
    <p class="line">
      <span class="role">{role}</span> <strong>{checkpointText(focus.value!.checkpoints[index]!)}</strong>
      <span class="figures">{texts.join(' · ')}</span>
    </p>
  );
}
