/** Stories for charts: the bundled sample's run, and made ones for what it doesn't show. */
import { parseHTML } from 'linkedom';
import type { Frame } from '../../src/charts/index.js';
import { readSpectra, readStory, StoryReader } from '../../src/report/index.js';
import type { LayerSpectra, SeriesStory } from '../../src/story/index.js';

const demo = new URL('../golden/runs/demo', import.meta.url).pathname;

export function frame(width: number, theme: Frame['theme'] = 'paper', height?: number): Frame {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  return { document, width, theme, ...(height === undefined ? {} : { height }) };
}

/** The sample's series as a story tells it. */
export async function demoSeries(): Promise<SeriesStory> {
  const story = await readStory([demo], { version: '0.1.0' });
  return story.runs[0]!.series[0]!;
}

/** The same series at every layer, ten checkpoints, 400 sequences. */
export async function layersSeries(): Promise<SeriesStory> {
  const story = await readStory([new URL('../golden/runs/layers', import.meta.url).pathname], { version: '0.1.0' });
  return story.runs[0]!.series[0]!;
}

/** Eigenvalues of the sample's final layer. */
export async function demoSpectra(): Promise<LayerSpectra> {
  const { sources } = await new StoryReader([demo], { version: '0.1.0' }).read();
  const [id, measurements] = [...sources][0]!;
  return (await readSpectra(id, measurements, 'final')).spectra;
}

export function series(parts: Partial<SeriesStory> = {}): SeriesStory {
  const name = parts.name ?? 'made';
  return {
    ...{
      id: `1/${name}`,
      run: '1',
      name,
      label: name,
      variant: null,
      control: null,
      sweep: null,
      unpaired: null,
      position: 'last',
    },
    ...{ n: 1500, d: 128, parameters: 859_000, architecture: 'gpt_neox', corpus: null },
    definitions: { version: '1', ids: ['rankme', 'alpha'] },
    alphaRange: [12, 100],
    ...{ precision: 'float32', device: 'cpu', versions: {} },
    created: ['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z'],
    stages: [{ name: 'pretrain', epochs: [] }],
    ...{ checkpoints: [], layers: ['final'], curves: {}, phases: {}, logs: [], downstream: [] },
    ...parts,
  };
}

/** A made series: one value of RankMe and α a step, Pythia's tokens a step, an error of `se`. */
export function made(
  name: string,
  steps: readonly number[],
  rankme: (step: number, index: number) => number | null,
  options: { readonly se?: number | null; readonly tokens?: boolean } & Partial<SeriesStory> = {},
): SeriesStory {
  const { se = 1, tokens = true, ...parts } = options;
  const values = steps.map(rankme);
  const errors = values.map((value) => (value === null ? null : se));
  const alpha = values.map((value) => (value === null ? null : 2.6 - 0.3 * Math.log(value)));
  return series({
    name,
    checkpoints: steps.map((step) => ({
      ...{ stage: 'pretrain', revision: `step${step}`, step, tokens: tokens ? step * 2_097_152 : null },
      ...{ parent: null, seed: null, flags: [], weights: null, seconds: null, file: '' },
    })),
    curves: {
      final: {
        figures: {
          rankme: values,
          rankme_se: errors,
          alpha,
          alpha_se: errors.map((e) => (e === null ? null : e / 80)),
        },
        reasons: {
          rankme: { '*': '64 positive eigenvalues (expected at least 100)' },
          alpha: { '*': '64 positive eigenvalues (expected at least 100)' },
        },
        replicates: { rankme: values.map(() => null), alpha: values.map(() => null) },
      },
    },
    ...parts,
  });
}

/** Pythia's 154 steps. */
export const pythiaSteps = [
  0,
  ...Array.from({ length: 10 }, (_, i) => 2 ** i),
  ...Array.from({ length: 143 }, (_, i) => (i + 1) * 1000),
];
