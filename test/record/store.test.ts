import { createHash } from 'node:crypto';
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { asInputError, stageFile } from '../../src/bytes/index.js';
import {
  addFailure,
  addRequest,
  canonicalJson,
  checkMeasurement,
  findReusable,
  listMeasurements,
  measurementKey,
  measurementPaths,
  openRun,
  readArrays,
  readMeasurement,
  writeMeasurement,
  type Run,
  type Stage,
} from '../../src/record/index.js';
import { draft, hash, keyParts, layer, request, temporaryFolder } from './fixture.js';

const ref = draft();

async function newRun(stage?: Stage): Promise<Run> {
  return openRun(await temporaryFolder(), { create: true, ...(stage ? { stage } : {}) });
}

/** Changes the JSON of the one measurement by hand: the value at a path of keys. */
async function edit(run: Run, keys: string, value: unknown): Promise<void> {
  const { path } = measurementPaths(run, ref);
  const json = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  const names = keys.split('.');
  const last = names.pop()!;
  const owner = names.reduce((object, name) => object[name] as Record<string, unknown>, json);
  owner[last] = value;
  await writeFile(path, JSON.stringify(json));
}

describe('writeMeasurement', () => {
  it('writes what the interface says, where it says', async () => {
    const run = await newRun();
    const { path, arraysPath } = await writeMeasurement(run, draft());
    expect(path).toBe(`${run.path}/geometry/pythia-14m/pretrain/step1000.json`);
    expect(arraysPath).toBe(`${run.path}/geometry/pythia-14m/pretrain/step1000.safetensors`);
    const json = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    expect(json['layers']).toEqual({
      final: {
        n: 10,
        d: 4,
        rankme: 3.3,
        rankme_se: 0.30000000000000004,
        rankme_published: 3.25,
        alpha: null,
        r2: null,
      },
    });
    expect(json).toMatchObject({
      format: 'eigentrace.measurement',
      version: 1,
      reasons: { final: { alpha: '4 positive eigenvalues (expected at least 100)' } },
      replicates: { final: { rankme: [3.1, 3.2], alpha: [null, null] } },
      flags: [{ code: 'small-corpus' }, { code: 'few-rows-dominate', layer: 'final' }],
      nll: null,
      key: measurementKey(keyParts),
      keyParts,
      arrays: { file: 'step1000.safetensors', tensors: ['eigenvalues.final', 'mean.final'] },
    });
    // The two hashes, recomputed from the files with nothing of ours but the list of keys.
    const bytes = await readFile(arraysPath);
    expect(json['arrays']).toMatchObject({
      sha256: createHash('sha256').update(bytes).digest('hex'),
      bytes: bytes.length,
    });
    const covered = [
      ...['arrays', 'definitions', 'flags', 'key', 'layers', 'nll', 'parent', 'position', 'reasons', 'replicates'],
      ...['provenance_hashed', 'revision', 'seed', 'series', 'stage', 'step', 'tokens', 'variant'],
    ].sort();
    const of = { ...json, provenance_hashed: true } as Record<string, unknown>;
    const text = `{${covered.map((key) => `"${key}":${canonicalJson(of[key])}`).join(',')}}`;
    expect(json['figures_sha256']).toBe(createHash('sha256').update(text).digest('hex'));
    expect(await readdir(dirname(path))).toEqual(['step1000.json', 'step1000.safetensors']);
  });

  it('is read back whole, arrays to the last bit', async () => {
    const run = await newRun();
    const written = await writeMeasurement(run, draft());
    expect(await readMeasurement(run, ref)).toEqual(written);
    const arrays = await readArrays(run, ref);
    expect([...arrays.keys()]).toEqual(['eigenvalues.final', 'mean.final']);
    expect(arrays.get('eigenvalues.final')!.data).toEqual(layer.arrays['eigenvalues']);
    expect(arrays.get('mean.final')!.data).toEqual(layer.arrays['mean']);
    await expect(readArrays(run, ref, ['median.final'])).rejects.toThrow(
      'has no tensor median.final (expected one of eigenvalues.final, mean.final, …)',
    );
    expect(await readMeasurement(run, { ...ref, revision: 'step2' })).toBeNull();
  });

  it('shows the likelihood beside the figures of the last layer', async () => {
    const run = await newRun();
    const nll = { value: 3.5, se: 0.01, tokens: 512 };
    const { measurement } = await writeMeasurement(
      run,
      draft({ nll, seed: 'b', parent: 'step10', layers: { '0': layer, final: layer } }),
    );
    expect(measurement).toMatchObject({ nll, seed: 'b', parent: 'step10' });
    expect(measurement.layers['final']).toMatchObject({ nll: 3.5, nll_se: 0.01, rankme: 3.3 });
    expect(measurement.layers['0']).not.toHaveProperty('nll');
  });

  it('says of a null and of a point of a sweep what it is, under the hash; a real one says nothing', async () => {
    const run = await newRun();
    const control = { kind: 'shuffled-tokens', seed: 3 } as const;
    const sweep = { over: 'n', value: 500 } as const;
    const stored = await writeMeasurement(run, draft({ variant: '3fa2c1', control, sweep }));
    expect(stored.measurement).toMatchObject({ control, sweep });
    const plain = await writeMeasurement(run, draft());
    expect(Object.keys(plain.measurement)).not.toEqual(expect.arrayContaining(['control']));
    // A null may not pass for a real measurement, nor the other way round.
    for (const [path, change] of [
      [stored.path, { control: undefined }],
      [plain.path, { control }],
    ] as const) {
      const json = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
      await writeFile(path, JSON.stringify({ ...json, ...change }));
    }
    const { measurements, problems } = await listMeasurements(run);
    expect(measurements).toEqual([]);
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringContaining('figures were changed'),
      expect.stringContaining('figures were changed'),
    ]);
  });

  it('streams rows into the file in chunks of any length', async () => {
    const run = await newRun();
    const rows = Float32Array.from({ length: 40 }, (_, i) => Math.fround(Math.sin(i)));
    const chunks = async function* () {
      for (const [from, to] of [
        [0, 7],
        [7, 7],
        [7, 39],
        [39, 40],
      ]) {
        await sleep(1);
        yield rows.subarray(from, to);
      }
    };
    await writeMeasurement(run, draft(), { features: { final: { n: 10, d: 4, chunks: chunks() } } });
    const features = (await readArrays(run, ref, ['features.final'])).get('features.final')!;
    expect(features).toMatchObject({ dtype: 'F32', shape: [10, 4] });
    expect(features.data).toEqual(rows);
    const short = draft({ revision: 'step2' });
    await expect(
      writeMeasurement(run, short, { features: { final: { n: 11, d: 4, chunks: chunks() } } }),
    ).rejects.toThrow('internal: tensor features.final of shape [11, 4] got 40 elements');
    expect((await listMeasurements(run)).measurements).toHaveLength(1);
  });

  it('takes away the note of an earlier failure', async () => {
    const run = await newRun();
    const failure = { ...{ code: 'input', message: 'truncated', created: '2025-01-02T03:04:05Z' } };
    const { series, stage } = ref;
    for (const revision of ['step1000', 'step2']) {
      await addFailure(run, { series, stage, revision, variant: null, ...failure });
    }
    await writeMeasurement(run, draft());
    expect((await openRun(run.path)).record.failures.map(({ revision }) => revision)).toEqual(['step2']);
  });

  it('refuses numbers that JSON would lose', async () => {
    const run = await newRun();
    const bad = { ...layer, figures: { rankme: NaN } };
    await expect(writeMeasurement(run, draft({ layers: { final: bad } }))).rejects.toThrow('internal: ');
    expect(await readdir(`${run.path}/geometry/pythia-14m/pretrain`)).toEqual([]);
  });
});

