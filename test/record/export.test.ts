import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  encodeNpyObject,
  encodeTable,
  exportRun,
  listMeasurements,
  openRun,
  tableColumns,
  tableRows,
  writeMeasurement,
  type PythonValue,
  type Run,
  type TableRow,
} from '../../src/record/index.js';
import { powerLaw, publishedSpectrum } from '../../src/record/published.js';
import { draft, layer, temporaryFolder } from './fixture.js';
import { readNpyObject } from './unpickle.js';

const odd = 'a "quoted", comma\nand line';
let run: Run;
let rows: TableRow[];
beforeAll(async () => {
  run = await openRun(await temporaryFolder(), { create: true });
  await writeMeasurement(run, draft({ nll: { value: Math.PI, tokens: 9 } }));
  await writeMeasurement(run, draft({ revision: odd, step: 2, tokens: null, flags: [{ code: 'ünï', message: '' }] }));
  ({ rows } = tableRows(await listMeasurements(run)));
});

async function text(format: string): Promise<string> {
  return Buffer.from((await exportRun(run, { format })).content).toString('utf8');
}

/** RFC 4180, read character by character. */
function parseCsv(csv: string): string[][] {
  const records: string[][] = [[]];
  let field = '';
  let isQuoted = false;
  for (let i = 0; i < csv.length; i++) {
    const c = csv[i]!;
    if (isQuoted && c === '"' && csv[i + 1] === '"') field += csv[++i]!;
    else if (c === '"') isQuoted = !isQuoted;
    else if (!isQuoted && (c === ',' || (c === '\r' && csv[i + 1] === '\n'))) {
      records.at(-1)!.push(field);
      field = '';
      if (c === '\r') {
        i++;
        records.push([]);
      }
    } else field += c;
  }
  return records.slice(0, -1);
}

describe('exportRun', () => {
  it('writes json and jsonl that read back to the rows', async () => {
    expect(rows).toHaveLength(2);
    expect(JSON.parse(await text('json'))).toEqual(rows);
    const lines = (await text('jsonl')).split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(rows);
  });

  it('writes csv by RFC 4180 in full precision, null as an empty field', async () => {
    const [header, ...records] = parseCsv(await text('csv'));
    expect(header).toEqual(Object.keys(tableColumns));
    for (const [at, record] of records.entries()) {
      const back = record.map((value, i) => {
        if (value === '') return null;
        return tableColumns[header![i] as keyof typeof tableColumns] === 'string' ? value : Number(value);
      });
      expect(back).toEqual(Object.values(rows[at]!));
    }
    expect(await text('csv')).toContain('"a ""quoted"", comma\nand line"');
  });

  it('writes parquet with nullable typed columns', async () => {
    const { content } = await exportRun(run, { format: 'parquet' });
    const file = Uint8Array.from(content).buffer;
    const back = await parquetReadObjects({ file });
    const asNumbers = back.map((row) =>
      Object.fromEntries(Object.entries(row).map(([k, v]) => [k, typeof v === 'bigint' ? Number(v) : (v as unknown)])),
    );
    expect(asNumbers).toEqual(rows);
    expect(typeof back[0]!['step']).toBe('bigint');
    const [, ...schema] = parquetMetadata(file).schema;
    expect(schema.map(({ name, type }) => [name, type])).toEqual(
      Object.entries(tableColumns).map(([name, kind]) => [
        name,
        { string: 'BYTE_ARRAY', integer: 'INT64', number: 'DOUBLE' }[kind],
      ]),
    );
    expect(new Set(schema.map((element) => element.repetition_type))).toEqual(new Set(['OPTIONAL']));
    expect(schema.find(({ name }) => name === 'flags')).toMatchObject({ converted_type: 'UTF8' });
  });

  it('writes an empty table in every format', async () => {
    expect(Buffer.from(encodeTable([], 'json')).toString()).toBe('[]\n');
    expect(Buffer.from(encodeTable([], 'jsonl')).toString()).toBe('');
    expect(Buffer.from(encodeTable([], 'csv')).toString()).toBe(`${Object.keys(tableColumns).join(',')}\r\n`);
    const file = Uint8Array.from(encodeTable([], 'parquet')).buffer;
    expect(await parquetReadObjects({ file })).toEqual([]);
    const empty = await openRun(await temporaryFolder(), { create: true });
    expect(readNpyObject((await exportRun(empty, { format: 'npy' })).content)).toEqual(new Map());
  });

  it('refuses formats and tables that it does not have', async () => {
    await expect(exportRun(run, { format: 'parket' })).rejects.toThrow(
      "--format: no such format, got 'parket' (expected parquet, ",
    );
    await expect(exportRun(run, { format: 'csv', table: 'tasks' })).rejects.toThrow(
      "--table: the run holds no such results, got 'tasks' (expected geometry, phases)",
    );
    await expect(exportRun(run, { format: 'csv', table: 'task' })).rejects.toThrow(
      "--table: no such table, got 'task' (expected tasks, ",
    );
  });

  it('leaves damaged measurements out and says so', async () => {
    const other = await openRun(await temporaryFolder(), { create: true });
    const { path } = await writeMeasurement(other, draft());
    await writeFile(path, '{');
    const { content, notes } = await exportRun(other, { format: 'json' });
    expect(Buffer.from(content).toString()).toBe('[]\n');
    expect(notes).toHaveLength(1);
    expect(notes[0]).toContain(`left out: ${path}: is not JSON`);
  });
});

