import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { parseHTML } from 'linkedom';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { RunRecord } from '../../src/record/index.js';
import { exportFigure, figureCharts, type FigureOptions } from '../../src/report/index.js';

const demo = new URL('../golden/runs/demo', import.meta.url).pathname;
const sampleLog = (name: string) => new URL(`../../sample/log/${name}`, import.meta.url).pathname;
const evaluations = new URL('../../../shared/data/pythia-evals/pythia-160m', import.meta.url).pathname;

const options: FigureOptions = {
  ...{ chart: 'trajectory', format: 'svg', width: 84, out: null, axis: 'tokens', figure: null, at: null, and: null },
  ...{ series: null, layer: null, variant: null, logs: [], evaluations: [] },
};

async function svgOf(wanted: Partial<FigureOptions> = {}) {
  const { content, ...result } = await exportFigure(demo, { ...options, ...wanted });
  return { ...result, text: Buffer.from(content!).toString() };
}

describe('SVG', () => {
  test('sizes in mm, the font embedded whole, text of 7 to 8 pt, white ground, no custom property', async () => {
    const { text, title, description } = await svgOf();
    expect(text).toMatch(
      /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="84mm" height="[\d.]+mm" viewBox="0 0 238\.11/,
    );
    const font = await readFile(new URL('../../assets/fonts/inter.woff2', import.meta.url));
    const embedded = /url\(data:font\/woff2;base64,([A-Za-z0-9+/=]+)\)/.exec(text)![1]!;
    expect(Buffer.from(embedded, 'base64').equals(font)).toBe(true);
    expect(text).not.toContain('var(');
    expect(text).toContain('fill="#ffffff"');
    const sizes = [...text.matchAll(/font-size="([\d.]+)"/g)].map((match) => Number(match[1]));
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(7);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(8);
    expect(title).toBe('RankMe over training tokens; α over training tokens');
    expect(text).toContain(`<title>${title}</title><desc>${description}</desc>`);
    // Well-formed: every element closes.
    const { document } = parseHTML(text);
    expect(document.querySelectorAll('svg svg')).toHaveLength(0);
    expect(text.trimEnd().endsWith('</svg>')).toBe(true);
  });

  test('two columns are 174 mm', async () => {
    expect((await svgOf({ width: 174, chart: 'spectrum-map' })).text).toMatch(/ width="174mm" height=/);
  });

  test('loss above, geometry below, on one axis', async () => {
    const { text, title } = await svgOf({ logs: [sampleLog('pretrain.csv')], axis: 'stages', width: 174 });
    expect(title).toBe('Loss over training stages; RankMe over training stages; α over training stages');
    // One x axis has a name, the last.
    expect(text.match(/>Training tokens</g)).toHaveLength(1);
  });

  test.skipIf(!existsSync(evaluations))('public downstream results below', async () => {
    const { title } = await svgOf({ evaluations: [evaluations], figure: 'rankme' });
    expect(title).toBe('RankMe over training tokens; Accuracy of downstream tasks over training tokens');
  });

  test('every chart of the list is drawn, or says what it needs', async () => {
    for (const chart of Object.keys(figureCharts)) {
      const drawn = svgOf({ chart, logs: chart === 'training' ? [sampleLog('pretrain.csv')] : [] });
      if (['downstream', 'task-map', 'correlations', 'correlations-levels'].includes(chart))
        await expect(drawn).rejects.toThrow(
          '--chart: no downstream results (expected RUN/tasks, which eigentrace evaluate',
        );
      else if (['memorization', 'suffix-lengths', 'likelihoods'].includes(chart))
        await expect(drawn).rejects.toThrow(
          '--chart: no memorization in this run (expected one made by eigentrace memorize)',
        );
      else if (chart === 'ablation')
        await expect(drawn).rejects.toThrow(
          '--chart: no ablation in this run (expected one made by eigentrace ablate)',
        );
      else if (chart === 'directions')
        await expect(drawn).rejects.toThrow(
          '--chart: no directions in this run (expected those made by eigentrace directions)',
        );
      else if (chart === 'samples')
        await expect(drawn).rejects.toThrow(
          '--chart: no generated texts in this run (expected some made by eigentrace generate)',
        );
      else expect((await drawn).text).not.toMatch(/NaN|undefined/);
    }
    await expect(svgOf({ chart: 'training' })).rejects.toThrow('--chart: no training log (expected --log FILE');
  });

  test('a file is written whole', async () => {
    const out = join(await mkdtemp(join(tmpdir(), 'eigentrace-figure-')), 'f.svg');
    const result = await exportFigure(demo, { ...options, chart: 'scree', at: 'step64', and: 'step6000', out });
    expect([result.path, result.content]).toEqual([out, null]);
    expect(await readFile(out, 'utf8')).toContain('step64: α 1.963 ± .019');
  });
});

test('PNG at 300 dots an inch, and it says so', async () => {
  const { content } = await exportFigure(demo, { ...options, format: 'png' });
  const png = Buffer.from(content!);
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  // 84 mm at 300 dots an inch.
  expect(png.readUInt32BE(16)).toBe(992);
  expect(png.subarray(37, 41).toString()).toBe('pHYs');
  expect(png.readUInt32BE(41)).toBe(11811);
  expect(png.readUInt32BE(50)).toBe(crc32(png.subarray(37, 50)));
  // Letters are drawn though no system font is used: more than lines and points alone.
  expect(png.length).toBeGreaterThan(15_000);
});

test.each([
  [{ chart: 'scre' }, "--chart: no such chart, got 'scre' (expected scree, "],
  [{ figure: 'rankm' }, "--figure: no such figure, got 'rankm' (expected rankme, "],
  [{ chart: 'scree', at: 'step65' }, "--at: no such checkpoint in sample-neox-0.9m, got 'step65' (expected step64, "],
  [{ layer: '3' }, "--layer: the run has none such, got '3' (expected final)"],
  [{ series: 'x' }, "--series: the run has none such, got 'x' (expected sample-neox-0.9m)"],
  [{ variant: 'x' }, "--variant: the run has none such, got 'x' (expected nothing"],
  [{ logs: ['no/such.csv'] }, 'no/such.csv'],
  [{ evaluations: ['no/such'] }, 'evaluations no/such: no such file or folder'],
])('%j', async (wanted, message) => {
  await expect(svgOf(wanted)).rejects.toThrow(message);
});

describe('epochs of a series', () => {
  test('are marked on the axis of their stage', async () => {
    const run = await mkdtemp(join(tmpdir(), 'eigentrace-epochs-'));
    onTestFinished(() => rm(run, { recursive: true, force: true }));
    await cp(demo, run, { recursive: true });
    const record = JSON.parse(await readFile(join(run, 'run.json'), 'utf8')) as RunRecord;
    const drawn = async (): Promise<string[]> => {
      const { content } = await exportFigure(run, { ...options, axis: 'stages' });
      return (
        Buffer.from(content!)
          .toString()
          .match(/>e\d+</g) ?? []
      );
    };
    expect(await drawn()).toEqual([]);
    record.requests[0]!.series.stages.find(({ name }) => name === 'sft')!.epochs = [20, 50];
    await writeFile(join(run, 'run.json'), JSON.stringify(record));
    // In the panel of RankMe and in that of α.
    expect(await drawn()).toEqual(['>e1<', '>e2<', '>e1<', '>e2<']);
  });
});
