/**
 * Representations made elsewhere, end to end: the rows that `represent` writes give the figures of `trace` on the same
 * model, in every format; what is not known stands as such; resume, missing files and the series behave as with models.
 */
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readSafetensors } from '../../src/bytes/index.js';
import { checkMeasurement, jsonSchemas, type Measurement } from '../../src/record/index.js';
import { openRun } from '../../src/record/index.js';
import { planTrace, represent, trace, traceDefaults, type TraceRequest } from '../../src/trace/index.js';
import { npyBytes, parquetBytes, safetensorsBytes, type Written } from '../features/write.js';
import { eigentrace, filesOf, resultOf, sampleSeries, sample, tableOf, temporary } from './command-line.js';

let folder: string;
let cache: string;
let rows: Written;
let model: TraceRequest;
const base = { sequences: 300, minTokens: 0, maxTokens: 64, threads: 2 };

beforeAll(async () => {
  folder = await temporary();
  cache = join(folder, 'cache');
  vi.stubEnv('EIGENTRACE_CACHE', cache);
  model = {
    ...traceDefaults,
    ...base,
    series: sampleSeries,
    corpus: 'sample:',
    out: join(folder, 'model'),
    revisions: 'step6000',
  };
  const out = join(folder, 'step6000.safetensors');
  const { field, seed, position, layers } = traceDefaults;
  await represent({
    ...{
      checkpoint: join(sample, 'series/step6000'),
      corpus: 'sample:',
      ids: null,
      out,
      rows: null,
      field,
      seed,
      position,
      layers,
    },
    ...base,
  });
  const final = (await readSafetensors(out)).tensors.get('final')!;
  rows = { n: final.shape[0]!, d: final.shape[1]!, values: final.data as Float32Array };
}, 60_000);
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

const from = (features: string, out: string, more: Partial<TraceRequest> = {}): TraceRequest => ({
  ...{
    ...traceDefaults,
    ...base,
    series: null,
    corpus: null,
    features: join(folder, features),
    out: join(folder, out),
  },
  ...more,
});

async function put(name: string, bytes: Uint8Array): Promise<void> {
  const path = join(folder, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, bytes);
}

const measurement = async (path: string): Promise<Measurement> =>
  JSON.parse(await readFile(path, 'utf8')) as Measurement;

describe('the same rows', () => {
  it('give the figures of a trace of the model, from every format', async () => {
    const expected = (await trace(model)).results[0]!;
    expect(expected.state).toBe('measured');
    await put('npy/step6000.npy', npyBytes(rows));
    await put('safetensors/step6000.safetensors', safetensorsBytes(rows));
    await put('parquet/step6000.parquet', parquetBytes(rows, { groups: 128 }));
    for (const ending of ['npy', 'safetensors', 'parquet']) {
      const { results } = await trace(from(`${ending}/{revision}.${ending}`, `run-${ending}`));
      const [result] = results;
      expect([result?.error, result?.state, result?.step]).toEqual([null, 'measured', 6000]);
      for (const [name, value] of Object.entries(expected.layers['final']!)) {
        const found = result!.layers['final']![name];
        if (value === null) expect([name, found]).toEqual([name, null]);
        else expect(Math.abs(found! - value), name).toBeLessThanOrEqual(1e-12 * Math.abs(value));
      }
    }
  }, 60_000);

  it('are recorded with what is known, and what is not', async () => {
    const { results } = await trace(from('npy/{revision}.npy', 'run-npy'));
    expect(results[0]?.state).toBe('reused');
    const stored = await measurement(results[0]!.path!);
    expect(stored.provenance).toMatchObject({
      ...{ weights: null, config_sha256: null, tokenizer_sha256: null, corpus: null, device: null },
      ...{ precision: 'float32 as stored', seconds: { forward: null } },
      features: { files: [{ name: 'step6000.npy', size: rows.n * rows.d * 4 + 128 }], arrays: { final: null } },
    });
    expect(stored.flags[0]).toMatchObject({ code: 'made-elsewhere', message: /corpus and device are not known/ });
    const run = await openRun(join(folder, 'run-npy'));
    expect(run.record.requests[0]).toMatchObject({
      corpus: { name: null, sha256: null, rows: null },
      options: { maxTokens: null },
    });
    expect(await checkMeasurement(run, stored)).toEqual([]);
    const { rows: table } = await tableOf(join(folder, 'run-npy'));
    expect(table).toMatchObject([{ series: 'npy', revision: 'step6000', step: 6000, n: 300, weights_sha256: null }]);
    expect(JSON.stringify(jsonSchemas())).toContain('made elsewhere');
  });

  it('stored as float64 are rounded, and say so', async () => {
    const wide = Buffer.from(Float64Array.from(rows.values).buffer);
    const head = Buffer.from(npyBytes(rows).subarray(0, 128)).toString('latin1').replace('<f4', '<f8');
    await put('wide/step6000.npy', Buffer.concat([Buffer.from(head, 'latin1'), wide]));
    const [result] = (await trace(from('wide/{revision}.npy', 'run-wide', { errors: 'none' }))).results;
    const stored = await measurement(result!.path!);
    expect(stored.provenance.precision).toBe('float64 as stored, rounded to float32');
    const narrow = (await measurement(join(folder, 'run-npy/geometry/npy/pretrain/step6000.json'))).layers['final']!;
    expect(result!.layers['final']!['rankme']).toBe(narrow['rankme']);
  });

  it('rows beyond float32 are left out and flagged', async () => {
    const values = rows.values.slice();
    values[5] = Infinity;
    await put('inf/step1.npy', npyBytes({ ...rows, values }));
    const [result] = (await trace(from('inf/{revision}.npy', 'run-inf', { errors: 'none' }))).results;
    expect(result).toMatchObject({ state: 'measured', n: rows.n - 1 });
    expect(result!.flags).toContain('not-finite');
  });
});

