/** The published code's results as a run: figures as in the file, all else null with reasons; NumPy 1 and 2; attacks. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { kindOf, NpyArray, readNpyObject } from '../../src/bytes/index.js';
import { EigentraceError } from '../../src/errors.js';
import {
  checkMeasurement,
  exportRun,
  listMeasurements,
  openRun,
  readArrays,
  tableRows,
  writeMeasurement,
} from '../../src/record/index.js';
import { importPublished } from '../../src/trace/index.js';
import { golden } from '../golden/checkpoint.js';
import { draft } from '../record/fixture.js';

const folder = golden('published');
const files = ['results_tiny.npy', 'results_tiny_numpy1.npy'];

async function temporary(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'eigentrace-import-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

const imported = async (name: string, changes: { series?: string; out?: string } = {}) => {
  const out = changes.out ?? `${await temporary()}/run`;
  return importPublished(`${folder}/${name}`, { out, series: changes.series ?? 'tiny', stage: 'pretrain' });
};

describe.each(files)('%s', (name) => {
  it('is a run of what it holds', async () => {
    const result = await imported(name);
    expect(result.revisions).toEqual(['step0', 'step512', 'main']);
    const run = await openRun(result.out);
    const listing = await listMeasurements(run);
    expect(listing.problems).toEqual([]);
    const { rows } = tableRows(listing);
    // make_published.py prints what NumPy reads.
    expect(
      rows.map(({ revision, step, rankme_published, alpha, r2 }) => [revision, step, rankme_published, alpha, r2]),
    ).toEqual([
      ['step0', 0, 3.125, 1.25, 0.5],
      ['step512', 512, 4.125, 1.25, 0.5],
      ['main', null, 3.5, null, null],
    ]);
    for (const row of rows) {
      expect(row).toMatchObject({
        n: null,
        d: null,
        rankme: null,
        mean_norm: null,
        weights_sha256: null,
        seconds: null,
      });
      expect(row).toMatchObject({ layer: 'final', position: 'unknown', tokens: null });
    }
    expect(rows[0]!.flags).toContain('imported; ');
    expect(rows[0]!.flags).toContain('not in the imported file');
    expect(rows[0]!.flags).toContain('r2_100: null or not finite in the imported file');
    const [first] = listing.measurements;
    expect(first!.measurement.provenance).toMatchObject({
      imported: { file: name, sha256: result.sha256 },
      ...{ weights: null, corpus: null, precision: null, device: null },
    });
    expect(await checkMeasurement(run, first!.measurement)).toEqual([]);
    const arrays = await readArrays(run, first!.measurement);
    expect([...arrays.keys()]).toEqual(['eigenspectrum.final', 'ypred.final']);
    const spectrum = arrays.get('eigenspectrum.final')!.data as Float64Array;
    expect([...spectrum]).toEqual([
      0.27930137171096653, 0.26980646568760325, 0.1737632888192545, 0.14628979020267585, 0.1077120588153964,
      0.023127024764103412,
    ]);
    expect([...(arrays.get('ypred.final')!.data as Float64Array)][2]).toBe(Math.fround(1 / 3));
  });

  it('comes back the same when the run is exported and imported again', async () => {
    const { out } = await imported(name);
    const { content } = await exportRun(await openRun(out), { format: 'npy', table: 'geometry' });
    const path = `${await temporary()}/results_again.npy`;
    await writeFile(path, content);
    const again = await importPublished(path, { out: `${await temporary()}/run`, series: null, stage: 'pretrain' });
    expect(again.series).toBe('again');
    const figures = async (at: string) =>
      (await listMeasurements(await openRun(at))).measurements.map(({ measurement }) => measurement.layers['final']);
    expect(await figures(again.out)).toEqual(await figures(out));
  });
});

describe('an import', () => {
  it('is done once, and never replaces what was measured', async () => {
    const { out } = await imported(files[0]!);
    const [before] = (await listMeasurements(await openRun(out))).measurements;
    await imported(files[0]!, { out });
    const [after] = (await listMeasurements(await openRun(out))).measurements;
    expect(after!.measurement.provenance.created).toBe(before!.measurement.provenance.created);
    await imported(files[1]!, { out });
    const run = await openRun(out);
    expect((await listMeasurements(run)).measurements).toHaveLength(3);
    await writeMeasurement(run, draft({ series: 'mine', revision: 'step512', step: 512 }));
    await expect(imported(files[0]!, { out, series: 'mine' })).rejects.toThrow(
      `${out}: holds a measurement of mine/pretrain/step512, which an import would replace (choose another --name)`,
    );
  });

  it.each([
    [
      'attack.npy',
      'refuses to run posix.system (expected numbers, strings, dicts and arrays of numbers); nothing was run',
    ],
    ['make_published.py', 'not a .npy file'],
    ['missing.npy', 'no such file'],
  ])('of %s is refused, and leaves no run', async (name, message) => {
    const out = `${await temporary()}/run`;
    await expect(imported(name, { out })).rejects.toThrow(message);
    expect(await kindOf(out)).toBeNull();
    expect(await kindOf('pwned')).toBeNull();
  });
});

it('any damage to the file: the right form or an error of ours', async () => {
  const whole = await readFile(`${folder}/${files[0]!}`);
  expect(readNpyObject(whole, 'f.npy')).toBeInstanceOf(Map);
  const damage = fc.record({ at: fc.nat(whole.length - 1), value: fc.nat(255) });
  fc.assert(
    fc.property(damage, fc.constantFrom('flip', 'cut', 'lengthen'), ({ at, value }, how) => {
      const bytes = Buffer.from(how === 'cut' ? whole.subarray(0, at) : whole);
      if (how === 'flip') bytes[at] = value;
      try {
        const found = readNpyObject(how === 'lengthen' ? Buffer.concat([bytes, Buffer.of(value)]) : bytes, 'f.npy');
        expect(how).toBe('flip');
        if (found instanceof NpyArray) expect(found.values.length).toBeLessThan(whole.length);
      } catch (error) {
        if (!(error instanceof EigentraceError)) throw error;
        expect(error.message).toMatch(/^f\.npy: /);
      }
    }),
    { numRuns: 1500 },
  );
});
