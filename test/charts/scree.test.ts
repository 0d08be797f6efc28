import { expect, test } from 'vitest';
import { scree, screeDomain } from '../../src/charts/index.js';
import { demoSeries, demoSpectra, frame, series } from './story.js';
import { expectPicture } from './snapshot.js';

test("the sample's last pretraining checkpoint with its neighbours", async () => {
  const [sample, spectra] = [await demoSeries(), await demoSpectra()];
  const one = (checkpoint: number, role: 'current' | 'ghost') => ({ series: sample, spectra, checkpoint, role });
  const drawing = scree({ spectra: [one(14, 'current'), one(13, 'ghost'), one(15, 'ghost')] }, frame(238));
  expectPicture('scree-84mm', drawing);
  expect(drawing.svg.textContent).toContain('step6000: α 0.868 ± .009, r² 0.93');
  expect(drawing.svg.textContent).toContain('α fit: ranks 12–100');
  const own = drawing.data.rows.filter((row) => row[2] === 'step6000');
  expect(own).toHaveLength(127);
  expect(own.reduce((sum, row) => sum + (row[6] as number), 0)).toBeCloseTo(1, 6);
});

test('two checkpoints over all others, on a phone', async () => {
  const [sample, spectra] = [await demoSeries(), await demoSpectra()];
  const ghosts = sample.checkpoints.map((_, checkpoint) => ({
    series: sample,
    spectra,
    checkpoint,
    role: 'ghost' as const,
  }));
  const pair = [6, 14].map((checkpoint, i) => ({
    series: sample,
    spectra,
    checkpoint,
    role: (['pinned', 'current'] as const)[i]!,
  }));
  const drawing = scree({ spectra: [...pair, ...ghosts] }, frame(358, 'screen'));
  expectPicture('scree-two-phone', drawing);
  expect(new Set(drawing.places.map(({ checkpoint }) => checkpoint))).toEqual(new Set([6, 14]));
});

test('the fitted line has the slope −α and passes through the spectrum', async () => {
  const base = await demoSeries();
  const exact = Array.from({ length: 128 }, (_, i) => (i + 1) ** -1.5);
  const figures = { ...base.curves['final']!.figures, alpha: base.checkpoints.map(() => 1.5) };
  const sample = { ...base, curves: { final: { ...base.curves['final']!, figures } } };
  const spectra = {
    ...{ series: base.id, layer: 'final', ranks: exact.map((_, i) => i + 1) },
    ...{ eigenvalues: [exact], totals: [exact.reduce((a, b) => a + b)] },
  };
  const drawing = scree({ spectra: [{ series: sample, spectra, checkpoint: 0, role: 'current' }] }, frame(238));
  // A power law's points and its fit lie on one line: the link's ends are the dots of ranks 12 and 100.
  const link = /<path[^>]*d="M([\d.]+),([\d.]+)L([\d.]+),([\d.]+)"[^>]*>/.exec(
    /<g[^>]*stroke-dasharray[^>]*>.*?<\/g>/.exec(drawing.svg.outerHTML)![0],
  )!;
  const [x1, y1, x2, y2] = link.slice(1).map(Number);
  const slope = (y2! - y1!) / (x2! - x1!);
  const [a, b] = [drawing.places[0]!, drawing.places.at(-1)!];
  expect(slope).toBeCloseTo((b.y - a.y) / (b.x - a.x), 4);
  expect(y1! - a.y).toBeCloseTo(slope * (x1! - a.x), 2);
});

test('without eigenvalues it says so', () => {
  const empty = { series: '1/made', layer: 'final', ranks: [], eigenvalues: [null], totals: [null] };
  const one = {
    series: series({
      checkpoints: [
        {
          stage: 'pretrain',
          revision: 'step1',
          step: 1,
          tokens: 1,
          parent: null,
          seed: null,
          flags: [],
          weights: null,
          seconds: null,
          file: '',
        },
      ],
    }),
    ...{ spectra: empty, checkpoint: 0, role: 'current' as const },
  };
  expect(scree({ spectra: [one] }, frame(238)).svg.textContent).toContain('no eigenvalues are stored');
  expect(screeDomain([one])).toEqual([1e-4, 1]);
});