describe('a full disk', () => {
  /** Fails as the system does once `room` bytes are written. */
  function quota(room: number): Stage {
    let left = room;
    return (path, content) => {
      const counted = async function* () {
        for await (const chunk of typeof content === 'string' ? [Buffer.from(content)] : content) {
          if ((left -= chunk.byteLength) < 0) {
            throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
          }
          yield chunk;
        }
      };
      return stageFile(path, counted());
    };
  }

  it.each([0, 50, 250, 600, 1500])('with room for %i bytes leaves no trace and keeps what was there', async (room) => {
    const run = await newRun();
    await writeMeasurement(run, draft());
    const before = await readFile(measurementPaths(run, ref).path, 'utf8');
    const full = { ...run, stage: quota(room) };
    const other = draft({ layers: { final: { ...layer, figures: { rankme: 1 } } } });
    for (const attempt of [other, draft({ revision: 'step2' })]) {
      await expect(writeMeasurement(full, attempt)).rejects.toMatchObject({
        code: 'environment',
        message: expect.stringMatching(
          /step\d+\.(json|safetensors): no space left on the disk; nothing of this measurement was kept/,
        ) as string,
      });
    }
    expect(await readFile(measurementPaths(run, ref).path, 'utf8')).toBe(before);
    expect(await readdir(`${run.path}/geometry/pythia-14m/pretrain`)).toEqual([
      'step1000.json',
      'step1000.safetensors',
    ]);
    expect(await checkMeasurement(run, ref)).toEqual([]);
  });

  it('in features that fail half-way too', async () => {
    const run = await newRun();
    const chunks = function* () {
      yield new Float32Array(20);
      throw asInputError('scratch', Object.assign(new Error('x'), { code: 'ENOSPC' }));
    };
    await expect(
      writeMeasurement(run, draft(), { features: { final: { n: 10, d: 4, chunks: chunks() } } }),
    ).rejects.toThrow('no space left on the disk');
    expect(await readdir(`${run.path}/geometry/pythia-14m/pretrain`)).toEqual([]);
  });
});

