/** The report in a real browser, from a file, as a reader uses it. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { downloaded, launch, open, reportFile, violations } from './browser.js';
import { announced, doubleReport, drawn, hash, one, singleReport, soon } from './report-fixture.js';
import { fixtureSeries, fixtureSpectra, fixtureStory } from './story-fixture.js';

let browser: Browser;
let single: string;
let double: string;
beforeAll(async () => {
  browser = await launch();
  single = await singleReport();
  double = await doubleReport();
});
afterAll(() => browser.close());

describe('report in a browser', () => {
  it('opens from disk, asks the network for nothing, logs no error and shows nothing empty', async () => {
    const { page, faults, requests } = await open(browser, single);
    expect(await page.title()).toBe('fixture-1b · eigentrace');
    expect(await page.locator('h1').textContent()).toBe('fixture-1b');
    expect(await page.locator('.finding').textContent()).toMatch(/RankMe/);
    const headings = await page.locator('h2').allTextContents();
    expect(headings).toEqual([
      'Trajectory',
      'Spectrum',
      'Layers',
      'α in bands of ranks',
      'Training log',
      'Tasks',
      'Controls',
      'Table, layer final',
      'Provenance',
    ]);
    const warnings = await page.locator('.warnings').textContent();
    expect(warnings).toContain('few-rows-dominate');
    expect(warnings).toContain('step77');
    expect(warnings).toContain('step8.json');
    expect(await page.locator('.facts').textContent()).toContain('40 measured');
    for (const chart of await page.locator('[data-chart]').all()) {
      expect(await chart.locator('svg[role="img"]').getAttribute('aria-label')).toMatch(/.{20,}/);
    }
    expect(await page.locator('.note').allTextContents()).toEqual([]);
    expect(faults).toEqual([]);
    expect(requests).toEqual([]);
  });

  it('moves one cursor by slider, hover, arrow keys and table', async () => {
    const { page, faults } = await open(browser, single);
    const reading = page.locator('.reading .line strong').first();
    const slider = page.locator('.player input');
    expect(await slider.inputValue()).toBe('39');
    await slider.fill('10');
    const tenth = one.checkpoints[10]!.revision;
    expect(await reading.textContent()).toContain(tenth);
    await announced(page, `Checkpoint 11 of 40: ${tenth}`);
    await soon(() => hash(page).get('at')).toBe(`pretrain/${tenth}`);

    const overlay = page.locator('[data-chart="rankme"] .overlay');
    await overlay.scrollIntoViewIfNeeded();
    const box = (await overlay.boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.6, box.y + box.height / 2);
    await soon(() => slider.inputValue()).not.toBe('10');
    expect(await page.locator('.tooltip').textContent()).toContain('RankMe');
    const hovered = Number(await slider.inputValue());
    // The same checkpoint in all charts.
    for (const chart of ['rankme', 'alpha', 'spectrum-map', 'layers-rankme']) {
      expect(await page.locator(`[data-chart="${chart}"] line.cursor`).count(), chart).toBe(1);
    }
    await page.mouse.move(box.x + box.width / 2, box.y - 60);
    await soon(() => page.locator('.tooltip').count()).toBe(0);

    await overlay.focus();
    await page.keyboard.press('ArrowLeft');
    expect(await slider.inputValue()).toBe(String(hovered - 1));
    expect(await overlay.getAttribute('aria-valuetext')).toContain(one.checkpoints[hovered - 1]!.revision);
    await page.keyboard.press('Enter');
    expect(hash(page).get('pin')).toBe(`pretrain/${one.checkpoints[hovered - 1]!.revision}`);
    await page.keyboard.press('Enter');
    expect(hash(page).get('pin')).toBe(null);
    await page.keyboard.press('Home');
    expect(await slider.inputValue()).toBe('0');
    await page.keyboard.press('End');
    expect(await slider.inputValue()).toBe('39');

    await page.getByRole('button', { name: one.checkpoints[5]!.revision, exact: true }).click();
    expect(await slider.inputValue()).toBe('5');
    expect(faults).toEqual([]);
  });

  it('zooms by dragging, in the URL, and back', async () => {
    const { page, faults } = await open(browser, single);
    const all = await drawn(page, 'rankme');
    const box = (await page.locator('[data-chart="rankme"] .overlay').boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.5, box.y + 100);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.6, box.y + 110, { steps: 4 });
    expect(await page.locator('rect.brush').count()).toBe(1);
    await page.mouse.move(box.x + box.width * 0.8, box.y + 110, { steps: 4 });
    await page.mouse.up();
    const [from, to] = hash(page).get('zoom')!.split('..').map(Number);
    expect(from).toBeGreaterThan(0);
    expect(to).toBeGreaterThan(from!);
    const zoomed = await drawn(page, 'rankme');
    expect(zoomed.length).toBeGreaterThan(3);
    expect(zoomed.length).toBeLessThan(all.length);
    // α is drawn over the same stretch.
    const alpha = await drawn(page, 'alpha');
    expect(alpha.length).toBe(zoomed.length);

    await page.goBack();
    await soon(() => hash(page).get('zoom')).toBe(null);
    expect((await drawn(page, 'rankme')).length).toBe(all.length);
    await page.goForward();
    expect((await drawn(page, 'rankme')).length).toBe(zoomed.length);
    await page.getByRole('button', { name: 'Reset zoom' }).click();
    expect((await drawn(page, 'rankme')).length).toBe(all.length);
    // Without a mouse.
    await page.getByRole('button', { name: 'Zoom in around the cursor' }).click();
    expect((await drawn(page, 'rankme')).length).toBeLessThan(all.length);
    expect(faults).toEqual([]);
  });

  it('opens at the view that a link names', async () => {
    const at = one.checkpoints[20]!.revision;
    const link = `${single}#layer=1&axis=steps&at=pretrain/${at}&pin=pretrain/${one.checkpoints[3]!.revision}`;
    const { page, faults } = await open(browser, link);
    expect(await page.locator('.player input').inputValue()).toBe('20');
    expect(await page.getByRole('radio', { name: 'Steps' }).isChecked()).toBe(true);
    expect(await page.getByRole('combobox', { name: 'Layer', exact: true }).inputValue()).toBe('1');
    expect(await page.locator('.reading').textContent()).toContain(`Pinned ${one.checkpoints[3]!.revision}`);
    // What anyone may type into a URL must not break the page.
    const wrong = await open(
      browser,
      `${single}#layer=99&axis=furlongs&zoom=9..1&at=nowhere&pin=&series=none&show=none`,
    );
    expect(await wrong.page.locator('.player input').inputValue()).toBe('39');
    expect([...faults, ...wrong.faults]).toEqual([]);
  });

  it('toggles series, keeps their colours and tells their differences', async () => {
    const { page, faults } = await open(browser, double);
    const legend = page.getByRole('group', { name: 'Series drawn' });
    const series = async () => new Set((await drawn(page, 'rankme')).map((row) => row.split(',')[0]));
    expect(await legend.getByRole('button').count()).toBe(2);
    expect((await series()).size).toBe(2);
    // Paired: the difference of 10 % is known as well as the replicates vary together.
    expect(await page.locator('.part.comparison tbody tr').count()).toBe(40);
    expect(await page.locator('.part.comparison tbody tr').first().textContent()).toMatch(/\+31\.\d+ ± /);
    // As a chart too, over the same axis: 40 differences with errors, each told from none.
    const differences = await drawn(page, 'difference-rankme-1');
    expect(differences.length).toBe(40);
    const [b, a, , , , , , value, se, verdict] = differences[0]!.split(',');
    expect([b, a, verdict]).toEqual(['other-1b', 'fixture-1b', 'above']);
    expect(Number(value)).toBeCloseTo(31, 9);
    expect(Number(se)).toBeGreaterThan(0);
    expect(await page.locator('[data-chart="difference-alpha-1"] line.cursor').count()).toBe(1);
    const other = legend.getByRole('button', { name: 'other-1b' });
    expect(await other.getAttribute('aria-pressed')).toBe('true');
    await other.click();
    expect(await other.getAttribute('aria-pressed')).toBe('false');
    expect((await series()).size).toBe(1);
    expect(await page.locator('.part.comparison').count()).toBe(0);
    await page.getByLabel('Series shown').selectOption({ label: 'other-1b' });
    expect(await page.locator('h1').textContent()).toBe('other-1b');
    expect(faults).toEqual([]);
  });

  it('gives what is drawn as CSV, SVG and PNG, and the table as CSV', async () => {
    const { page, faults, requests } = await open(browser, single);
    const chart = page.locator('[data-chart="rankme"]');
    const data = await downloaded(page, () => chart.getByRole('button', { name: /^Data/ }).click());
    expect(data.name).toBe('rankme.csv');
    const csv = data.bytes.toString();
    expect(csv).toContain(String(one.curves['final']!.figures['rankme']![7]));
    const svg = await downloaded(page, () => chart.getByRole('button', { name: /^SVG/ }).click());
    const text = svg.bytes.toString();
    expect(text).toMatch(/^<svg[^>]* xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(text).toContain('<title>');
    expect(text).toContain('#ffffff');
    expect(text).not.toContain('var(');
    const png = await downloaded(page, () => chart.getByRole('button', { name: /^PNG/ }).click());
    expect(png.bytes.subarray(0, 8).toString('hex')).toBe('89504e470d0a1a0a');
    const width = Number(await chart.locator('svg[role="img"]').getAttribute('width'));
    expect(png.bytes.readUInt32BE(16)).toBe(2 * width);
    const table = await downloaded(page, () => page.getByRole('button', { name: 'Download CSV' }).click());
    const rows = table.bytes.toString().trim().split('\r\n');
    expect(rows.length).toBe(41);
    expect(rows[0]).toContain('series,stage,revision,step,tokens,layer,position,n,d,rankme,rankme_se');
    expect(rows[1]).toContain('few-rows-dominate: group 0 holds 60 % of SE²');
    expect(faults).toEqual([]);
    expect(requests).toEqual([]);
  });

  it('works by keyboard alone', async () => {
    const { page, faults } = await open(browser, single);
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the charts');
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('main');
    const reached = new Set<string>();
    for (let i = 0; i < 120; i++) {
      await page.keyboard.press('Tab');
      const label = await page.evaluate(() => {
        const element = document.activeElement!;
        return element.getAttribute('aria-label') ?? element.textContent;
      });
      reached.add(label);
      // Sorting without leaving the keyboard.
      if (label.startsWith('RankMe') && (await page.evaluate(() => document.activeElement!.closest('th') !== null)))
        break;
    }
    await page.keyboard.press('Enter');
    expect(await page.locator('th.rankme').getAttribute('aria-sort')).toBe('ascending');
    const values = async () =>
      (await page.locator('td.rankme').allTextContents()).map((cell) => Number.parseFloat(cell.replaceAll(',', '')));
    const sorted = await values();
    expect(sorted).toEqual([...sorted].sort((a, b) => a - b));
    await page.keyboard.press('Space');
    expect(await page.locator('th.rankme').getAttribute('aria-sort')).toBe('descending');
    expect(await values()).toEqual([...sorted].reverse());
    for (const label of ['Play training', 'Checkpoint', 'Pin to compare', 'Zoom in around the cursor']) {
      expect([...reached], label).toContain(label);
    }
    expect([...reached].some((label) => label.startsWith('Checkpoint, in the chart'))).toBe(true);
    // The focus can be seen.
    expect(await page.evaluate(() => getComputedStyle(document.activeElement!).outlineStyle)).toBe('solid');
    expect(faults).toEqual([]);
  });

  it('draws what else a run has over the same axis and under the same cursor', async () => {
    const { page, faults } = await open(browser, single);
    for (const chart of ['bands', 'downstream', 'controls-rankme', 'controls-alpha']) {
      expect(await page.locator(`[data-chart="${chart}"] line.cursor`).count(), chart).toBe(1);
    }
    expect((await drawn(page, 'loss')).length).toBe(40);
    expect((await drawn(page, 'learning-rate')).length).toBe(40);
    expect((await drawn(page, 'downstream')).length).toBe(30);
    await page.getByRole('combobox', { name: 'Metric' }).selectOption('acc_norm');
    expect((await drawn(page, 'downstream'))[0]).toContain('acc_norm');
    expect((await drawn(page, 'controls-rankme')).length).toBe(80);
    // Geometry stands over the tasks with their axis and right edge; what both have to do with one another below.
    expect((await drawn(page, 'tasks-geometry')).length).toBe(40);
    const right = (chart: string) => page.locator(`[data-chart="${chart}"] svg line.cursor`).getAttribute('x1');
    expect(await right('tasks-geometry')).toBe(await right('downstream'));
    const matrix = page.locator('[data-chart="correlations"]');
    expect(await matrix.locator('.chart-title').textContent()).toBe('Pearson’s r of increments of tasks with geometry');
    await page.getByRole('radio', { name: 'Levels' }).check();
    await page.getByRole('radio', { name: 'Spearman' }).check();
    expect(await matrix.locator('.chart-title').textContent()).toBe('Spearman’s ρ of levels of tasks with geometry');
    expect((await drawn(page, 'correlations'))[0]).toContain('sciq,acc_norm');
    await page.getByRole('combobox', { name: 'Upper chart' }).selectOption('nll');
    expect((await drawn(page, 'nll')).length).toBe(40);
    expect(hash(page).get('figure')).toBe('nll');
    await page.getByRole('combobox', { name: 'Second map' }).selectOption('r2');
    expect((await drawn(page, 'layers-r2')).length).toBe(120);
    expect(faults).toEqual([]);
  });

  it('shows sweeps apart from training, and no line of theirs in the trajectory', async () => {
    const point = (over: string, value: number | string) =>
      fixtureSeries(
        { checkpoints: 2, layers: 1 },
        {
          ...{ id: `1/fixture-1b/${over}${value}`, variant: `${over}${value}`, label: `fixture-1b · ${over} ${value}` },
          sweep: { over, value },
        },
      );
    const swept = [point('n', 1000), point('n', 500), point('position', 'mean'), point('position', 'last')];
    const { page, faults } = await open(browser, await reportFile(fixtureStory([one, ...swept])));
    expect(await page.locator('h2').allTextContents()).toContain('Sweeps');
    expect(await page.getByRole('group', { name: 'Series drawn' }).count()).toBe(0);
    expect((await drawn(page, 'rankme')).length).toBe(40);
    const rows = await drawn(page, 'sweep-n-rankme');
    // Two checkpoints of two points each, N ascending.
    expect(rows.map((row) => row.split(',').slice(0, 2).join(' '))).toEqual([
      'step0 500',
      'step0 1000',
      'step1 500',
      'step1 1000',
    ]);
    expect(Number(rows[0]!.split(',')[2])).toBe(310);
    expect((await drawn(page, 'sweep-position-alpha')).length).toBe(4);
    // x is not training: no cursor there.
    expect(await page.locator('[data-chart="sweep-n-rankme"] line.cursor').count()).toBe(0);
    // A run of nothing but sweeps opens at the one of the most sequences.
    const alone = await open(browser, await reportFile(fixtureStory(swept)));
    expect(await alone.page.locator('h1').textContent()).toBe('fixture-1b · n 1000');
    expect(await violations(page)).toEqual([]);
    expect([...faults, ...alone.faults]).toEqual([]);
  });

  it('holds 154 checkpoints × 33 layers', async ({ annotate }) => {
    const large = fixtureSeries({ checkpoints: 154, layers: 33 });
    const url = await reportFile(fixtureStory([large]), [fixtureSpectra(large, 'final')]);
    const { page, faults } = await open(browser, url);
    const firstChart = await page.evaluate(() => performance.now());
    expect((await drawn(page, 'layers-rankme')).length).toBe(154 * 33);
    const { steps, work, frames, drawnAgain } = await page.evaluate(async () => {
      const others = ['rankme', 'alpha', 'spectrum-map', 'layers-rankme', 'layers-alpha', 'bands'];
      const pictures = () => others.map((name) => document.querySelector(`[data-chart="${name}"] .drawing svg`));
      const before = pictures();
      const slider = document.querySelector<HTMLInputElement>('.player input')!;
      const scree = document.querySelector('[data-chart="scree"] .drawing')!;
      const seen = new Set<string>();
      const [work, frames]: [number[], number[]] = [[], []];
      for (let i = 0; i <= Number(slider.max); i++) {
        const moved = performance.now();
        slider.value = String(i);
        slider.dispatchEvent(new Event('input', { bubbles: true }));
        work.push(performance.now() - moved);
        seen.add(scree.querySelector('svg')!.getAttribute('aria-label')!);
        await new Promise(requestAnimationFrame);
        frames.push(performance.now() - moved);
      }
      const after = pictures();
      return { steps: seen.size, work, frames, drawnAgain: others.filter((_, i) => before[i] !== after[i]) };
    });
    // Each step of the slider drew its own spectrum.
    expect(steps).toBe(154);
    // And no other chart was drawn again: there the cursor alone moved.
    expect(drawnAgain).toEqual([]);
    expect(faults).toEqual([]);
    const at = (values: number[], share: number) =>
      values.sort((a, b) => a - b)[Math.floor(share * (values.length - 1))]!.toFixed(0);
    const slider = `slider ${at(work, 0.5)} ms of work a step (95 %: ${at(work, 0.95)}), ${at(frames, 0.5)} ms to the next frame (95 %: ${at(frames, 0.95)})`;
    await annotate(`154 × 33: first chart ${firstChart.toFixed(0)} ms after opening; ${slider}`);
  });
});