describe('npy', () => {
  // An exact power law: λ_i = 7·i^−1.25 for 300 of 301 ranks (the last is zero, as LayerNorm leaves it).
  const eigenvalues = Float64Array.from({ length: 301 }, (_, i) => (i < 300 ? 7 * (i + 1) ** -1.25 : 0));
  const law = {
    ...layer,
    n: 1000,
    d: 301,
    figures: { rankme: 20, rankme_published: 20.5, alpha: 1.25, r2: 1, r2_100: 0.99 },
    reasons: {},
    arrays: { eigenvalues },
  };

  it('is the published layout: a dict of steps', async () => {
    const other = await openRun(await temporaryFolder(), { create: true });
    await writeMeasurement(other, draft({ layers: { final: law } }));
    await writeMeasurement(other, draft({ revision: 'main', step: null }));
    const { content } = await exportRun(other, { format: 'npy' });
    const dict = readNpyObject(content) as Map<bigint | string, Map<string, PythonValue>>;
    expect([...dict.keys()]).toEqual([1000n, 'main']);
    const step = dict.get(1000n)!;
    expect([...step.keys()]).toEqual([
      ...['step', 'checkpoint', 'layer', 'eigenspectrum', 'rankme', 'alpha', 'ypred', 'r2', 'r2_100', 'definition'],
    ]);
    expect(Object.fromEntries(step)).toMatchObject({
      ...{ step: 1000n, checkpoint: 'step1000', layer: 'final', rankme: 20.5, alpha: 1.25, r2: 1, r2_100: 0.99 },
    });
    const spectrum = step.get('eigenspectrum') as Float64Array;
    expect(spectrum.length).toBe(301);
    expect(spectrum.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
    const ypred = step.get('ypred') as Float64Array;
    for (let i = 0; i < 300; i++) expect(Math.abs(ypred[i]! / spectrum[i]! - 1)).toBeLessThan(1e-12);
    const main = dict.get('main')!;
    expect(main.get('alpha')).toBeNull();
    expect(main.get('ypred')).toBeNull();
    expect(main.get('step')).toBeNull();
    expect((main.get('eigenspectrum') as Float64Array).length).toBe(4);
  });

  it('fits the line with the weights of the definition', () => {
    // ln λ = 1 − 2·ln i, but for rank 12, which lies 0.5 above: c = 1 + 0.5·w₁₂/Σw with weights 1/i over 12..100.
    const spectrum = Float64Array.from({ length: 100 }, (_, i) =>
      Math.exp(1 - 2 * Math.log(i + 1) + (i === 11 ? 0.5 : 0)),
    );
    let weights = 0;
    for (let i = 12; i <= 100; i++) weights += 1 / i;
    expect(powerLaw(spectrum, 2, 12, 100)[0]).toBeCloseTo(Math.exp(1 + 0.5 / 12 / weights), 12);
  });

  it('cuts at 2048 eigenvalues, of the sum of all', async () => {
    const other = await openRun(await temporaryFolder(), { create: true });
    const flat = { ...law, n: 5000, d: 4096, arrays: { eigenvalues: new Float64Array(4096).fill(3) } };
    await writeMeasurement(other, draft({ layers: { '6': flat } }));
    const dict = readNpyObject((await exportRun(other, { format: 'npy' })).content) as Map<
      bigint,
      Map<string, PythonValue>
    >;
    expect(dict.get(1000n)!.get('eigenspectrum')).toEqual(new Float64Array(2048).fill(1 / 4096));
    expect(dict.get(1000n)!.get('layer')).toBe('6');
  });

  it('has no negative rounding, and an empty spectrum where no row was finite', async () => {
    const noise = Float64Array.of(3, 1, -1e-17);
    expect(publishedSpectrum(noise, 10, 4)).toEqual(Float64Array.of(0.75, 0.25, 0, 0));
    const other = await openRun(await temporaryFolder(), { create: true });
    await writeMeasurement(
      other,
      draft({ layers: { final: { ...layer, n: 0, figures: { rankme: null }, arrays: {} } } }),
    );
    const dict = readNpyObject((await exportRun(other, { format: 'npy' })).content) as Map<
      bigint,
      Map<string, PythonValue>
    >;
    expect(dict.get(1000n)!.get('eigenspectrum')).toEqual(new Float64Array());
    expect(dict.get(1000n)!.get('rankme')).toBeNull();
  });

  it('refuses two checkpoints of one step and asks which layer', async () => {
    const other = await openRun(await temporaryFolder(), { create: true });
    await writeMeasurement(other, draft({ layers: { '0': layer, '6': layer } }));
    await expect(exportRun(other, { format: 'npy' })).rejects.toThrow(
      '--format npy: holds one layer, the run has 0, 6 (choose with --layer)',
    );
    await writeMeasurement(other, draft({ stage: 'sft', layers: { '0': layer } }));
    await expect(exportRun(other, { format: 'npy', layer: '0' })).rejects.toThrow(
      'holds one checkpoint a step, got pythia-14m/pretrain/step1000 and pythia-14m/sft/step1000 for 1000',
    );
    const { content } = await exportRun(other, { format: 'npy', layer: '0', stage: 'sft' });
    expect((readNpyObject(content) as Map<bigint, unknown>).size).toBe(1);
  });

  it('keeps every value that it takes', () => {
    const value = new Map<string | bigint, PythonValue>([
      [0n, null],
      [-1n, -(2n ** 63n)],
      [255n, 2n ** 63n - 1n],
      ['ключ 🔑', 'a\nb'],
      ['floats', Float64Array.of(NaN, -0, 5e-324, Infinity)],
      ['none', new Float64Array()],
      ['nested', new Map([['x', 0.1]])],
      ['long', 'x'.repeat(300)],
    ]);
    expect(readNpyObject(encodeNpyObject(value))).toEqual(value);
    expect(() => encodeNpyObject(2n ** 63n)).toThrow('internal: an integer of at most 64 bits is needed');
  });
});
