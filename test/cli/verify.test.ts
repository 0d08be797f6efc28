/** What `eigentrace verify` prints and how it ends. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/cli/run.js';
import type { Verification } from '../../src/record/index.js';
import { importPublished, verifyRun } from '../../src/trace/index.js';
import { world } from './fakes.js';

const golden = 'test/golden/runs/demo';
const file = 'geometry/sample-neox-0.9m/pretrain/step512.json';
let folder: string;
let copy: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eigentrace-verify-'));
  copy = join(folder, 'demo');
  await cp(golden, copy, { recursive: true });
  const text = await readFile(join(copy, file), 'utf8');
  await writeFile(join(copy, file), text.replace('"rankme": 42.68', '"rankme": 62.68'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const typed = async (...argv: string[]) => {
  const context = world({ library: { verifyRun } });
  const status = await run(['verify', ...argv], context, '0.0.0');
  return { status, out: context.stdout.text, err: context.stderr.text };
};

describe('eigentrace verify', () => {
  it('says of a sound run what was recomputed and what could not be, and ends with 0', async () => {
    const { status, out, err } = await typed(golden);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    const lines = out.split('\n');
    expect(lines[0]).toBe(`${golden}: as it was written`);
    expect(lines[1]).toBe('  hashed      20 measurements and 334 KiB of their arrays');
    expect(lines[2]).toBe('  recomputed  980 figures, errors and left-out values of 20 layers from 280 stored spectra');
    expect(await typed(golden, '--quiet')).toEqual({ status: 0, out: '', err: '' });
  });

  it('names the file that was changed, and ends with 4', async () => {
    const { status, out } = await typed(copy);
    expect(status).toBe(4);
    expect(out.split('\n').slice(0, 5)).toEqual([
      file,
      '  figures were changed after they were written, got sha256 ca4a38cf16bc… (expected 3e8706c6dc41…)',
      '  layer final: rankme is 62.68008672311068 (recomputed: 42.68008672311068)',
      '',
      `${copy}: 1 file is not as written`,
    ]);
    const quiet = await typed(copy, '--quiet');
    expect(quiet.status).toBe(4);
    expect(quiet.out).toContain(file);
    const json = await typed(copy, '--json');
    expect(json.status).toBe(4);
    const found = JSON.parse(json.out) as Verification;
    expect(found.problems.map((p) => `${p.code} ${p.file}`)).toEqual([`hash ${file}`, `figures ${file}`]);
  });

  it('has little to say of imported results, and says so', async () => {
    const out = join(folder, 'published');
    await importPublished('test/golden/published/results_tiny.npy', { out, series: null, stage: 'pretrain' });
    const { status, out: text } = await typed(out);
    expect(status).toBe(0);
    expect(text).toContain(
      'unchecked   figures (3 files): imported: the file held no eigenvalues to recompute them from',
    );
  });

  it('says what is no run, and what is missing', async () => {
    expect(await typed(folder)).toMatchObject({ status: 1, out: '' });
    expect((await typed()).err).toContain('RUN: is missing');
  });
});
