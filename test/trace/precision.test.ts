/**
 * `--precision int8`, end to end: the trained sample's figures hardly move, by how much is printed and recorded; a run keeps
 * both precisions apart, and each is reused for itself; rows that are written say what they are.
 */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { readSafetensors } from '../../src/bytes/index.js';
import type { Measurement } from '../../src/record/index.js';
import type { PrecisionCheck } from '../../src/trace/reduced.js';
import { eigentrace, resultOf, sample, temporary } from './command-line.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let folder: string;
let cache: string;
beforeAll(async () => {
  folder = await temporary();
  cache = join(folder, 'cache');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const checkpoint = join(sample, 'series/step6000');
const filter = ['--corpus', 'sample:', '--sequences', '200', '--max-tokens', '48', '--layers', 'final'];

async function traced(out: string, ...options: string[]) {
  const args = ['trace', checkpoint, ...filter, '--errors', 'none', '--nll', '--out', out, '--json', ...options];
  const ended = await eigentrace(args, cache);
  const { status, stderr } = ended;
  expect([status, stderr.includes('error')]).toEqual([0, false]);
  const [row] = resultOf(ended).results;
  return { row: row!, record: JSON.parse(await readFile(row!.path!, 'utf8')) as Measurement, stderr };
}

it('is measured beside float32, with its error', async () => {
  const out = join(folder, 'run');
  const exact = await traced(out);
  const reduced = await traced(out, '--precision', 'int8');
  expect(reduced.row.state).toBe('measured');
  expect(reduced.row.path).not.toBe(exact.row.path);
  expect([exact.record, reduced.record].map(({ provenance, key }) => [provenance.precision, key])).toEqual([
    ['float32', exact.record.key],
    ['int8', reduced.record.key],
  ]);
  expect(reduced.record.key).not.toBe(exact.record.key);
  expect(exact.record.provenance['precision_check']).toBeUndefined();

  // The states of the sample's last checkpoint move by 2.4 % (docs/precision.md), its figures far less.
  const check = reduced.record.provenance['precision_check'] as PrecisionCheck;
  expect(check.sequences).toBe(16);
  expect(check.layers['final']!.state_error).toBeGreaterThan(0.015);
  expect(check.layers['final']!.state_error).toBeLessThan(0.035);
  for (const [name, bound] of Object.entries({ rankme: 0.01, alpha: 0.01, nll: 0.001 })) {
    const moved = reduced.record.layers['final']![name]! / exact.record.layers['final']![name]! - 1;
    expect(Math.abs(moved)).toBeLessThan(bound);
    expect(moved).not.toBe(0);
  }
  const flags = reduced.record.flags.filter(({ code }) => code === 'reduced-precision');
  expect(flags.map(({ message }) => message)).toEqual([
    expect.stringMatching(
      /^products in int8: states differ from float32 by \d\.\d % of their spread, .* \(16 sequences run both ways\)$/,
    ),
  ]);
  expect(reduced.stderr).toContain(`checkpoint step6000: ${flags[0]!.message}`);

  // Each is found again, and only for its own precision.
  for (const [options, found] of [
    [[], exact],
    [['--precision', 'int8'], reduced],
  ] as const) {
    const again = await traced(out, ...options);
    expect([again.row.state, again.row.path]).toEqual(['reused', found.row.path]);
  }
  const { status } = await eigentrace(['verify', out], cache);
  expect(status).toBe(0);
  // Nothing of the rounded weights stays.
  expect(await readdir(join(cache, 'weights'))).toEqual([]);
});

it('writes rows that say what they are', async () => {
  const rows = async (precision: string) => {
    const out = join(folder, `${precision}.safetensors`);
    const args = ['represent', checkpoint, ...filter, '--precision', precision, '--out', out];
    const { status, stderr } = await eigentrace(args, cache);
    expect(status).toBe(0);
    const { tensors, metadata } = await readSafetensors(out);
    return { rows: tensors.get('final')!.data as Float32Array, metadata, stderr };
  };
  const [exact, reduced] = [await rows('float32'), await rows('int8')];
  expect(exact.metadata).not.toHaveProperty('precision');
  expect(reduced.metadata['precision']).toBe('int8');
  const check = JSON.parse(reduced.metadata['precision_check']!) as PrecisionCheck;
  expect(reduced.stderr).toContain('products in int8: states differ from float32 by');
  let [difference, spread] = [0, 0];
  const mean = new Float64Array(256);
  exact.rows.forEach((value, i) => (mean[i % 256]! += value / 200));
  exact.rows.forEach((value, i) => {
    difference += (reduced.rows[i]! - value) ** 2;
    spread += (value - mean[i % 256]!) ** 2;
  });
  // Of all rows, against that of the 16 that were run both ways.
  const error = Math.sqrt(difference / spread);
  expect(error / check.layers['final']!.state_error!).toBeGreaterThan(0.7);
  expect(error / check.layers['final']!.state_error!).toBeLessThan(1.4);
});

it("is the CPU's", async () => {
  const args = [
    'trace',
    checkpoint,
    ...filter,
    '--out',
    join(folder, 'none'),
    '--precision',
    'int8',
    '--device',
    'cuda',
  ];
  const { status, stderr } = await eigentrace(args, cache);
  expect([status, stderr]).toEqual([
    2,
    "eigentrace: --precision: is the CPU's, got int8 with --device cuda (expected float32, or --device cpu)\n",
  ]);
});
