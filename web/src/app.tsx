/** The page from top to bottom; a part that the run has nothing for isn't there. */
import { useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { focus, story, trouble } from './state/store.js';
import type { Source } from './data/source.js';
import { Announcer } from './announcer.js';
import { Ablation } from './sections/ablation.js';
import { Bands } from './sections/bands.js';
import { Comparison } from './sections/comparison.js';
import { Controls } from './sections/controls.js';
import { Directions } from './sections/directions.js';
import { Downstream } from './sections/downstream.js';
import { Head } from './sections/head.js';
import { Layers } from './sections/layers.js';
import { Memorization } from './sections/memorization.js';
import { Provenance } from './sections/provenance.js';
import { Samples } from './sections/samples.js';
import { Spectrum } from './sections/spectrum.js';
import { Sweeps } from './sections/sweeps.js';
import { Table } from './sections/table.js';
import { TopBar } from './sections/top-bar.js';
import { Training } from './sections/training.js';
import { Trajectory } from './sections/trajectory.js';

export function App({ source }: { source: Source }): JSX.Element {
  useSignalEffect(() => {
    document.title = focus.value ? `${focus.value.label} · eigentrace` : 'eigentrace';
  });
  // A report's URL keeps the view in its hash, so the link must not change it.
  const skip = (event: Event) => {
    event.preventDefault();
    document.getElementById('main')?.focus();
  };
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        Skip to the charts
      </a>
      <TopBar source={source} />
      <main id="main" tabIndex={-1}>
        {story.value ? <Parts source={source} /> : <Waiting />}
      </main>
      <Announcer />
    </>
  );
}

function Parts({ source }: { source: Source }): JSX.Element {
  return (
    <>
      <Head />
      <Trajectory />
      <Spectrum source={source} />
      <Layers />
      <Bands />
      <Training />
      <Memorization />
      <Downstream />
      <Ablation />
      <Directions />
      <Samples />
      <Controls />
      <Sweeps />
      <Comparison />
      <Table source={source} />
      <Provenance source={source} />
    </>
  );
}

function Waiting(): JSX.Element {
  if (trouble.value === null) return <p class="waiting">Reading the run…</p>;
  return (
    <p class="waiting" role="alert">
      {trouble.value}
    </p>
  );
}