describe('tampering', () => {
  it.each([
    ['layers.final.rankme', 99, 'figures', 'figures were changed'],
    ['step', 2000, 'figures', 'figures were changed'],
    ['flags', [], 'figures', 'figures were changed'],
    ['keyParts.precision', 'int8', 'key', 'keyParts were changed'],
    ['provenance.weights.sha256', hash('9'), 'weights', "the provenance's weights are not those of the key"],
    ['provenance.seconds.total', 1, 'provenance', 'provenance was changed'],
    ['layers', 3, 'record', 'not a sound measurement, layers: '],
  ])('of %s is seen', async (keys, value, code, message) => {
    const run = await newRun();
    await writeMeasurement(run, draft());
    expect(await checkMeasurement(run, ref)).toEqual([]);
    await edit(run, keys, value);
    const [problem, ...rest] = await checkMeasurement(run, ref);
    expect(rest.map((other) => other.code)).toEqual(code === 'weights' ? ['provenance'] : []);
    expect(problem!.code).toBe(code);
    expect(problem!.message).toContain(`step1000.json: ${message}`);
    const listing = await listMeasurements(run);
    expect(listing.problems).toHaveLength(code === 'figures' || code === 'record' ? 1 : 0);
    expect(listing.measurements).toHaveLength(1 - listing.problems.length);
  });

  it('of the arrays is seen, and their loss', async () => {
    const run = await newRun();
    const { arraysPath } = await writeMeasurement(run, draft());
    const bytes = await readFile(arraysPath);
    bytes[bytes.length - 9]! ^= 1;
    await writeFile(arraysPath, bytes);
    expect(await checkMeasurement(run, ref)).toMatchObject([{ code: 'arrays' }]);
    await expect(readArrays(run, ref)).rejects.toThrow('arrays were changed after they were written');
    expect(await findReusable(run, ref, keyParts)).toMatchObject({ stored: null });
    expect(await findReusable(run, ref, keyParts, { checkArrays: false })).toMatchObject({ note: null });
    await rm(arraysPath);
    expect(await checkMeasurement(run, ref)).toMatchObject([{ message: `${arraysPath}: no such file or folder` }]);
  });

  it('lets keys pass that it does not know', async () => {
    const run = await newRun();
    await writeMeasurement(run, draft());
    await edit(run, 'later', { a: [1] });
    expect(await checkMeasurement(run, ref)).toEqual([]);
    expect((await readMeasurement(run, ref))!.measurement).toMatchObject({ later: { a: [1] } });
  });
});

