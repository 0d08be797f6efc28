/** Runs of any size, made by the record's own writer: curves that fall, rise and fall; power laws with a knee. */
import { addRequest, openRun, writeMeasurement, type MeasuredLayer } from '../../src/record/index.js';
import { packSums } from '../../src/spectrum/index.js';
import { draft, keyParts, layer as oneLayer, request } from '../record/fixture.js';

export interface Shape {
  readonly checkpoints: number;
  /** Block numbers 0, 1, … and `final`. */
  readonly layers: number;
  readonly d: number;
  readonly series?: string;
}

/** Writes a run into `folder` and gives its folder back. */
export async function syntheticRun(folder: string, { checkpoints, layers, d, series = 'synthetic' }: Shape) {
  const run = await openRun(folder, { create: true });
  const steps = Array.from({ length: checkpoints }, (_, i) =>
    i === 0 ? 0 : Math.round(10 ** (1 + (4 * i) / checkpoints)) + i,
  );
  const planned = steps.map((step) => ({ revision: `step${step}`, step, tokens: step * 2_097_152 }));
  const stages = [{ name: 'pretrain', checkpoints: planned }];
  await addRequest(run, request({ series: { name: series, stages }, options: { series, corpus: 'corpus.txt' } }));
  const names = [...Array.from({ length: layers - 1 }, (_, i) => String(i)), 'final'];
  for (const [i, { revision, step, tokens }] of planned.entries()) {
    const measured = names.map((name, l) => [name, measuredLayer(i / checkpoints, l / layers, d)] as const);
    const layersOf = Object.fromEntries(measured);
    const parts = { ...keyParts, layers: names, weights: String(i % 10).repeat(64) };
    await writeMeasurement(
      run,
      draft({ series, revision, step, tokens, layers: layersOf, keyParts: parts, flags: [] }),
    );
  }
  return folder;
}

/** All figures that a real measurement has, with as many digits. */
function measuredLayer(t: number, depth: number, d: number): MeasuredLayer {
  const rankme = (d / 4) * (0.4 + 0.3 * Math.sin(9 * t) + 0.1 * depth) + Math.PI / 10;
  const alpha = 1 + 0.4 * Math.cos(9 * t) + depth / 9;
  const eigenvalues = Float64Array.from({ length: d }, (_, k) => Math.E * (k + 1) ** -alpha);
  const replicates = Array.from({ length: 10 }, (_, k) => k);
  const names = [
    ...['rankme_published', 'rankme_se', 'rankme_extrapolated', 'rankme_deviation_max', 'rankme_singular'],
    ...['alpha_se', 'alpha_deviation_max', 'alpha_extrapolated', 'alpha_1_10', 'alpha_10_100', 'alpha_100_1000'],
    ...['r2', 'r2_100', 'participation_ratio', 'participation_ratio_se', 'participation_ratio_unbiased'],
    ...['stable_rank', 'spectral_entropy', 'rankme_over_d', 'top1', 'top10', 'top50', 'top100', 'mean_norm'],
    ...['mean_row_norm', 'mean_cosine', 'top1pct_variance'],
  ];
  const figures = Object.fromEntries(names.map((name, i) => [name, Math.abs(Math.sin(i + 7 * t + depth)) + 0.9]));
  const n = 4 * d;
  const sums = packSums({
    ...{ rows: n, n, d, meanNorm: 1, norms: n, squares: n, unitSquare: 1, zeroRows: 0, deviation2: n, deviation4: n },
    ...{ topDeviation2: 1, groupRows: replicates.map(() => n / 10), groupSquares: replicates.map(() => n / 10) },
  });
  return {
    ...oneLayer,
    ...{ n, d, reasons: {}, flags: [] },
    figures: { ...figures, rankme, alpha, rankme_se: rankme / 99 },
    replicates: {
      rankme: replicates.map((k) => rankme * (1 + Math.sin(k) / 300)),
      alpha: replicates.map((k) => alpha * (1 + Math.cos(k) / 300)),
    },
    arrays: { eigenvalues, sums },
  };
}
