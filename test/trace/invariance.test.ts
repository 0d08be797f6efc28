/**
 * What the numbers must not depend on (threads, what else runs on the RUN) and what they must be for every position and
 * layer: the participation ratio (Σλ)²/Σλ² = tr(C)²/‖C‖²_F needs no eigenvalues, so the rows that `represent` writes
 * give it in a few lines of float64.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readSafetensors } from '../../src/bytes/index.js';
import { listMeasurements, openRun } from '../../src/record/index.js';
import { represent, trace, traceDefaults, type TraceRequest } from '../../src/trace/index.js';
import { golden, reference } from '../golden/checkpoint.js';
import { eigentrace, filesOf, resultOf, sample, sampleSeries, tableOf, temporary } from './command-line.js';

// Whole runs: seconds on an idle machine, minutes beside other work.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 600_000 });

let folder: string;
let cache: string;
beforeAll(async () => {
  folder = await temporary();
  cache = join(folder, 'cache');
  vi.stubEnv('EIGENTRACE_CACHE', cache);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

const request = (out: string, more: Partial<TraceRequest> = {}): TraceRequest => ({
  ...traceDefaults,
  ...{ series: sampleSeries, corpus: 'sample:', out: join(folder, out), revisions: 'step6000' },
  ...{ sequences: 200, minTokens: 0, maxTokens: 64, threads: 2 },
  ...more,
});

/** tr(C)²/‖C‖²_F of the covariance of n rows of width d, with 1/N. */
function participationRatio(rows: Float32Array, d: number): number {
  const n = rows.length / d;
  const mean = new Float64Array(d);
  rows.forEach((value, i) => (mean[i % d]! += value / n));
  const covariance = new Float64Array(d * d);
  for (let r = 0; r < n; r++) {
    for (let i = 0; i < d; i++) {
      const x = rows[r * d + i]! - mean[i]!;
      for (let j = 0; j <= i; j++) covariance[i * d + j]! += (x * (rows[r * d + j]! - mean[j]!)) / n;
    }
  }
  let trace = 0;
  let squares = 0;
  for (let i = 0; i < d; i++) {
    trace += covariance[i * d + i]!;
    for (let j = 0; j <= i; j++) squares += (i === j ? 1 : 2) * covariance[i * d + j]! ** 2;
  }
  return trace ** 2 / squares;
}

describe('threads', () => {
  it('change no figure beyond 1e-5, and timers fire all the while', async () => {
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 10);
    const revisions = 'step0,step6000';
    const one = await trace(request('one', { revisions, threads: 1 }));
    const two = await trace(request('two', { revisions, threads: 2 }));
    clearInterval(timer);
    expect(longest).toBeLessThan(1000);
    for (const [i, { layers, state, revision }] of one.results.entries()) {
      expect(state).toBe('measured');
      const other = two.results[i]!.layers['final']!;
      const figures = Object.entries(layers['final']!);
      expect(figures.length).toBeGreaterThan(25);
      for (const [name, value] of figures) {
        if (value === null) expect(other[name], name).toBeNull();
        // Differences of replicates amplify what float32 leaves open.
        else if (/_se$|_deviation|_extrapolated/.test(name)) expect(other[name]! / value, name).toBeCloseTo(1, 3);
        else expect(Math.abs(other[name]! - value) / Math.abs(value), `${name} of ${revision}`).toBeLessThan(1e-5);
      }
    }
    // The same request as far as the numbers go: the key holds no threads.
    const again = await trace(request('one', { revisions, threads: 2 }));
    expect(again.results.map(({ state }) => state)).toEqual(['reused', 'reused']);
  });
});

describe('positions and layers', () => {
  // More tokens than d, and (last, mean) fewer rows than d and more: covariance and row Gram alike.
  it.each([
    ['last', 200],
    ['last', 60],
    ['mean', 150],
    ['all', 60],
  ] as const)('%s, of %d sequences: every layer has the figure of its rows', async (position, sequences) => {
    const name = `${position}-${sequences}`;
    const asked = { position, sequences, layers: 'all', errors: 'none' } as const;
    const { results } = await trace(request(name, asked));
    const file = join(folder, `${name}.safetensors`);
    const { threads, minTokens, maxTokens, corpus, field, seed, rows } = request(name);
    const checkpoint = join(sample, 'series', 'step6000');
    const common = { threads, minTokens, maxTokens, corpus, field, seed, rows, position, sequences };
    await represent({ ...common, checkpoint, ids: null, out: file, layers: 'all' });
    const { tensors } = await readSafetensors(file);
    const { layers } = results[0]!;
    expect(Object.keys(layers)).toEqual(['0', '1', '2', '3', 'final']);
    const lengths = tensors.get('lengths')!.data as Int32Array;
    expect(lengths).toHaveLength(sequences);
    const n = position === 'all' ? lengths.reduce((a, b) => a + b) : sequences;
    const seen = new Set<number>();
    for (const layer of Object.keys(layers)) {
      const { shape, data } = tensors.get(layer === 'final' ? 'final' : `layer${layer}`)!;
      expect(shape).toEqual([n, 128]);
      expect(layers[layer]).toMatchObject({ n, d: 128 });
      const expected = participationRatio(data as Float32Array, 128);
      const got = layers[layer]!['participation_ratio']!;
      expect(Math.abs(got / expected - 1), `layer ${layer}`).toBeLessThan(1e-8);
      seen.add(got);
    }
    expect(seen.size).toBe(5);
  });
});

