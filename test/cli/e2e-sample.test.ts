/**
 * The main road, from the command line to the numbers: the bundled sample series against figures that Python made
 * (transformers and NumPy), then everything that a second look at the same RUN must keep, reuse and say.
 */
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Measurement } from '../../src/record/index.js';
import type { TracePlan, TraceResult } from '../../src/trace/index.js';
import { golden } from '../golden/checkpoint.js';
import { readNpyObject } from '../record/unpickle.js';
import {
  eigentrace,
  family,
  filesOf,
  resultOf,
  sampleSeries,
  start,
  temporary,
  type Ended,
} from '../trace/command-line.js';

interface Golden {
  revision: string;
  stage: string;
  step: number;
  n: number;
  d: number;
  rankme: number;
  alpha: number;
  r2: number;
  r2_13_118: number;
  top_share: number;
  nll_per_token: number;
}

/** The interface's own line. */
const columns =
  'series, stage, revision, step, tokens, layer, position, n, d, rankme, rankme_se, rankme_extrapolated, rankme_published, alpha, alpha_se, r2, r2_100, participation_ratio, participation_ratio_unbiased, stable_rank, top1, top10, top50, top100, alpha_1_10, alpha_10_100, alpha_100_1000, mean_norm, mean_cosine, nll, definition, flags, weights_sha256, commit, seconds';

const setting = ['--corpus', 'sample:', '--min-tokens', '0', '--max-tokens', '128'];
const traced = (run: string, ...more: string[]) => [
  ...['trace', sampleSeries, ...setting, '--sequences', '1500', '--out', run],
  ...more,
];
const hasProc = process.platform === 'linux';

// Whole runs: seconds on an idle machine, minutes beside other work.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 600_000 });

let folder: string;
let cache: string;
/** The RUN of the whole series; tests that change it take a copy. */
let run: string;
let first: Ended;
let result: TraceResult;
/** Resident bytes of the process and its child, with how many checkpoints were done by then. */
const memory: { done: number; bytes: number }[] = [];
let expected: Golden[];