describe('which files', () => {
  it('steps, stages and layers come from names; tokens from the step', async () => {
    for (const name of ['pretrain-10', 'pretrain-9', 'sft-3']) {
      for (const layer of ['final', '6']) await put(`many/${layer}/${name}.npy`, npyBytes(rows));
    }
    const request = from('many/{layer}/{stage}-{step}.npy', 'run-many', {
      layers: 'all',
      tokensPerStep: 1000,
      errors: 'none',
    });
    const { results } = await trace(request);
    expect(
      results.map(({ stage, revision, tokens, layers }) => [stage, revision, tokens, Object.keys(layers)]),
    ).toEqual([
      ['pretrain', 'step9', 9000, ['6', 'final']],
      ['pretrain', 'step10', 10_000, ['6', 'final']],
      ['sft', 'step3', null, ['6', 'final']],
    ]);
  });

  it('a series gives steps and tokens; a missing file fails its checkpoint alone, exit status 3', async () => {
    const series = join(folder, 'series.json');
    const hub = (revision: string, step: number) => ({
      revision,
      step,
      tokens: step * 7,
      hub: `org/model@${revision}`,
    });
    const checkpoints = [hub('first', 1), hub('gone', 2), hub('last', 3)];
    await writeFile(series, JSON.stringify({ name: 'named', stages: [{ name: 'pretrain', checkpoints }] }));
    for (const name of ['first', 'last']) await put(`named/${name}.npy`, npyBytes(rows));
    const options = [
      '--features',
      join(folder, 'named/{revision}.npy'),
      '--out',
      join(folder, 'run-named'),
      '--errors',
      'none',
    ];
    const ended = await eigentrace(['trace', series, ...options, '--json'], cache);
    expect([ended.status, ended.stderr]).toEqual([3, expect.stringMatching(/gone/)]);
    expect(resultOf(ended).results).toMatchObject([
      { revision: 'first', step: 1, tokens: 7, state: 'measured' },
      {
        revision: 'gone',
        state: 'failed',
        error: expect.stringMatching(
          /^checkpoint gone: no file of its representations, looked for \S+named\/gone\.npy/,
        ) as string,
      },
      { revision: 'last', step: 3, tokens: 21, state: 'measured' },
    ]);
    await copyFile(join(folder, 'named/last.npy'), join(folder, 'named/gone.npy'));
    const again = await eigentrace(['trace', series, ...options, '--json'], cache);
    expect(again.status).toBe(0);
    expect(resultOf(again).results.map(({ state }) => state)).toEqual(['reused', 'measured', 'reused']);
  }, 30_000);

  it('a changed file is measured again, an unchanged one not', async () => {
    await put('changed/step1.npy', npyBytes(rows));
    const request = from('changed/{revision}.npy', 'run-changed', { errors: 'none' });
    const first = (await trace(request)).results[0]!;
    const files = await filesOf(join(folder, 'run-changed'));
    expect((await trace(request)).results[0]!.state).toBe('reused');
    expect(await filesOf(join(folder, 'run-changed'))).toEqual(files);
    await put('changed/step1.npy', npyBytes({ ...rows, values: rows.values.map((x, i) => (i % 3 ? x : 2 * x)) }));
    const second = (await trace(request)).results[0]!;
    expect(second.state).toBe('measured');
    expect(second.layers['final']!['rankme']).not.toBe(first.layers['final']!['rankme']);
  });

  it('beside a trace of the model in one RUN, it does not take its place', async () => {
    const { results } = await trace(
      from('npy/{revision}.npy', 'model', { series: sampleSeries, revisions: 'step6000' }),
    );
    expect(results[0]!.path).toMatch(/step6000\.[a-z0-9-]+\.json$/);
  });

  it('a dry run plans without a corpus', async () => {
    const plan = await planTrace(from('npy/{revision}.npy', 'nowhere'));
    expect(plan).toMatchObject({ corpus: null, rows: { n: 300, d: rows.d }, flops: { forward: 0 } });
    const args = [
      'trace',
      '--features',
      join(folder, 'npy/{revision}.npy'),
      '--out',
      join(folder, 'nowhere'),
      '--dry-run',
    ];
    const { status, stdout } = await eigentrace(args, cache);
    expect(status).toBe(0);
    expect(stdout).toMatch(/rows +300 of 128 columns, made elsewhere/);
  }, 30_000);
});

describe('what is refused', () => {
  it.each([
    ['{revison}.npy', /unknown placeholder, got \{revison\} \(nearest: \{revision\}\)/],
    ['{revision}.pt', /names no format that is read \(expected it to end in \.npy, \.npz, \.safetensors, \.parquet\)/],
    ['none/{revision}.npy', /no file matches \(looked for .*none\/\{revision\}\.npy; quote the pattern/],
  ])('%s', async (pattern, message) => {
    await expect(trace(from(pattern, 'refused'))).rejects.toThrow(message);
  });

  it('options that need a model, when they are typed', async () => {
    const args = [
      'trace',
      '--features',
      'x/{revision}.npy',
      '--out',
      join(folder, 'refused'),
      '--nll',
      '--max-tokens',
      '64',
    ];
    const ended = await eigentrace(args, cache, { EIGENTRACE_CORPUS: 'sample:' });
    expect(ended.status).toBe(2);
    expect(ended.stderr).toMatch(/--features: the representations are made already, got --max-tokens, --nll too/);
    await expect(trace(from('x/{revision}.npy', 'refused', { position: 'all' }))).rejects.toThrow(
      /--position: can not be used/,
    );
  });
});
