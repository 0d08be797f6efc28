import { expect, test } from 'vitest';
import { layerMap, spectrumMap, stack, trajectory } from '../../src/charts/index.js';
import { heatScale } from '../../src/charts/heat.js';
import { levels, viridis } from '../../src/charts/viridis.js';
import { demoSeries, demoSpectra, frame, layersSeries, made, pythiaSteps } from './story.js';
import { expectPicture } from './snapshot.js';

test('the spectrum over training', async () => {
  const [series, spectra] = [await demoSeries(), await demoSpectra()];
  const drawing = spectrumMap({ series, spectra }, frame(238));
  expectPicture('spectrum-map-84mm', drawing);
  expect(drawing.places).toHaveLength(15);
  expect(drawing.places[6]!.lines).toEqual([
    'step32 · 131k tokens',
    'rank 1: 39.0 % of variance',
    'rank 10: 1.16 % of variance',
    'rank 100: 0.0171 % of variance',
  ]);
  expect(drawing.data.rows).toHaveLength(15 * 127);
  expectPicture('spectrum-map-stages-phone', spectrumMap({ series, spectra, axis: 'stages' }, frame(358, 'screen')));
});

test('154 checkpoints × 200 ranks stay light', () => {
  const series = made('pythia-1b', pythiaSteps, () => 50);
  const ranks = Array.from({ length: 200 }, (_, i) => i + 1);
  const eigenvalues = pythiaSteps.map((_, i) => ranks.map((rank) => rank ** -(0.5 + i / 154)));
  const totals = eigenvalues.map((values) => values.reduce((a, b) => a + b));
  const drawing = spectrumMap(
    { series, spectra: { series: series.id, layer: 'final', ranks, eigenvalues, totals } },
    frame(493),
  );
  expect(drawing.svg.querySelectorAll('path').length).toBeLessThan(150);
  expect(drawing.svg.outerHTML.length).toBeLessThan(500_000);
});

/** Five layers, RankMe growing with depth, absent at layer 1. */
async function layered() {
  const base = await demoSeries();
  const final = base.curves['final']!;
  const layer = (factor: number | null) => ({
    ...final,
    figures: { ...final.figures, rankme: final.figures['rankme']!.map((v) => (factor === null ? null : v! * factor)) },
  });
  const curves = { 0: layer(0.5), 1: layer(null), 2: layer(0.8), 3: layer(0.9), final };
  return { ...base, layers: ['0', '1', '2', '3', 'final'], curves };
}

test('a figure by layer over training', async () => {
  const drawing = layerMap({ series: await layered(), figure: 'rankme' }, frame(493));
  expectPicture('layer-map-174mm', drawing);
  expect(drawing.places[6]!.lines).toEqual([
    'step32 · 131k tokens',
    'RankMe lowest 5.77, layer 0',
    'highest 11.5, layer final',
  ]);
  expect(drawing.data.rows.filter((row) => row[5] === '1').every((row) => row[6] === null)).toBe(true);
});

test('the layers of a real run', async () => {
  const series = await layersSeries();
  const drawing = layerMap({ series, figure: 'rankme', axis: 'stages' }, frame(493));
  expectPicture('layer-map-sample-174mm', drawing);
  expect(drawing.places[2]!.lines).toEqual([
    'step32 · 131k tokens',
    'RankMe lowest 10.2, layer final',
    'highest 50.0, layer 0',
  ]);
  expectPicture('layer-map-sample-phone', layerMap({ series, figure: 'alpha' }, frame(358, 'screen')));
});

test('33 layers: names that fit, the last one always', async () => {
  const base = await demoSeries();
  const layers = [...Array.from({ length: 32 }, (_, i) => String(i)), 'final'];
  const series = { ...base, layers, curves: Object.fromEntries(layers.map((layer) => [layer, base.curves['final']!])) };
  const drawing = layerMap({ series, figure: 'alpha', axis: 'stages' }, frame(238));
  expectPicture('layer-map-33-84mm', drawing);
  const names = Array.from(drawing.svg.querySelectorAll('text'), (text) => text.textContent);
  expect(names).toContain('final');
  expect(names).not.toContain('31');
  expect(layerMap({ series, figure: 'nothing' }, frame(238)).svg.textContent).toContain(
    'nothing is absent at every layer',
  );
});

test('a log scale takes shares of variance to levels, whole', () => {
  const scale = heatScale([1e-4, 1e-2, 1, 0], 'log');
  expect(scale.domain).toEqual([1e-4, 1]);
  expect([1e-4, 1e-2, 1].map(scale.level)).toEqual([0, levels / 2, levels - 1]);
  expect(heatScale([5, 5], 'linear').level(5)).toBe(levels / 2);
  expect([viridis(0), viridis(levels - 1)]).toEqual(['#440154', '#fde725']);
});

test('charts above one another share places, data and one picture', async () => {
  const sample = await demoSeries();
  const level = made('sample-neox-0.9m · random weights', [0], () => 38, { control: { kind: 'random-init', seed: 1 } });
  const control = { ...level, checkpoints: [{ ...level.checkpoints[0]!, step: null, tokens: null }] };
  const shape = frame(493);
  const series = [sample, control];
  const above = trajectory({ series, figure: 'rankme', xLabels: false }, shape);
  const below = trajectory({ series, figure: 'alpha', phases: false }, shape);
  const both = stack([above, below], shape);
  expectPicture('stack-174mm', both);
  expect(both.places).toHaveLength(30);
  expect(both.places[15]!.y).toBeCloseTo(below.places[0]!.y + Number(above.svg.getAttribute('height')), 6);
  // One axis: the same checkpoint stands at the same x in both.
  expect(both.places.slice(0, 15).map(({ x }) => x)).toEqual(both.places.slice(15).map(({ x }) => x));
  expect(both.data.columns).toEqual([
    ...['chart', 'series', 'stage', 'revision', 'step', 'tokens', 'rankme', 'rankme_se', 'flags', 'alpha', 'alpha_se'],
  ]);
  expect(both.description).toContain('random weights: 38.0 ± 1.0, a level.');
});

test("the paper's curve behind one of its models, on its own definition alone", () => {
  const bump = (step: number) => 400 * Math.exp(-((Math.log(step + 1) - 8) ** 2) / 20) + 20;
  const made1b = made('EleutherAI/pythia-1b', pythiaSteps, bump);
  const final = made1b.curves['final']!;
  const series = {
    ...made1b,
    curves: { final: { ...final, figures: { ...final.figures, rankme_published: final.figures['rankme']! } } },
  };
  const draw = (figure: string, name = 'EleutherAI/pythia-1b') =>
    trajectory({ series: [{ ...series, name }], figure, paper: true }, frame(493));
  const drawing = draw('rankme_published');
  expectPicture('trajectory-paper-174mm', drawing);
  expect(drawing.description).toContain('the paper, Fig 2: pythia-1b, read off (±4 %)');
  expect(draw('rankme').description).not.toContain('the paper');
  expect(draw('alpha').description).toContain('the paper');
  expect(draw('rankme_published', 'pythia-31m').description).not.toContain('the paper');
});