beforeAll(async () => {
  folder = await temporary();
  cache = join(folder, 'cache');
  run = join(folder, 'run');
  const metrics = JSON.parse(await readFile(golden('sample/metrics.json'), 'utf8')) as { revisions: Golden[] };
  expected = metrics.revisions;
  const started = start(traced(run, '--json'), cache);
  const timer = setInterval(() => {
    const done = started.stderr().split(/ tok +RankMe /).length - 1;
    void family(started.pid).then((members) => {
      memory.push({ done, bytes: members.reduce((sum, { resident }) => sum + resident, 0) });
    });
  }, 200);
  first = await started.ended;
  clearInterval(timer);
  expect(first.status, first.stderr).toBe(0);
  result = resultOf(first);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function measurementAt(path: string): Promise<Measurement> {
  return JSON.parse(await readFile(path, 'utf8')) as Measurement;
}

/** A copy of the run to change, and a way to trace into it that counts the processes started. */
async function copied(name: string) {
  const path = join(folder, name);
  await cp(run, path, { recursive: true, preserveTimestamps: true });
  const spyFile = join(folder, `${name}.spy`);
  const spy = pathToFileURL(golden('../trace/spy.mjs')).href;
  const again = async (...more: string[]) => {
    const ended = await eigentrace(traced(path, ...more), cache, {
      NODE_OPTIONS: `--import ${spy}`,
      SPY_FILE: spyFile,
    });
    return { ended, processes: Number(await readFile(spyFile, 'utf8')) };
  };
  return { path, again };
}

describe('the sample series, traced', () => {
  it('has the figures of the reference at every checkpoint', () => {
    expect(expected).toHaveLength(20);
    expect(result.results.map(({ stage, revision, step }) => ({ stage, revision, step }))).toEqual(
      expected.map(({ stage, revision, step }) => ({ stage, revision, step })),
    );
    for (const [i, want] of expected.entries()) {
      const { layers, n, d, state } = result.results[i]!;
      const got = layers['final'] as Record<string, number>;
      const place = `${want.stage}/${want.revision}`;
      expect({ n, d, state }, place).toEqual({ n: want.n, d: want.d, state: 'measured' });
      expect(Math.abs(got['rankme']! / want.rankme - 1), `RankMe of ${place}`).toBeLessThan(1e-5);
      expect(Math.abs(got['alpha']! - want.alpha), `alpha of ${place}`).toBeLessThan(1e-5);
      expect(Math.abs(got['r2_100']! - want.r2), `r2_100 of ${place}`).toBeLessThan(1e-5);
      expect(Math.abs(got['r2']! - want.r2_13_118), `r2 of ${place}`).toBeLessThan(1e-5);
      expect(Math.abs(got['top1']! - want.top_share), `top1 of ${place}`).toBeLessThan(1e-5);
    }
  });

  it('has standard errors from ten replicates, and full provenance', async () => {
    for (const { path } of result.results) {
      const { layers, replicates, provenance, nll } = await measurementAt(path!);
      const got = layers['final'] as Record<string, number>;
      const { rankme, alpha } = replicates['final'] as { rankme: number[]; alpha: number[] };
      for (const [name, values] of Object.entries({ rankme, alpha })) {
        expect(values).toHaveLength(10);
        // Delete-a-group jackknife: (K − 1)/K Σ (θ_k − mean)².
        const mean = values.reduce((a, b) => a + b) / 10;
        const se = Math.sqrt(0.9 * values.reduce((sum, value) => sum + (value - mean) ** 2, 0));
        expect(got[`${name}_se`], `${name}_se of ${path!}`).toBeCloseTo(se, 9);
        expect(se).toBeGreaterThan(0);
      }
      expect(nll).toBeNull();
      expect(provenance.corpus).toMatchObject({ sequences: 1500, min_tokens: 0, max_tokens: 128 });
      expect(provenance.model).toEqual({ architecture: 'gpt_neox', parameters: 857_216, non_embedding: 595_072 });
      expect(Object.keys(provenance.versions)).toEqual(['eigentrace', 'node', 'unicode', 'onnxruntime']);
    }
  });

  it('keeps stages, steps and tokens of series.json, and the rows used, in run.json', async () => {
    const record = JSON.parse(await readFile(join(run, 'run.json'), 'utf8')) as {
      requests: {
        variant: null;
        series: { name: string; stages: { name: string; checkpoints: object[] }[] };
        corpus: { rows: number[] };
      }[];
      failures: unknown[];
    };
    expect(record.failures).toEqual([]);
    expect(record.requests).toHaveLength(1);
    const [{ variant, series, corpus }] = record.requests as [(typeof record.requests)[number]];
    expect({ variant, name: series.name }).toEqual({ variant: null, name: 'sample-neox-0.9m' });
    expect(series.stages.map(({ name, checkpoints }) => [name, checkpoints.length])).toEqual([
      ['pretrain', 15],
      ['sft', 2],
      ['dpo', 1],
      ['rlvr', 2],
    ]);
    expect(series.stages[0]!.checkpoints.at(-1)).toMatchObject({
      revision: 'step6000',
      step: 6000,
      tokens: 24_576_000,
    });
    expect(corpus.rows).toEqual(Array.from({ length: 1500 }, (_, i) => i));
  });

  it('prints nothing but JSON on stdout, and one plain line a checkpoint on stderr', () => {
    // resultOf parsed the whole of stdout.
    expect(first.stdout.startsWith('{') && first.stdout.endsWith('}\n')).toBe(true);
    expect(result).toMatchObject({ run, interrupted: false });
    const lines = first.stderr.trimEnd().split('\n');
    const told = lines.filter((line) => / tok +RankMe /.test(line));
    expect(told.map((line) => line.split(/\s+/)[0])).toEqual(expected.map(({ revision }) => revision));
    expect(told[19]).toMatch(/^rlvr-step160 +1\.43M tok +RankMe 63\.7 ±1\.1 +α 0\.870 ±\.008 /);
    expect(lines.at(-1)).toMatch(/^20 checkpoints: 20 measured, 0 reused, 0 failed; /);
    // eslint-disable-next-line no-control-regex
    expect(first.stderr).not.toMatch(/[\x1b\r]/);
  });

  it.runIf(hasProc)('takes no more memory for the last five checkpoints than for the first five', () => {
    const peak = (from: number, to: number) => {
      const samples = memory.filter(({ done }) => done >= from && done < to);
      expect(samples.length, `samples of checkpoints ${from} to ${to}`).toBeGreaterThan(5);
      return Math.max(...samples.map(({ bytes }) => bytes));
    };
    expect(peak(15, 20)).toBeLessThan(1.3 * peak(0, 5));
  });
});

describe('the likelihood', () => {
  it('is that of the reference at every checkpoint', async () => {
    const more = ['--sequences', '300', '--nll', '--errors', 'none', '--json', '--out', join(folder, 'nll')];
    const ended = await eigentrace(['trace', sampleSeries, ...setting, ...more], cache);
    expect(ended.status, ended.stderr).toBe(0);
    const { results } = resultOf(ended);
    expect(results).toHaveLength(20);
    for (const [i, want] of expected.entries()) {
      const { nll, layers, replicates } = await measurementAt(results[i]!.path!);
      expect(Math.abs(nll!.value! - want.nll_per_token), `nll of ${want.revision}`).toBeLessThan(1e-5);
      expect(layers['final']).toMatchObject({ nll: nll!.value, n: 300, rankme_se: null });
      expect(replicates).toEqual({});
    }
  });
});

describe('a second trace of the same RUN', () => {
  it('reuses everything: no process started, nothing written', async () => {
    const { path, again } = await copied('reused');
    const before = await filesOf(path);
    expect(Object.keys(before)).toHaveLength(41);
    const { ended, processes } = await again('--json');
    expect(ended.status, ended.stderr).toBe(0);
    expect(resultOf(ended).results.map(({ state }) => state)).toEqual(Array<string>(20).fill('reused'));
    expect(processes).toBe(0);
    expect(await filesOf(path)).toEqual(before);
    // Two seconds on an idle machine; the tests beside this one take theirs.
    expect(ended.seconds).toBeLessThan(6);
    const figures = (of: TraceResult) => of.results.map(({ layers, flags, n, d }) => ({ layers, flags, n, d }));
    expect(figures(resultOf(ended))).toEqual(figures(result));
  });

  it('recomputes a deleted measurement alone, to the same bits', async () => {
    const { path, again } = await copied('deleted');
    const stem = join(path, 'geometry/sample-neox-0.9m/pretrain/step64');
    const old = await measurementAt(`${stem}.json`);
    const oldArrays = await readFile(`${stem}.safetensors`);
    await rm(`${stem}.json`);
    await rm(`${stem}.safetensors`);
    const before = await filesOf(path);
    const { ended, processes } = await again('--json');
    expect(ended.status, ended.stderr).toBe(0);
    const measured = resultOf(ended).results.filter(({ state }) => state !== 'reused');
    expect(measured).toMatchObject([{ revision: 'step64', state: 'measured' }]);
    expect(processes).toBe(1);
    expect(await filesOf(path)).toMatchObject(before);
    expect((await measurementAt(`${stem}.json`)).figures_sha256).toBe(old.figures_sha256);
    expect((await readFile(`${stem}.safetensors`)).equals(oldArrays)).toBe(true);
  });

  it('measures again what has lost its arrays or whose figures were edited, and says why', async () => {
    const { path, again } = await copied('damaged');
    const stem = (revision: string) => join(path, 'geometry/sample-neox-0.9m/sft', revision);
    await rm(`${stem('sft-step20')}.safetensors`);
    const edited = await readFile(`${stem('sft-step50')}.json`, 'utf8');
    await cp(`${stem('sft-step50')}.json`, join(folder, 'good.json'));
    await writeFile(`${stem('sft-step50')}.json`, edited.replace(/"rankme": 63\.\d+/, '"rankme": 64.5'));
    const { ended } = await again('--json', '--revisions', 'sft-*');
    expect(ended.status, ended.stderr).toBe(0);
    expect(resultOf(ended).results.map(({ revision, state }) => [revision, state])).toEqual([
      ['sft-step20', 'measured'],
      ['sft-step50', 'measured'],
    ]);
    expect(ended.stderr).toMatch(/sft-step20\.safetensors: no such file.*; measuring again/);
    expect(ended.stderr).toMatch(/sft-step50\.json: figures were changed after they were written, .*; measuring again/);
    const good = await measurementAt(join(folder, 'good.json'));
    expect((await measurementAt(`${stem('sft-step50')}.json`)).figures_sha256).toBe(good.figures_sha256);
  });

  it('says which option differs, and measures anew only what was asked for', async () => {
    const { path, again } = await copied('changed');
    const more = ['--max-tokens', '64', '--revisions', 'step0,step1', '--errors', 'none', '--json'];
    const planned = await again(...more, '--dry-run');
    expect(planned.ended.status, planned.ended.stderr).toBe(0);
    const plan = JSON.parse(planned.ended.stdout) as TracePlan;
    expect(plan.differences).toContain('filter.maxTokens: 128 → 64');
    expect(plan.differences).toContain('errors: jackknife → none');
    expect(plan.differences.filter((line) => !/^(corpus|filter\.maxTokens|errors): /.test(line))).toEqual([]);
    const before = await filesOf(path);
    const { ended } = await again(...more);
    expect(ended.status, ended.stderr).toBe(0);
    expect(ended.stderr).toContain('filter.maxTokens: 128 → 64');
    expect(resultOf(ended).results.map(({ revision, state }) => [revision, state])).toEqual([
      ['step0', 'measured'],
      ['step1', 'measured'],
    ]);
    const after = await filesOf(path);
    const rewritten = Object.keys(before).filter((name) => after[name] !== before[name]);
    const stem = 'geometry/sample-neox-0.9m/pretrain';
    const pairs = ['step0', 'step1'].flatMap((name) => [`${stem}/${name}.json`, `${stem}/${name}.safetensors`]);
    expect(rewritten.sort()).toEqual([...pairs, 'run.json'].sort());
    expect(Object.keys(after)).toHaveLength(41);
  });

  it('plans reuse in --dry-run, and writes nothing', async () => {
    const { path, again } = await copied('planned');
    await rm(join(path, 'geometry/sample-neox-0.9m/dpo'), { recursive: true });
    const before = await filesOf(path);
    const { ended } = await again('--dry-run', '--json');
    expect(ended.status, ended.stderr).toBe(0);
    const plan = JSON.parse(ended.stdout) as TracePlan;
    expect(plan.checkpoints.filter(({ reused }) => !reused)).toMatchObject([{ revision: 'dpo-step42', problem: null }]);
    expect(plan).toMatchObject({ corpus: { asked: 1500, found: 1500, tokens: 132_347 }, differences: [] });
    expect(plan.bytesToRead).toBe(plan.checkpoints[0]!.bytes);
    expect(plan.seconds).toBeGreaterThan(0);
    expect(await filesOf(path)).toEqual(before);

    const whole = await eigentrace(traced(run, '--dry-run'), cache);
    expect(whole.stdout).toContain('0 to measure, 20 reused, 0 with problems');
    expect(whole.stdout).toContain('nothing left to do');
    const elsewhere = join(folder, 'nowhere');
    expect((await eigentrace(traced(elsewhere, '--dry-run', '--revisions', 'step0'), cache)).status).toBe(0);
    await expect(filesOf(elsewhere)).rejects.toThrow('ENOENT');
  });
});

describe('export', () => {
  const exported = (format: string, out: string) =>
    eigentrace(['export', run, '--format', format, '--out', out], cache);

  it('writes the columns of the interface in every format, with full precision', async () => {
    const out = (ending: string) => join(folder, `table.${ending}`);
    const ends = await Promise.all(['csv', 'json', 'jsonl', 'parquet'].map((format) => exported(format, out(format))));
    expect(ends.map(({ status }) => status)).toEqual([0, 0, 0, 0]);

    type Row = Record<string, string | number | null>;
    const rows = JSON.parse(await readFile(out('json'), 'utf8')) as Row[];
    expect(rows).toHaveLength(20);
    for (const [i, row] of rows.entries()) {
      expect(Object.keys(row).join(', ')).toBe(columns);
      const { layers, stage, revision } = result.results[i]!;
      expect(row).toMatchObject({ stage, revision, layer: 'final', position: 'last', nll: null });
      for (const name of ['rankme', 'rankme_se', 'alpha', 'alpha_se', 'r2', 'participation_ratio']) {
        expect(row[name], `${name} of ${revision}`).toBe(layers['final']![name]);
      }
    }
    const lines = (await readFile(out('jsonl'), 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as Row)).toEqual(rows);

    const [head, ...body] = (await readFile(out('csv'), 'utf8')).trimEnd().split('\r\n');
    expect(head).toBe(columns.replaceAll(', ', ','));
    expect(body).toHaveLength(20);
    const at = columns.split(', ').indexOf('rankme');
    expect(body.map((line) => Number(line.split(',')[at]))).toEqual(rows.map((row) => row['rankme']));

    const { buffer } = new Uint8Array(await readFile(out('parquet')));
    const read = (await parquetReadObjects({ file: buffer })) as Record<string, unknown>[];
    const plain = read.map((row) =>
      Object.fromEntries(Object.entries(row).map(([k, v]) => [k, typeof v === 'bigint' ? Number(v) : v])),
    );
    expect(plain).toEqual(rows);
  });

  it("writes the published code's layout: a dict by step, with the eigenvalues", async () => {
    const out = join(folder, 'table.npy');
    expect((await exported('npy', out)).status).toBe(0);
    type Step = Map<string, number | string | Float64Array>;
    const steps = readNpyObject(await readFile(out)) as Map<bigint, Step>;
    expect([...steps.keys()]).toEqual(expected.map(({ step }) => BigInt(step)));
    for (const { step, top_share, r2 } of expected) {
      const of = steps.get(BigInt(step))!;
      const spectrum = of.get('eigenspectrum') as Float64Array;
      expect(spectrum).toHaveLength(128);
      expect(spectrum[0]).toBeCloseTo(top_share, 5);
      expect(spectrum.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
      expect(of.get('r2_100')).toBeCloseTo(r2, 5);
    }
  });
});
