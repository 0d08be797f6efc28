/** Sweeps of a sample checkpoint: each point is what a plain trace with that option measures, from as few passes as can be. */
import { cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { checkMeasurement, listMeasurements, openRun, tableRows } from '../../src/record/index.js';
import {
  planSweep,
  sweep,
  trace,
  traceDefaults,
  type Sweep,
  type SweepRequest,
  type SweepResult,
  type TraceEvent,
  type TraceRequest,
} from '../../src/trace/index.js';
import { passesOf, type SweepSubject } from '../../src/trace/forward-passes.js';
import { eigentrace, sample, temporary } from './command-line.js';
import { cutShort } from './series.js';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let folder: string;
let run: string;
let first: SweepResult;
const events: TraceEvent[] = [];

const base = (changes: Partial<TraceRequest> = {}): TraceRequest => ({
  ...traceDefaults,
  ...{ series: join(sample, 'series'), corpus: 'sample:', out: run, revisions: 'step6000' },
  ...{ sequences: 300, minTokens: 20, maxTokens: 96, threads: 2 },
  ...changes,
});
const four: Sweep[] = [
  { over: 'n', values: ['100', '220', '300'] },
  { over: 'length', values: ['12', '50'] },
  { over: 'layer', values: null },
  { over: 'position', values: ['last', 'mean'] },
];
const labels = (results: SweepResult['results']) => results.map(({ sweep: s }) => `${s.over} ${s.value}`);

/** How many forward passes began, as the model's process told. */
const passesIn = (told: readonly TraceEvent[]) =>
  told.filter((event) => event.type === 'progress' && event.phase === 'forward' && event.done === 0).length;

beforeAll(async () => {
  folder = await temporary();
  run = join(folder, 'run');
  process.env['EIGENTRACE_CACHE'] = join(folder, 'cache');
  first = await sweep({ base: base(), sweeps: four }, { onEvent: (event) => events.push(event) });
});
afterAll(async () => {
  delete process.env['EIGENTRACE_CACHE'];
  await rm(folder, { recursive: true, force: true });
});

describe('a sweep', () => {
  it('over N, length, layer and position runs the model once', () => {
    expect(labels(first.results)).toEqual([
      ...['n 100', 'n 220', 'n 300', 'length 12', 'length 50'],
      ...['layer 0', 'layer 1', 'layer 2', 'layer 3', 'layer final', 'position last', 'position mean'],
    ]);
    expect(first.results.map(({ state }) => state)).toEqual(Array(12).fill('measured'));
    expect([first.forwardPasses, passesIn(events)]).toEqual([1, 1]);
  });

  it('gives at each point the key and the figures of a plain trace with that option', async () => {
    const stored = new Map(
      (await listMeasurements(await openRun(run))).measurements.map(({ measurement: m }) => [
        `${m.sweep!.over} ${m.sweep!.value}`,
        m,
      ]),
    );
    const plain = async (label: string, changes: Partial<TraceRequest>) => {
      const { results } = await trace(base({ out: join(folder, `plain ${label}`), ...changes }));
      const opened = await openRun(join(folder, `plain ${label}`));
      const { measurement } = (await listMeasurements(opened)).measurements[0]!;
      const m = stored.get(label)!;
      expect(measurement.key, label).toBe(m.key);
      for (const [layer, figures] of Object.entries(results[0]!.layers)) {
        for (const [name, value] of Object.entries(figures)) {
          const ours = m.layers[layer]![name]!;
          if (value === null) expect(ours, `${label} ${name}`).toBeNull();
          // Errors are differences of figures: their own last digits are the figures'.
          else expect(Math.abs(ours / value - 1), `${label} ${layer} ${name}: ${ours} ${value}`).toBeLessThan(1e-5);
        }
        for (const name of ['rankme', 'alpha']) {
          const value = figures[name];
          if (typeof value === 'number') expect(Math.abs(m.layers[layer]![name]! / value - 1)).toBeLessThan(1e-6);
        }
      }
    };
    await plain('n 100', { sequences: 100 });
    await plain('n 300', {});
    await plain('length 12', { maxTokens: 12 });
    await plain('length 50', { maxTokens: 50 });
    await plain('layer 0', { layers: '0' });
    await plain('layer 2', { layers: '2' });
    await plain('position mean', { position: 'mean' });
  });

  it('stores its points soundly, with a request each, and out of the main table', async () => {
    const opened = await openRun(run);
    const listing = await listMeasurements(opened);
    expect(listing.problems).toEqual([]);
    for (const { measurement } of listing.measurements) expect(await checkMeasurement(opened, measurement)).toEqual([]);
    const { requests } = opened.record;
    expect(requests.map(({ options }) => options['sweep'])).toEqual(first.results.map(({ sweep: s }) => s));
    expect(new Set(requests.map(({ variant }) => variant)).size).toBe(12);
    expect(requests[0]).toMatchObject({ options: { sequences: 100, layers: 'final' }, corpus: { name: 'sample:' } });
    expect(requests[0]!.corpus.rows).toHaveLength(100);
    expect(tableRows(listing).rows).toEqual([]);
    const [point] = listing.measurements;
    expect(tableRows(listing, { variant: point!.measurement.variant! }).rows).toHaveLength(1);
    expect(await readdir(run)).not.toContain('.progress.json');
  });

  it('measures only what is missing, and plans the same', async () => {
    const more: SweepRequest = { base: base(), sweeps: [four[0]!, { over: 'length', values: ['12', '30'] }] };
    const plan = await planSweep(more);
    expect(plan.points.map(({ sweep: s, n, d, reused }) => [`${s.over} ${s.value}`, n, d, reused])).toEqual([
      ['n 100', 100, 128, true],
      ['n 220', 220, 128, true],
      ['n 300', 300, 128, true],
      ['length 12', 300, 128, true],
      ['length 30', 300, 128, false],
    ]);
    expect(plan.forwardPasses).toBe(1);
    expect(plan.seconds).toBeGreaterThan(0);
    const told: TraceEvent[] = [];
    const { results } = await sweep(more, { onEvent: (event) => told.push(event) });
    expect(results.map(({ state }) => state)).toEqual(['reused', 'reused', 'reused', 'reused', 'measured']);
    // 300 sequences of more than 20 tokens, cut at 30: the pass is no longer than the point.
    const forward = told.flatMap((event) => (event.type === 'progress' && event.phase === 'forward' ? [event.of] : []));
    expect(Math.max(...forward)).toBeLessThanOrEqual(300 * 30);
    const again = await planSweep(more);
    expect([again.forwardPasses, again.seconds, again.flops.forward]).toEqual([0, null, 0]);
  });

  it('takes the usual values where none are given', async () => {
    const { points } = await planSweep({
      base: base({ sequences: null }),
      sweeps: [
        { over: 'n', values: null },
        { over: 'length', values: null },
        { over: 'position', values: null },
      ],
    });
    const found = points.find(({ sweep: s }) => s.over === 'length')!.n!;
    expect(points.map(({ sweep: s }) => s.value)).toEqual([
      ...[16, 8, 4, 2, 1].map((part) => Math.round(found / part)),
      ...[6, 12, 24, 48, 96],
      ...['last', 'mean'],
    ]);
  });

  it('has passes of their own for corpora and for all tokens, and parts of a random choice of rows in one', async () => {
    const out = join(folder, 'other');
    const corpora = [join(sample, 'corpus/heldout.jsonl'), 'sample:'];
    const told: TraceEvent[] = [];
    const { results, forwardPasses } = await sweep(
      {
        base: base({ out, seed: 5, errors: 'none' }),
        sweeps: [
          { over: 'n', values: ['60', '300'] },
          { over: 'corpus', values: corpora },
          { over: 'position', values: ['all', 'last'] },
        ],
      },
      { onEvent: (event) => told.push(event) },
    );
    expect(results.map(({ state }) => state)).toEqual(Array(6).fill('measured'));
    // sample: (with N and position last), the file, and every token.
    expect([forwardPasses, passesIn(told)]).toEqual([3, 3]);
    const plain = await trace(base({ out: join(folder, 'seeded'), seed: 5, errors: 'none', sequences: 60 }));
    const [at60] = results;
    expect(at60!.layers['final']!['rankme']! / plain.results[0]!.layers['final']!['rankme']! - 1).toBeCloseTo(0, 6);
    // The bundled corpus is that file: the same rows, the same figures.
    const [a, b] = results.filter(({ sweep: s }) => s.over === 'corpus');
    expect(a!.layers['final']!['rankme']! / b!.layers['final']!['rankme']! - 1).toBeCloseTo(0, 6);
  });

  it('goes on past a checkpoint that fails, and stops when it is told to', async () => {
    const series = join(folder, 'broken');
    await cp(join(sample, 'series'), series, { recursive: true });
    await cutShort(join(series, 'step32'));
    const out = join(folder, 'failing');
    const request: SweepRequest = {
      base: base({ series, out, revisions: 'step16,step32,step64', errors: 'none' }),
      sweeps: [{ over: 'n', values: ['100', '150'] }],
    };
    const { results } = await sweep(request);
    expect(results.map(({ revision, state }) => `${revision} ${state}`)).toEqual([
      ...['step16 measured', 'step16 measured', 'step32 failed', 'step32 failed', 'step64 measured', 'step64 measured'],
    ]);
    expect((await openRun(out)).record.failures).toHaveLength(2);
    const stop = new AbortController();
    const told = await sweep(
      { ...request, base: { ...request.base, out: join(folder, 'stopped') } },
      { signal: stop.signal, onEvent: (event) => event.type === 'done' && stop.abort() },
    );
    expect([told.interrupted, told.results.length]).toEqual([true, 1]);
  });

  it.each<[string, Sweep[], Partial<TraceRequest>, string]>([
    ['no sweep', [], {}, '--over: is missing (expected one of n, length, corpus, layer, position)'],
    ['few rows', [{ over: 'n', values: ['5'] }], {}, '--values for --over n: got 5 (expected whole numbers from 20)'],
    ['no corpora', [{ over: 'corpus', values: null }], {}, '--values: are missing for --over corpus'],
    ['a position', [{ over: 'position', values: ['first'] }], {}, 'got first (expected last, mean, all)'],
    [
      'a layer',
      [{ over: 'layer', values: ['9'] }],
      {},
      '--values for --over layer: no such layer, got 9 (expected final, all, or numbers from 0 to 3)',
    ],
    ['rows', [{ over: 'n', values: null }], { rows: 'r.txt' }, '--over n: --rows r.txt fixes the rows'],
    ['nll', four, { nll: true }, '--nll: is no part of a sweep (expected it with trace)'],
  ])('refuses %s', async (_, sweeps, changes, message) => {
    await expect(sweep({ base: base({ out: join(folder, 'no'), ...changes }), sweeps })).rejects.toThrow(message);
  });
});

describe('passesOf', () => {
  const member = (ids: number[][], changes: Partial<TraceRequest> = {}, dependsOnLength = false): SweepSubject =>
    ({
      point: { sweep: { over: 'n', value: 1 }, request: base(changes) },
      subject: {
        model: { dependsOnLength },
        sequences: { ids: ids.map((x) => Int32Array.from(x)), rows: ids.map((_, i) => i) },
      },
    }) as unknown as SweepSubject;

  it('joins cuts and parts of the same rows: the longest of each', () => {
    const passes = passesOf([member([[1, 2], [5]]), member([[1, 2, 3]]), member([[1], [5, 6], [7]])]);
    expect(passes.map(({ ids, rows }) => [ids.map((x) => [...x]), rows])).toEqual([
      [
        [[1, 2, 3], [5, 6], [7]],
        [0, 1, 2],
      ],
    ]);
  });

  it('keeps apart other texts, all tokens, and lengths that a rotary embedding depends on', () => {
    expect(passesOf([member([[1, 2]]), member([[1, 9]])])).toHaveLength(2);
    expect(passesOf([member([[1]]), member([[1]], { corpus: 'other' })])).toHaveLength(2);
    expect(passesOf([member([[1]], { position: 'all' }), member([[1]], { position: 'all' })])).toHaveLength(2);
    const dynamic = [member([[1, 2]], { maxTokens: 2 }, true), member([[1]], { maxTokens: 1 }, true)];
    expect(passesOf([...dynamic, member([[1, 2]], { maxTokens: 2, layers: '0' }, true)])).toHaveLength(2);
  });
});

describe('the command line', () => {
  it('prints a table for each option, a plan, JSON, and what is wrong', async () => {
    const cache = join(folder, 'cache');
    const args = ['sweep', join(sample, 'series/step6000'), '--corpus', 'sample:', '--out', join(folder, 'typed')];
    args.push('--min-tokens', '20', '--max-tokens', '96', '--sequences', '300', '--errors', 'none');
    const sweeps = ['--over', 'n', '--values', '100,300', '--over', 'layer', '--values', '0,final'];
    const plan = await eigentrace([...args, ...sweeps, '--dry-run'], cache);
    expect(plan.stdout).toContain(
      'points       4: 4 to measure, 0 reused, 0 with problems\npasses       1 forward pass\n',
    );
    expect(plan.stdout).toMatch(/step6000 {2}n 100 +100 × 128\n/);
    const ended = await eigentrace([...args, ...sweeps], cache);
    expect(ended.status, ended.stderr).toBe(0);
    expect(ended.stdout).toMatch(
      /^over N, the number of sequences, step6000\nsequences +RankMe +α +r² +N +flags\n100 +\d/,
    );
    expect(ended.stdout).toMatch(/\nover the layer .*, step6000\nlayer +RankMe .*\n0 +\d.*\nfinal +\d/);
    expect(ended.stderr).toContain('4 points: 4 measured, 0 reused, 0 failed; 1 forward pass, ');
    expect(ended.stderr).toMatch(/step6000 .* n 100/);
    const json = JSON.parse((await eigentrace([...args, ...sweeps, '--json', '--quiet'], cache)).stdout) as SweepResult;
    expect(labels(json.results)).toEqual(['n 100', 'n 300', 'layer 0', 'layer final']);
    expect(json.results.map(({ state }) => state)).toEqual(Array(4).fill('reused'));
    const wrong = await eigentrace([...args, '--over', 'n', '--over', 'layer', '--values', '100'], cache);
    expect([wrong.status, wrong.stderr]).toEqual([
      2,
      'eigentrace: --values: got 1 list for 2 --over (expected one for each --over in the same order, or none)\n',
    ]);
    const typo = await eigentrace([...args, '--over', 'N'], cache);
    expect([typo.status, typo.stderr]).toEqual([
      2,
      'eigentrace: --over: is not a choice, got N (expected one of n, length, corpus, layer, position)\n',
    ]);
  });
});
