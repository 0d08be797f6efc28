/** Stories for charts: the bundled sample's run, and made ones for what it doesn't show. */
import { parseHTML } from 'linkedom';
import type { Frame } from '../../src/charts/index.js';
import { listMeasurements, openRun, readArrays } from '../../src/record/index.js';
import type { LayerSpectra, SeriesStory } from '../../src/story/index.js';

const demo = new URL('../golden/runs/demo', import.meta.url).pathname;

export function frame(width: number, theme: Frame['theme'] = 'paper', height?: number): Frame {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  return { document, width, theme, ...(height === undefined ? {} : { height }) };
}

/** The sample's series as a story tells it, with phases as definitions §7 finds them by eye. */
export async function demoSeries(): Promise<SeriesStory> {
  const run = await openRun(demo);
  const all = (await listMeasurements(run)).measurements.map(({ measurement }) => measurement);
  const figures = Object.keys(all[0]!.layers['final']!);
  const replicates = all.map((m) => m.replicates['final'] ?? null);
  return series({
    name: all[0]!.series,
    stages: run.record.requests[0]!.series.stages.map(({ name, epochs }) => ({ name, epochs: epochs ?? [] })),
    checkpoints: all.map((m) => ({
      ...{ stage: m.stage, revision: m.revision, step: m.step, tokens: m.tokens, parent: m.parent, seed: m.seed },
      flags: m.flags.map(({ code, message, layer }) => ({ code, message, ...(layer === undefined ? {} : { layer }) })),
      ...{ weights: null, seconds: null, file: '' },
    })),
    curves: {
      final: {
        figures: Object.fromEntries(figures.map((name) => [name, all.map((m) => m.layers['final']![name] ?? null)])),
        reasons: { alpha_100_1000: { '*': '127 positive eigenvalues (expected at least 1000)' } },
        replicates: {
          rankme: replicates.map((r) => r?.rankme ?? null),
          alpha: replicates.map((r) => r?.alpha ?? null),
        },
      },
    },
    phases: { final: { rankme: demoPhases('rankme'), alpha: demoPhases('alpha'), disagreements: [] } },
  });
}

function demoPhases(curve: 'rankme' | 'alpha') {
  const isRank = curve === 'rankme';
  const at = isRank ? 126_000 : 370_000;
  const rule = { text: 'turning points by prominence', standardErrors: 3, change: isRank ? Math.log(1.05) : 0.05 };
  return {
    ...{ curve, axis: 'tokens' as const, rule, notes: [] },
    phases: [
      { name: 'warmup' as const, from: 4096, to: at, change: -1.2, changeSe: 0.03 },
      { name: 'entropy-seeking' as const, from: at, to: 24_576_000, change: 1.7, changeSe: 0.03 },
    ],
    turningPoints: [
      {
        ...{ kind: isRank ? ('minimum' as const) : ('maximum' as const), at, interval: [at / 2, at * 2] as const },
        ...{ index: 6, value: 11.55, prominence: 1.2, prominenceSe: 0.03 },
      },
    ],
  };
}

/** Eigenvalues of the sample's final layer, at all ranks. */
export async function demoSpectra(): Promise<LayerSpectra> {
  const run = await openRun(demo);
  const stored = (await listMeasurements(run)).measurements;
  const eigenvalues = await Promise.all(
    stored.map(async (one) => {
      const arrays = await readArrays(run, one.measurement);
      return Array.from(arrays.get('eigenvalues.final')!.data, Number).filter((value) => value > 1e-9);
    }),
  );
  return {
    ...{
      series: '1/sample-neox-0.9m',
      layer: 'final',
      ranks: Array.from({ length: 128 }, (_, i) => i + 1),
      eigenvalues,
    },
    totals: eigenvalues.map((values) => values.reduce((sum, value) => sum + value, 0)),
  };
}

export function series(parts: Partial<SeriesStory> = {}): SeriesStory {
  const name = parts.name ?? 'made';
  return {
    ...{ id: `1/${name}`, run: '1', name, label: name, variant: null, control: null, position: 'last' },
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