describe('findReusable', () => {
  it('finds what has the same key', async () => {
    const run = await newRun();
    expect(await findReusable(run, ref, keyParts)).toEqual({ stored: null, note: null, differences: [] });
    const written = await writeMeasurement(run, draft());
    expect(await findReusable(run, ref, { ...keyParts })).toEqual({ stored: written, note: null, differences: [] });
  });

  it('names the parts that differ', async () => {
    const run = await newRun();
    await writeMeasurement(run, draft());
    const wanted = { ...keyParts, filter: { ...keyParts.filter!, maxTokens: 128 }, errors: 'none' };
    expect(await findReusable(run, ref, wanted)).toEqual({
      stored: null,
      note: 'step1000: measured with other options (errors: jackknife → none; filter.maxTokens: 512 → 128)',
      differences: ['errors: jackknife → none', 'filter.maxTokens: 512 → 128'],
    });
  });

  it('asks for the rows where they are wanted', async () => {
    const run = await newRun();
    await writeMeasurement(run, draft());
    expect((await findReusable(run, ref, keyParts, { features: true })).note).toBe(
      'step1000: measured without keeping the rows (saveFeatures: false → true)',
    );
    const chunks = [new Float32Array(40)];
    await writeMeasurement(run, draft(), { features: { final: { n: 10, d: 4, chunks } } });
    expect((await findReusable(run, ref, keyParts, { features: true })).note).toBeNull();
    expect((await findReusable(run, ref, keyParts)).note).toBeNull();
  });

  it('takes a damaged file for absent and never overwrites a newer one', async () => {
    const run = await newRun();
    const { path } = await writeMeasurement(run, draft());
    const whole = await readFile(path, 'utf8');
    for (let length = 0; length < whole.length - 1; length += 97) {
      await writeFile(path, whole.slice(0, length));
      const { stored, note } = await findReusable(run, ref, keyParts);
      expect(stored).toBeNull();
      expect(note).toContain('step1000.json: is not JSON');
    }
    await writeFile(path, whole.replace('"version": 1', '"version": 2'));
    await expect(findReusable(run, ref, keyParts)).rejects.toThrow('made by a newer version of eigentrace');
    await cp(path, measurementPaths(run, { ...ref, revision: 'step2' }).path);
    await writeFile(measurementPaths(run, { ...ref, revision: 'step2' }).path, whole);
    expect((await findReusable(run, { ...ref, revision: 'step2' }, keyParts)).note).toContain(
      'step2.json: was moved or renamed, it holds the measurement of pythia-14m/pretrain/step1000',
    );
  });
});

describe('listMeasurements', () => {
  it('orders by stage as the series does, then by step, and reports what is unsound', async () => {
    const run = await newRun();
    await addRequest(run, request());
    const refs = [
      { stage: 'dpo', revision: 'step10', step: 10 },
      { stage: 'pretrain', revision: 'step1000', step: 1000, variant: 'abc' },
      { stage: 'pretrain', revision: 'step1000', step: 1000 },
      { stage: 'pretrain', revision: 'main', step: null },
      { stage: 'pretrain', revision: 'step20', step: 20 },
      { stage: 'annealing', revision: 'a/B', step: 1 },
      { stage: 'pretrain', revision: 'step3', step: 3, series: 'other' },
    ];
    for (const changes of refs) await writeMeasurement(run, draft(changes));
    await writeFile(`${run.path}/geometry/pythia-14m/pretrain/notes.json`, '[]');
    await writeFile(`${run.path}/geometry/pythia-14m/pretrain/.tmp-1-x`, '{');
    const { measurements, problems } = await listMeasurements(run);
    expect(measurements.map(({ measurement: m }) => [m.series, m.stage, m.revision, m.variant].join(' '))).toEqual([
      'pythia-14m pretrain step20 ',
      'pythia-14m pretrain step1000 ',
      'pythia-14m pretrain step1000 abc',
      'pythia-14m pretrain main ',
      'pythia-14m dpo step10 ',
      'pythia-14m annealing a/B ',
      'other pretrain step3 ',
    ]);
    expect(problems).toHaveLength(1);
    expect(problems[0]!.message).toContain('notes.json: not a sound measurement');
  });

  it('of an empty run is empty', async () => {
    expect(await listMeasurements(await newRun())).toEqual({ measurements: [], problems: [] });
  });
});
