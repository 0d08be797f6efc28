/**
 * A story of any size from formulas: RankMe falls, rises and falls again, α mirrors it; layers differ by a factor. What a
 * page must show and a real run seldom holds all at once (flags, failures, a damaged file, a training log, tasks).
 */
import type { LayerSpectra, SeriesStory, Story } from '../../src/story/index.js';

export interface FixtureSize {
  readonly checkpoints: number;
  readonly layers: number;
}

const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const bump = (x: number, at: number, width: number) => Math.exp(-(((x - at) / width) ** 2));

/** Steps of n checkpoints: 0, then evenly in ln(step) from 1 to 143,000 as far as whole numbers go. */
function stepsOf(n: number): number[] {
  const steps = [0];
  for (let i = 1; i < n; i++) {
    steps.push(Math.max(steps.at(-1)! + 1, Math.round(143_000 ** ((i - 1) / Math.max(1, n - 2)))));
  }
  return steps;
}

const rankmeAt = (x: number, layer: number) =>
  (300 - 270 * bump(x, 19, 2.4) + 560 * bump(x, 24.2, 2)) * (0.55 + 0.45 * layer);
const alphaAt = (x: number, layer: number) =>
  0.95 + 0.75 * bump(x, 19.5, 1.8) - 0.33 * bump(x, 23.5, 1.8) + 0.1 * (1 - layer);