describe('represent', () => {
  const folderOf = golden('architectures/gpt_neox');
  const largest = (a: Float32Array, b: Float32Array) =>
    a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

  it('of token ids gives the golden states of every layer, as safetensors and as .npy', async () => {
    const { ids, float } = await reference(folderOf);
    const file = join(folder, 'ids.jsonl');
    await writeFile(file, ids.map((sequence) => `${JSON.stringify([...sequence])}\n`).join(''));
    const out = (name: string) => join(folder, name);
    const ends = await Promise.all([
      eigentrace(['represent', folderOf, '--ids', file, '--layers', 'all', '--out', out('all.safetensors')], cache),
      eigentrace(['represent', folderOf, '--ids', file, '--out', out('final.safetensors'), '--json'], cache),
      eigentrace(['represent', folderOf, '--ids', file, '--out', out('final.npy'), '--quiet'], cache),
    ]);
    for (const { status, stderr } of ends) expect(status, stderr).toBe(0);
    expect(ends[2].stderr).toBe('');

    const layers = (await readSafetensors(out('all.safetensors'))).tensors;
    const final = (await readSafetensors(out('final.safetensors'))).tensors;
    expect(final.get('lengths')!.data).toEqual(Int32Array.from(ids, (sequence) => sequence.length));
    const states = final.get('final')!;
    const [n, d] = states.shape as [number, number];
    expect(n).toBe(ids.length);
    const row = (data: unknown, k: number) => (data as Float32Array).subarray(k * d, (k + 1) * d);
    for (const k of ids.keys()) {
      expect(largest(row(states.data, k), float(`final_${k}`)), `final, sequence ${k}`).toBeLessThan(5e-5);
      const hidden = float(`hidden_${k}`);
      const L = hidden.length / d - 1;
      // States 0..L, final and lengths.
      expect(layers.size).toBe(L + 3);
      for (let l = 0; l <= L; l++) {
        const got = row(layers.get(`layer${l}`)!.data, k);
        expect(largest(got, row(hidden, l)), `layer ${l}, sequence ${k}`).toBeLessThan(5e-5);
      }
    }

    const npy = await readFile(out('final.npy'));
    expect(npy.toString('latin1', 0, 8)).toBe('\x93NUMPY\x01\x00');
    const start = 10 + npy.readUInt16LE(8);
    expect(npy.toString('latin1', 10, start).trimEnd()).toBe(
      `{'descr': '<f4', 'fortran_order': False, 'shape': (${n}, ${d}), }`,
    );
    expect(start % 64).toBe(0);
    expect(npy.subarray(start).equals(Buffer.from((states.data as Float32Array).slice().buffer))).toBe(true);
    expect(JSON.parse(ends[1].stdout)).toEqual({
      path: out('final.safetensors'),
      tensors: { final: [n, d], lengths: [n] },
    });
  });

  it('refuses ids outside the vocabulary, and a .npy of several layers', async () => {
    const file = join(folder, 'outside.jsonl');
    await writeFile(file, '[1, 2]\n[3, 4000]\n');
    const ended = await eigentrace(['represent', folderOf, '--ids', file, '--out', join(folder, 'x.npy')], cache);
    expect(ended.status).toBe(1);
    expect(ended.stderr).toMatch(/token id 4000 in row 1 of outside\.jsonl is outside the model's vocabulary/);
    const out = join(folder, 'y.npy');
    const several = await eigentrace(['represent', folderOf, '--ids', file, '--layers', '0,1', '--out', out], cache);
    expect(several.status).toBe(2);
    expect(several.stderr).toContain('--out: .npy holds one layer, got --layers 0,1');
  });
});

describe('one RUN', () => {
  const series = ['trace', sampleSeries, '--corpus', 'sample:', '--min-tokens', '0', '--max-tokens', '64'];
  const small = [...series, '--sequences', '80', '--revisions', 'step0,step1,step2,step4,step8'];

  it('filled by two processes at once has the same table, and no file of either is left behind', async () => {
    const alone = join(folder, 'alone');
    const shared = join(folder, 'shared');
    const one = await eigentrace([...small, '--out', alone], cache);
    expect(one.status, one.stderr).toBe(0);
    const both = await Promise.all([1, 2].map(() => eigentrace([...small, '--out', shared, '--json'], cache)));
    for (const { status, stderr } of both) expect(status, stderr).toBe(0);
    expect(await tableOf(shared)).toEqual(await tableOf(alone));
    expect(Object.keys(await filesOf(shared)).sort()).toEqual(Object.keys(await filesOf(alone)).sort());
    const { requests, failures } = (await openRun(shared)).record;
    expect([requests.length, failures.length]).toEqual([1, 0]);
    const states = both.flatMap((ended) => resultOf(ended).results.map(({ state }) => state));
    expect(states).toHaveLength(10);
    expect(states).not.toContain('failed');
  });

  it('started by two processes with different layers has one main request, and both tables whole', async () => {
    const out = join(folder, 'race');
    // Seconds of tokenising between opening the run and adding the request to it, so that each opens an empty one.
    const corpus = join(folder, 'race.txt');
    const lines = Array.from({ length: 30_000 }, (_, i) => `The ${i} short ones are read and left out again.\n\n`);
    const long = Array.from({ length: 40 }, (_, i) => `${'It was a long day. '.repeat(20 + i)}\n\n`);
    await writeFile(corpus, [...lines, ...long].join(''));
    const filter = ['--min-tokens', '60', '--max-tokens', '64', '--sequences', '40'];
    const asked = ['trace', sampleSeries, '--corpus', corpus, ...filter, '--revisions', 'step0,step1'];
    asked.push('--errors', 'none', '--out', out);
    const both = await Promise.all(
      ['final', '0,3'].map((layers) => eigentrace([...asked, '--layers', layers, '--json'], join(folder, layers))),
    );
    for (const { status, stderr } of both) expect(status, stderr).toBe(0);
    for (const ended of both) {
      expect(resultOf(ended).results.map(({ state }) => state)).toEqual(['measured', 'measured']);
    }
    const { requests, failures } = (await openRun(out)).record;
    expect(failures).toEqual([]);
    expect(requests.filter(({ variant }) => variant === null)).toHaveLength(1);
    expect(requests.map(({ options }) => options['layers']).sort()).toEqual(['0,3', 'final']);
    const rows = (await tableOf(out)).rows.map(({ revision, layer }) => `${revision} ${layer}`);
    expect(rows.sort()).toEqual(['step0 0', 'step0 3', 'step0 final', 'step1 0', 'step1 3', 'step1 final']);
    // The next run finds what its own request has measured.
    const again = await eigentrace([...asked, '--layers', '0,3', '--json'], cache);
    expect(resultOf(again).results.map(({ state }) => state)).toEqual(['reused', 'reused']);
  });

  it('with another choice of layers holds it beside the first, as a variant', async () => {
    const out = join(folder, 'layers');
    const asked = [...series, '--sequences', '80', '--revisions', 'step0', '--errors', 'none', '--out', out, '--json'];
    expect((await eigentrace(asked, cache)).status).toBe(0);
    const before = await filesOf(join(out, 'geometry'));
    const { layers: first } = (await tracedAt(out))[0]!;
    const ended = await eigentrace([...asked, '--layers', '0,3'], cache);
    expect(ended.status, ended.stderr).toBe(0);
    expect(resultOf(ended).results).toMatchObject([{ state: 'measured' }]);
    const after = await filesOf(join(out, 'geometry'));
    expect(after).toMatchObject(before);
    const added = Object.keys(after).filter((name) => !(name in before));
    expect(added.sort()).toEqual([
      expect.stringMatching(/^sample-neox-0\.9m\/pretrain\/step0\.[0-9a-f]{10}\.json$/),
      expect.stringMatching(/^sample-neox-0\.9m\/pretrain\/step0\.[0-9a-f]{10}\.safetensors$/),
    ]);
    const [main, variant] = await tracedAt(out);
    expect(main!.layers).toEqual(first);
    expect(Object.keys(variant!.layers)).toEqual(['0', '3']);
    expect((await tableOf(out)).rows.map(({ layer }) => layer)).toEqual(['final', '0', '3']);
    const again = await eigentrace([...asked, '--layers', '0,3'], cache);
    expect(resultOf(again).results).toMatchObject([{ state: 'reused' }]);
  });

  const tracedAt = async (out: string) =>
    (await listMeasurements(await openRun(out))).measurements.map(({ measurement }) => measurement);
});
