import { createHash } from 'node:crypto';
import { cp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { addFailure, addRequest, openRun, writeMeasurement } from '../../src/record/index.js';
import { makeReport, refreshReport, writeReport } from '../../src/report/index.js';
import type { PackedSpectra, Story } from '../../src/story/index.js';
import { unpackSpectra } from '../../src/story/index.js';
import { draft, layer, request, temporaryFolder } from '../record/fixture.js';
import { syntheticRun } from './synthetic.js';

const demo = fileURLToPath(new URL('../golden/runs/demo', import.meta.url));

const dataOf = (content: string, id: string): unknown => {
  const match = new RegExp(`<script type="application/json" id="${id}">(.*?)</script>`, 's').exec(content);
  return JSON.parse(match![1]!);
};

describe('a report', () => {
  it('holds the story, the spectra and the page, and reads without its program', async () => {
    const { content, notes } = await makeReport([demo]);
    expect(notes).toEqual([]);
    const { document } = parseHTML(content);
    expect(document.querySelector('title')!.textContent).toBe('sample-neox-0.9m');
    expect(document.documentElement.getAttribute('lang')).toBe('en');
    const description = document.querySelector('meta[name=description]')!.getAttribute('content')!;
    expect(description).toContain(
      'RankMe falls to 11.5 ± .5 by 131k tokens, rises to 63.4 ± 1.1 at 24.6M; α mirrors it.',
    );
    const page = document.querySelector('#page')!;
    expect(page.querySelector('.finding')!.textContent).toBe(description);
    expect(page.querySelectorAll('tbody tr')).toHaveLength(20);
    expect(page.querySelectorAll('tbody tr')[6]!.textContent.replace(/\s+/g, ' ')).toContain(
      'pretrain step32 32 131k 11.5 ± .5 1.770 ± .019 0.923',
    );
    const charts = [...page.querySelectorAll('svg')];
    expect(charts.map((svg) => svg.getAttribute('role'))).toEqual(['img', 'img']);
    expect(charts[0]!.getAttribute('aria-label')).toContain('RankMe');
    expect(page.querySelector('pre')!.textContent).toContain('eigentrace trace sample/series.json --corpus sample:');
    const story = dataOf(content, 'story') as Story;
    expect(story.runs[0]!.series[0]!.checkpoints).toHaveLength(20);
    const spectra = (dataOf(content, 'spectra') as PackedSpectra[]).map(unpackSpectra);
    expect(spectra.map(({ series, layer: name }) => [series, name])).toEqual([['1/sample-neox-0.9m', 'final']]);
    expect(spectra[0]!.eigenvalues[0]).toHaveLength(127);
  });

  it('asks for nothing from outside, and its policy lets one program run', async () => {
    const { content } = await makeReport([demo]);
    const { document } = parseHTML(content);
    for (const element of document.querySelectorAll('[src], link[href]')) {
      expect(element.getAttribute('src') ?? element.getAttribute('href')).toMatch(/^data:/);
    }
    expect(content.match(/<script(?! type="application\/json")[^>]*>/g)).toEqual(['<script>']);
    const program = /<\/script>\n<script>([^]*)<\/script>\n<\/body>/.exec(content)![1]!;
    const policy = document.querySelector('meta[http-equiv="Content-Security-Policy"]')!.getAttribute('content')!;
    const hash = createHash('sha256').update(program).digest('base64');
    expect(policy).toContain(`script-src 'sha256-${hash}'`);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe-eval');
    expect(program).not.toMatch(/<\/script|<!--/i);
  });

  it('takes names for names, whatever stands in them', async () => {
    const hostile = `</script><img src=x onerror=alert(1)>"'&<!--`;
    const folder = join(await temporaryFolder(), 'run');
    const run = await openRun(folder, { create: true });
    const stages = [{ name: hostile, checkpoints: [{ revision: hostile, step: 1 }] }];
    await addRequest(run, request({ series: { name: hostile, stages }, options: { series: hostile } }));
    const flags = [{ code: hostile, message: hostile }];
    await writeMeasurement(
      run,
      draft({ series: hostile, stage: hostile, revision: hostile, flags, layers: { [hostile]: layer } }),
    );
    const failure = { series: hostile, stage: hostile, revision: 'other', variant: null };
    await addFailure(run, { ...failure, code: 'input', message: hostile, created: draft().provenance.created });
    const { content } = await makeReport([folder], { title: hostile });
    const { document } = parseHTML(content);
    expect(document.querySelectorAll('img')).toHaveLength(0);
    expect(document.querySelectorAll('[onerror]')).toHaveLength(0);
    expect(document.querySelector('title')!.textContent).toBe(hostile);
    expect(document.querySelectorAll('script')).toHaveLength(3);
    // Nowhere outside the program does the name stand as markup.
    expect(content.slice(0, content.lastIndexOf('<script>'))).not.toContain('<img');
    const story = dataOf(content, 'story') as Story;
    expect(story.runs[0]!.series[0]!.checkpoints[0]!.revision).toBe(hostile);
    expect(story.runs[0]!.failures[0]!.message).toBe(hostile);
  });

  it('is written whole, and tells where and how large', async () => {
    const folder = await temporaryFolder();
    const out = join(folder, 'below', 'r.html');
    const result = await writeReport([demo], out, { title: 'A title' });
    expect(result).toEqual({ path: out, bytes: (await stat(out)).size, notes: [] });
    expect(await readFile(out, 'utf8')).toContain('<title>A title</title>');
    expect(await readdir(join(folder, 'below'))).toEqual(['r.html']);
    await expect(writeReport([folder], out)).rejects.toThrow(/is not a run/);
  });

  it("stands in a run's own folder, written again only when something changed", async () => {
    const folder = join(await temporaryFolder(), 'run');
    await cp(demo, folder, { recursive: true });
    const first = await refreshReport(folder);
    expect(first).toMatchObject({ path: `${folder}/report.html`, written: true });
    expect(first.bytes).toBe((await stat(first.path)).size);
    expect(await refreshReport(folder)).toEqual({ ...first, written: false });
    await rm(join(folder, 'geometry/sample-neox-0.9m/rlvr/rlvr-step160.json'));
    expect(await refreshReport(folder)).toMatchObject({ written: true });
    await writeFile(first.path, '<!doctype html>cut off');
    expect(await refreshReport(folder)).toMatchObject({ written: true, notes: [] });
    expect((await readFile(first.path, 'utf8')).length).toBeGreaterThan(20_000);
  });

  it('names what is damaged and shows the rest', async () => {
    const folder = join(await temporaryFolder(), 'run');
    await cp(demo, folder, { recursive: true });
    const stage = join(folder, 'geometry/sample-neox-0.9m/pretrain');
    await cp(join(stage, 'step1.json'), join(stage, 'step2.json'));
    await cp(join(stage, 'step4.safetensors'), join(stage, 'step8.safetensors'));
    const { content, notes } = await makeReport([folder]);
    const { document } = parseHTML(content);
    expect(document.querySelectorAll('tbody tr')).toHaveLength(19);
    expect(document.querySelector('.warnings')!.textContent).toContain('step2.json');
    expect(notes).toHaveLength(1);
    expect(notes[0]).toContain('step8.safetensors: not the arrays');
  });

  it('holds several runs', async () => {
    const other = await syntheticRun(join(await temporaryFolder(), 'other'), { checkpoints: 5, layers: 2, d: 128 });
    const { content } = await makeReport([demo, other]);
    const { document } = parseHTML(content);
    expect([...document.querySelectorAll('h2')].map((h) => h.textContent)).toEqual([
      ...['sample-neox-0.9m', 'synthetic', 'Reproduce this demo', 'Reproduce this other'],
    ]);
    const spectra = dataOf(content, 'spectra') as PackedSpectra[];
    expect(spectra.map(({ series, layer: name }) => `${series} ${name}`)).toEqual([
      ...['1/sample-neox-0.9m final', '2/synthetic final', '2/synthetic 0'],
    ]);
  });
});

describe('its size', () => {
  it('stays below 2 MB for 154 checkpoints of one layer', async () => {
    const folder = await syntheticRun(join(await temporaryFolder(), 'run'), { checkpoints: 154, layers: 1, d: 2048 });
    const { content, notes } = await makeReport([folder]);
    expect(notes).toEqual([]);
    expect(Buffer.byteLength(content)).toBeLessThan(2_000_000);
    expect((dataOf(content, 'spectra') as PackedSpectra[])[0]!.shares).toHaveLength(154);
  });

  it('stays below 8 MB for 30 checkpoints of 33 layers, all spectra there', async () => {
    const folder = await syntheticRun(join(await temporaryFolder(), 'run'), { checkpoints: 30, layers: 33, d: 2048 });
    const { content, notes } = await makeReport([folder]);
    expect(notes).toEqual([]);
    expect(Buffer.byteLength(content)).toBeLessThan(8_000_000);
    expect(dataOf(content, 'spectra')).toHaveLength(33);
  });
});