export function fixtureSeries(size: FixtureSize, changes: Partial<SeriesStory> = {}): SeriesStory {
  const { checkpoints: count, layers: depth } = size;
  const layers = depth === 1 ? ['final'] : [...range(depth - 1).map(String), 'final'];
  const steps = stepsOf(count);
  const tokens = steps.map((step) => step * 2_097_152);
  const x = tokens.map((t) => Math.log(Math.max(t, 1e6)));
  const curves = Object.fromEntries(
    layers.map((layer, l) => {
      const depthShare = depth === 1 ? 1 : l / (depth - 1);
      const rankme = x.map((v, i) => (i === 0 ? 310 : rankmeAt(v, depthShare)));
      const alpha = x.map((v) => alphaAt(v, depthShare));
      const replicate = (values: readonly number[], share: number) =>
        values.map((value, i) => range(10).map((k) => value * (1 + share * Math.sin(7 * k + i / 9))));
      const figures = {
        rankme,
        rankme_se: rankme.map((v) => v * 0.012),
        alpha,
        alpha_se: alpha.map((v) => v * 0.009),
        r2: alpha.map((v) => 0.99 - 0.02 * v),
        r2_100: alpha.map((v) => 0.995 - 0.01 * v),
        alpha_1_10: alpha.map((v) => v * 0.7),
        alpha_10_100: alpha.map((v) => v * 1.02),
        alpha_100_1000: alpha.map((v, i) => (i < 2 ? null : v * 1.2)),
        participation_ratio: rankme.map((v) => v * 0.4),
        stable_rank: rankme.map((v) => v * 0.1),
        mean_cosine: alpha.map((v) => v * 0.2),
        nll: x.map((v) => 11 - (v - 14) * 0.7),
      };
      const reasons = {
        alpha_100_1000: {
          '0': '998 positive eigenvalues (expected at least 1000)',
          '1': '999 positive eigenvalues (expected at least 1000)',
        },
      };
      return [
        layer,
        { figures, reasons, replicates: { rankme: replicate(rankme, 0.012), alpha: replicate(alpha, 0.009) } },
      ];
    }),
  );
  const phase = (
    name: 'warmup' | 'entropy-seeking' | 'compression-seeking',
    from: number,
    to: number,
    change: number,
  ) => ({
    name,
    from,
    to,
    change,
    changeSe: 0.02,
  });
  const last = tokens.at(-1)!;
  const turning = (kind: 'maximum' | 'minimum', at: number, index: number, value: number) => ({
    ...{ kind, at, interval: [at / 1.6, at * 1.6] as const, index, value, prominence: 0.8, prominenceSe: 0.02 },
  });
  const curve = (name: 'rankme' | 'alpha', change: number) => ({
    curve: name,
    axis: 'tokens' as const,
    rule: {
      text: `extrema more prominent than 3 paired standard errors and ${change.toFixed(3)}`,
      standardErrors: 3,
      change,
    },
    phases: [
      phase('warmup', tokens[1]!, 1.8e8, -2.1),
      phase('entropy-seeking', 1.8e8, 3.2e10, 2.9),
      phase('compression-seeking', 3.2e10, last, -0.8),
    ],
    turningPoints: [
      turning('minimum', 1.8e8, Math.round(count * 0.4), 31),
      turning('maximum', 3.2e10, Math.round(count * 0.8), 860),
    ],
    notes: [],
  });
  const phases = { rankme: curve('rankme', 0.049), alpha: curve('alpha', 0.05), disagreements: [] };
  return {
    id: '1/fixture-1b',
    run: '1',
    name: 'fixture-1b',
    label: 'fixture-1b',
    variant: null,
    control: null,
    sweep: null,
    unpaired: null,
    position: 'last',
    n: 15_000,
    d: 2048,
    parameters: 1_011_781_632,
    architecture: 'gpt-neox',
    corpus: {
      ...{ name: 'heldout.jsonl', sha256: 'a'.repeat(64), rowsSha256: 'b'.repeat(64) },
      ...{ sequences: 15_000, tokens: 4_812_331, minTokens: 32, maxTokens: 512 },
    },
    definitions: { version: '1', ids: ['rankme', 'alpha', 'rankme.published'] },
    alphaRange: [12, 100],
    precision: 'float32',
    device: 'cpu',
    versions: { eigentrace: '0.1.0', node: '20.20.2', onnxruntime: '1.30.0' },
    created: ['2026-11-20T08:00:00.000Z', '2026-11-21T17:30:00.000Z'],
    stages: [{ name: 'pretrain', epochs: [] }],
    checkpoints: tokens.map((t, i) => ({
      ...{
        stage: 'pretrain',
        revision: `step${steps[i]!}`,
        step: steps[i]!,
        tokens: t,
      },
      ...{ parent: null, seed: null, weights: i.toString(16).padStart(64, '0'), seconds: 12.5 },
      flags: i < 4 ? [{ code: 'few-rows-dominate', message: `group ${i} holds 6${i} % of SE²`, layer: 'final' }] : [],
      file: `geometry/fixture-1b/pretrain/step${steps[i]!}.json`,
    })),
    layers,
    curves,
    phases: Object.fromEntries(layers.map((layer) => [layer, phases])),
    logs: [],
    downstream: [],
    ...changes,
  };
}

export function fixtureStory(series: readonly SeriesStory[]): Story {
  const runs = [...new Set(series.map(({ run }) => run))];
  return {
    made: '2026-11-26T21:30:00.000Z',
    version: '0.1.0',
    runs: runs.map((id) => ({
      id,
      name: `run-${id}`,
      series: series.filter(({ run }) => run === id),
      failures: [],
      problems: [],
      commands: [`eigentrace trace ${series[0]!.name} --corpus heldout.jsonl --out run-${id}`],
    })),
  };
}

/** λ_i = i^−α of each checkpoint, at 128 ranks and then some spread evenly in ln(rank). */
export function fixtureSpectra(series: SeriesStory, layer: string): LayerSpectra {
  const d = series.d!;
  const spread = range(120).map((i) => Math.round(128 * (d / 128) ** ((i + 1) / 120)));
  const ranks = [...new Set([...range(128).map((i) => i + 1), ...spread])];
  const alphas = series.curves[layer]!.figures['alpha']!;
  return {
    series: series.id,
    layer,
    ranks,
    eigenvalues: alphas.map((a) => ranks.map((r) => 40 * r ** -a!)),
    totals: alphas.map((a) => range(d).reduce((sum, i) => sum + 40 * (i + 1) ** -a!, 0)),
  };
}
