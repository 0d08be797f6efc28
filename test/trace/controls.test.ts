/**
 * Nulls on the sample: against Python's figures of the same permuted ids and drawn weights (test/golden/controls), against
 * Marchenko and Pastur's law, and as variants of a run that are reused, planned, listed and named like any measurement.
 */
import { cp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { checkMeasurement, listMeasurements, openRun, tableRows, type Measurement } from '../../src/record/index.js';
import { measureRows, openKernel } from '../../src/spectrum/index.js';
import {
  planTrace,
  startThread,
  trace,
  traceDefaults,
  type TraceRequest,
  type TraceResult,
} from '../../src/trace/index.js';
import { noiseRows } from '../../src/trace/noise.js';
import { golden } from '../golden/checkpoint.js';
import { eigentrace, resultOf, sample, temporary } from './command-line.js';
import { changeConfig } from './series.js';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

interface Figures {
  n: number;
  d: number;
  rankme: number;
  alpha: number;
}
type Golden = { permuted_sha256: string; 'random-init': Figures; 'shuffled-tokens': Record<string, Figures> };

let folder: string;
let run: string;
let expected: Golden;
let first: TraceResult;
const request = (changes: Partial<TraceRequest> = {}): TraceRequest => ({
  ...traceDefaults,
  ...{ series: join(sample, 'series'), corpus: 'sample:', out: run, revisions: 'step32,step6000' },
  ...{ sequences: 1500, minTokens: 0, maxTokens: 128, threads: 2 },
  control: ['gaussian', 'random-init', 'shuffled-tokens'],
  ...changes,
});
const measurement = async (path: string): Promise<Measurement> =>
  JSON.parse(await readFile(path, 'utf8')) as Measurement;

beforeAll(async () => {
  folder = await temporary();
  run = join(folder, 'run');
  process.env['EIGENTRACE_CACHE'] = join(folder, 'cache');
  expected = JSON.parse(await readFile(golden('controls/controls.json'), 'utf8')) as Golden;
  first = await trace(request());
});
afterAll(async () => {
  delete process.env['EIGENTRACE_CACHE'];
  await rm(folder, { recursive: true, force: true });
});

describe('a trace with controls', () => {
  it('measures the checkpoints, then each null: one a checkpoint, or one for the series', () => {
    expect(first.results.map((r) => [r.revision, r.control?.kind ?? null, r.step, r.state])).toEqual([
      ['step32', null, 32, 'measured'],
      ['step6000', null, 6000, 'measured'],
      ['step32', 'shuffled-tokens', 32, 'measured'],
      ['step6000', 'shuffled-tokens', 6000, 'measured'],
      ['step0', 'random-init', null, 'measured'],
      ['step0', 'gaussian', null, 'measured'],
    ]);
  });

  it("agrees with Python's figures of the same permuted ids and the same drawn weights", async () => {
    for (const { control, revision, layers, n, d, path } of first.results) {
      if (control === null || control === undefined || control.kind === 'gaussian') continue;
      const figures = control.kind === 'random-init' ? expected['random-init'] : expected[control.kind][revision]!;
      expect([n, d]).toEqual([figures.n, figures.d]);
      expect(Math.abs(layers['final']!['rankme']! / figures.rankme - 1)).toBeLessThan(1e-5);
      expect(Math.abs(layers['final']!['alpha']! / figures.alpha - 1)).toBeLessThan(1e-5);
      if (control.kind === 'shuffled-tokens') {
        expect((await measurement(path!)).keyParts['corpus']).toBe(expected.permuted_sha256);
      }
    }
  });

  it('stores what each null is, what made it, and keys that hold', async () => {
    const { measurements, problems } = await listMeasurements(await openRun(run));
    expect([measurements.length, problems]).toEqual([6, []]);
    const byKind = new Map(measurements.map(({ measurement: m }) => [m.control?.kind ?? 'real', m]));
    expect(byKind.get('shuffled-tokens')!.control).toEqual({
      ...{ kind: 'shuffled-tokens', seed: 0, generator: 'sfc32' },
      kept: { leading: [], trailing: [] },
    });
    const random = byKind.get('random-init')!;
    expect(random.control).toMatchObject({ kind: 'random-init', std: 0.02, std_from: 'initializer_range' });
    expect([random.step, random.tokens, random.provenance.weights]).toEqual([null, null, null]);
    expect(random.provenance.model).toEqual(byKind.get('real')!.provenance.model);
    const noise = byKind.get('gaussian')!.provenance;
    expect([noise.weights, noise.model, noise.corpus, noise.tokenizer_sha256, noise.device]).toEqual(
      Array(5).fill(null),
    );
    expect(byKind.get('real')).not.toHaveProperty('control');
    const opened = await openRun(run);
    for (const { measurement: m } of measurements) expect(await checkMeasurement(opened, m)).toEqual([]);
    // Nothing is left of the drawn weights.
    expect(await readdir(join(folder, 'cache', 'weights'))).toEqual([]);
    const { requests } = opened.record;
    expect(requests.map(({ options }) => (options['control'] as { kind: string } | undefined)?.kind ?? null)).toEqual([
      ...[null, 'shuffled-tokens', 'random-init', 'gaussian'],
    ]);
    expect(new Set(requests.map(({ variant }) => variant)).size).toBe(4);
  });

  it('keeps nulls out of the main table, and shows one by its variant', async () => {
    const listing = await listMeasurements(await openRun(run));
    const { rows, notes } = tableRows(listing);
    expect(rows.map(({ revision }) => revision)).toEqual(['step32', 'step6000']);
    expect(notes).toEqual([expect.stringMatching(/^left out: variants of the main request, .*--variant shows one/)]);
    const { variant } = listing.measurements.find(
      ({ measurement: m }) => m.control?.kind === 'shuffled-tokens',
    )!.measurement;
    expect(tableRows(listing, { variant: variant! }).rows).toHaveLength(2);
  });

  it('reuses them, whatever is asked beside them, and measures another seed', async () => {
    const again = await trace(request());
    expect(again.results.map(({ state }) => state)).toEqual(Array(6).fill('reused'));
    const fewer = await trace(request({ control: ['gaussian'] }));
    expect(fewer.results.map(({ state }) => state)).toEqual(Array(3).fill('reused'));
    expect((await openRun(run)).record.requests).toHaveLength(4);
    const plan = await planTrace(request({ control: ['shuffled-tokens', 'gaussian'], controlSeed: 1 }));
    expect(plan.checkpoints.map(({ control, reused }) => [control?.kind, control?.seed, reused])).toEqual([
      ...[0, 1].map(() => [undefined, undefined, true]),
      ...['shuffled-tokens', 'shuffled-tokens', 'gaussian'].map((kind) => [kind, 1, false]),
    ]);
    const other = await trace(request({ control: ['gaussian'], controlSeed: 1 }));
    expect(other.results.map(({ state }) => state)).toEqual(['reused', 'reused', 'measured']);
    const [a, b] = [again, other].map(({ results }) => results.at(-1)!.layers['final']!['rankme']!);
    expect(a).not.toBe(b);
    expect(Math.abs(a! - b!)).toBeLessThan(1);
  });

  it('measures a null again where its corpus is another', async () => {
    const out = join(folder, 'other');
    await cp(run, out, { recursive: true });
    const { results } = await trace(request({ out, control: ['random-init', 'gaussian'], maxTokens: 64 }));
    expect(results.map(({ state }) => state)).toEqual(['measured', 'measured', 'measured', 'reused']);
  });

  it('works from the command line: the plan, the tables, the JSON, what is refused', async () => {
    const cache = join(folder, 'cache');
    const args = [
      'trace',
      join(sample, 'series'),
      '--corpus',
      'sample:',
      '--out',
      run,
      '--revisions',
      'step32,step6000',
    ];
    args.push('--sequences', '1500', '--min-tokens', '0', '--max-tokens', '128');
    args.push('--control', 'shuffled-tokens,random-init,gaussian');
    const plan = await eigentrace([...args, '--dry-run'], cache);
    expect(plan.stdout).toContain('2 and 4 controls: 0 to measure, 6 reused, 0 with problems');
    const ended = await eigentrace(args, cache);
    expect(ended.status, ended.stderr).toBe(0);
    expect(ended.stdout).toContain(
      '\ncontrol shuffled-tokens (seed 0): the tokens of each sequence in a random order\n',
    );
    expect(ended.stdout).toMatch(/\ncontrol random-init .*\nrevision .*\nstep0 +– +37\.2 ±/);
    expect(ended.stderr).toContain('2 checkpoints and 4 controls: 0 measured, 6 reused, 0 failed');
    const json = resultOf(await eigentrace([...args, '--json', '--quiet'], cache));
    expect(json.results.map(({ control }) => control?.kind ?? null)).toEqual([
      ...[null, null, 'shuffled-tokens', 'shuffled-tokens', 'random-init', 'gaussian'],
    ]);
    const typo = await eigentrace([...args.slice(0, -1), 'shuffled'], cache);
    expect([typo.status, typo.stderr]).toEqual([
      2,
      'eigentrace: --control: is not a list of controls, got shuffled (expected shuffled-tokens, random-init, gaussian, several with commas between, or none)\n',
    ]);
    const features = ['trace', '--features', join(folder, '{revision}.npy'), '--out', join(folder, 'f')];
    const refused = await eigentrace([...features, '--control', 'random-init'], cache);
    expect([refused.status, refused.stderr]).toEqual([
      2,
      'eigentrace: --control: can not be used with --features, got random-init (expected gaussian: the others need a model)\n',
    ]);
  });

  it('stands beside representations that were made elsewhere', async () => {
    const rows = join(folder, 'made');
    const ended = await eigentrace(
      [
        'represent',
        join(sample, 'series/step32'),
        '--corpus',
        'sample:',
        '--sequences',
        '300',
        '--out',
        `${rows}/step32.npy`,
      ],
      join(folder, 'cache'),
    );
    expect(ended.status, ended.stderr).toBe(0);
    const none = { series: null, corpus: null, revisions: 'all', control: ['gaussian'] } as const;
    const { results } = await trace(
      request({ ...none, features: join(rows, '{revision}.npy'), out: join(folder, 'rows') }),
    );
    expect(results.map(({ control, n, d, state }) => [control?.kind ?? null, n, d, state])).toEqual([
      [null, 300, 128, 'measured'],
      ['gaussian', 300, 128, 'measured'],
    ]);
  });

  it('records a null that fails and goes on', async () => {
    const series = join(folder, 'broken');
    await cp(join(sample, 'series'), series, { recursive: true });
    await changeConfig(join(series, 'step0'), { initializer_range: 'wide' });
    const out = join(folder, 'failing');
    const wanted = request({ series, out, revisions: 'step0', control: ['random-init', 'gaussian'], sequences: 300 });
    const { results } = await trace(wanted);
    expect(results.map(({ control, state }) => [control?.kind ?? null, state])).toEqual([
      [null, 'measured'],
      ['random-init', 'failed'],
      ['gaussian', 'measured'],
    ]);
    expect(results[1]!.error).toBe(
      'checkpoint step0: config.json: initializer_range: got "wide" (expected a positive number)',
    );
    const { failures } = (await openRun(out)).record;
    expect(failures).toEqual([expect.objectContaining({ revision: 'step0', code: 'input' })]);
    expect(failures[0]!.variant).not.toBeNull();
  });
});

describe('random-init', () => {
  it("is the sample's step 0 where the config tells how that was made", async () => {
    // The sample has Pythia's initialisation, N(0, 2/(5d)) and a little wider on projections, not its config's 0.02.
    const series = join(folder, 'pythia-like');
    await cp(join(sample, 'series'), series, { recursive: true });
    await changeConfig(join(series, 'step0'), { initializer_range: Math.sqrt(2 / (5 * 128)) });
    const at = async (controlSeed: number) => {
      const errors = controlSeed === 0 ? 'jackknife' : 'none';
      const wanted = {
        series,
        out: join(folder, `like-${controlSeed}`),
        revisions: 'step0',
        controlSeed,
        errors,
      } as const;
      const { results } = await trace(request({ ...wanted, control: ['random-init'] }));
      return results.map(({ layers }) => layers['final']!);
    };
    const [[real, a], [, b], [, c]] = await Promise.all([at(0), at(1), at(2)]);
    const draws = [a!, b!, c!].map((figures) => figures['rankme']!);
    const mean = draws.reduce((sum, x) => sum + x, 0) / 3;
    const spread = Math.sqrt(draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 2);
    // Another draw of the same kind: within the draws' own spread and the error of the sequences.
    const error = Math.hypot(spread * Math.sqrt(1 + 1 / 3), real!['rankme_se']!, a!['rankme_se']!);
    expect(Math.abs(real!['rankme']! - mean)).toBeLessThan(3 * error);
    expect(Math.abs(real!['alpha']! - a!['alpha']!)).toBeLessThan(0.1);
    // With the config's own range it is another network.
    expect(Math.abs(real!['alpha']! - expected['random-init'].alpha)).toBeGreaterThan(0.2);
  });
});

describe('white noise', () => {
  it("has the effective rank that Marchenko and Pastur's law gives", async () => {
    const [n, d, seeds] = [600, 128, 24];
    const kernel = openKernel({ startThread, threads: 1 });
    const values: number[] = [];
    for (let seed = 0; seed < seeds; seed++) {
      const { figures } = await measureRows(noiseRows(n, d, seed), { kernel, errors: 'none' });
      values.push(figures['rankme']!);
    }
    await kernel.close();
    const mean = values.reduce((sum, x) => sum + x, 0) / seeds;
    const se = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (seeds - 1) / seeds);
    expect(se).toBeLessThan(0.05);
    // Centring costs one row. To first order, and with the 1/N term of real Gaussians.
    const law = marchenkoPastur(d / (n - 1));
    expect(Math.abs(mean - d * Math.exp(-law.limit))).toBeLessThan(0.2);
    expect(Math.abs(mean - d * Math.exp(-law.limit - law.correction / d))).toBeLessThan(3 * se);
  });

  it('is the same rows however they are read, uncorrelated between rows and columns', async () => {
    const rows = noiseRows(50, 300, 5);
    const all = await rows.read(0, 50);
    expect(await rows.read(20, 30)).toEqual(all.slice(20 * 300, 30 * 300));
    for (const lag of [1, 300]) {
      let sum = 0;
      for (let i = lag; i < all.length; i++) sum += all[i]! * all[i - lag]!;
      expect(Math.abs(sum / all.length)).toBeLessThan(4 / Math.sqrt(all.length));
    }
  });
});

/**
 * E[λ ln λ] under the law at γ = d/N ≤ 1, which is ln d minus the spectral entropy (E[λ] = 1), by the midpoint rule over
 * λ = 1 + γ + 2√γ cos φ; and Bai and Silverstein's mean of the sum's next order for real Gaussian rows.
 */
function marchenkoPastur(gamma: number): { limit: number; correction: number } {
  const f = (x: number) => x * Math.log(x);
  const root = Math.sqrt(gamma);
  const steps = 20_000;
  let limit = 0;
  let arc = 0;
  for (let i = 0; i < steps; i++) {
    const phi = ((i + 0.5) * Math.PI) / steps;
    const x = 1 + gamma + 2 * root * Math.cos(phi);
    // dλ = 2√γ sin φ dφ, and the density √((b−x)(x−a))/(2πγx) with √(…) = 2√γ sin φ.
    limit += (f(x) * (2 * root * Math.sin(phi)) ** 2) / (2 * Math.PI * gamma * x);
    arc += f(x) / (2 * Math.PI);
  }
  const width = Math.PI / steps;
  return { limit: limit * width, correction: (f((1 - root) ** 2) + f((1 + root) ** 2)) / 4 - arc * width };
}
