/** Figures and spectra that were changed together with every hash: seen where mathematics allows it. */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { measurementPaths, readArrays, verifyRun, type Measurement, type Run } from '../../src/record/index.js';
import { figuresFrom } from '../../src/spectrum/index.js';
import { temporaryFolder } from './fixture.js';
import { forge, measuredRun } from './measured.js';
import { copyOf, file, kinds, ref, second } from './verified.js';

let folder: string;
let run: Run;
beforeAll(async () => {
  folder = await temporaryFolder();
  run = await measuredRun([{}, second], join(folder, 'run'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const copied = (): Promise<Run> => copyOf(run, folder);

describe('a forger who makes every hash fit', () => {
  type Edit = (measurement: Measurement) => void;
  const figures = (m: Measurement) => m.layers['final']!;

  it.each<[string, Edit, string]>([
    ['a figure', (m) => (figures(m)['rankme'] = 9), 'figures'],
    ['the 9th digit of one', (m) => (figures(m)['alpha']! *= 1 + 1e-9), 'figures'],
    ['an error', (m) => (figures(m)['rankme_se']! /= 2), 'figures'],
    ['a replicate', (m) => (m.replicates['final']!.alpha[3] = 1.5), 'figures'],
    ['an absent figure', (m) => (figures(m)['top50'] = 1), 'figures'],
    ['a figure to null', (m) => (figures(m)['stable_rank'] = null), 'figures'],
    ['a figure away', (m) => delete figures(m)['stable_rank'], 'figures'],
    ['a reason away', (m) => delete m.reasons['final']!['top50'], 'figures'],
    ['all replicates away', (m) => delete m.replicates['final'], 'figures'],
    ['a flag away', (m) => (m.flags = m.flags.filter(({ code }) => code !== 'biased')), 'figures'],
    ['a flag there', (m) => m.flags.push({ code: 'no-variance', message: 'x', layer: 'final' }), 'figures'],
    ['the ids of definitions', (m) => (m.definitions.ids[1] = 'alpha'), 'figures'],
    ['the α range', (m) => (m.keyParts['alphaRange'] = [2, 9]), 'figures'],
    ['the number of rows', (m) => (figures(m)['n'] = 4000), 'spectra'],
    ['the size of the corpus', (m) => (m.provenance.corpus!.sequences = 4000), 'spectra'],
    ['the step', (m) => (m.step = 2000), 'run'],
    ['the tokens', (m) => (m.tokens = 1), 'run'],
    ['the weights in the provenance', (m) => (m.provenance.weights!.sha256 = 'b'.repeat(64)), 'hash'],
    ['the weights in the key', (m) => (m.keyParts['weights'] = 'b'.repeat(64)), 'hash'],
    ['one of the weight files', (m) => (m.provenance.weights!.files[0]!.sha256 = 'b'.repeat(64)), 'consistency'],
    ['the precision', (m) => (m.provenance.precision = 'int8'), 'consistency'],
    ['the position', (m) => (m.position = 'mean'), 'consistency'],
    ['a flag of no layer', (m) => m.flags.push({ code: 'note', message: 'x', layer: '9' }), 'consistency'],
  ])('is found out: %s', async (_, edit, code) => {
    const copy = await copied();
    await forge(copy, ref, edit);
    const found = await verifyRun(copy.path);
    expect(found.problems.map((problem) => problem.code)).toContain(code);
    expect(new Set(found.problems.map((problem) => problem.file))).toEqual(new Set([file]));
  });

  /** Forges arrays, and every figure so that it follows from them. */
  async function forgeArrays(change: (arrays: Record<string, Float64Array>) => void): Promise<string[]> {
    const copy = await copied();
    const arrays = Object.fromEntries(
      [...(await readArrays(copy, ref))].map(([name, { data }]) => [
        name.replace('.final', ''),
        (data as Float64Array).slice(),
      ]),
    );
    change(arrays);
    const {
      figures: fitting,
      reasons,
      replicates,
      flags,
    } = figuresFrom(arrays, { alphaRange: [2, 8], errors: 'jackknife' });
    await forge(
      copy,
      ref,
      (m) => {
        m.layers['final'] = { n: 40, d: 12, ...fitting };
        m.reasons['final'] = reasons;
        m.replicates['final'] = replicates!;
        m.flags = flags.map((flag) => ({ ...flag, layer: 'final' }));
      },
      (tensors) => {
        for (const [name, tensor] of tensors) tensor.data.set(arrays[name.replace('.final', '')]!);
      },
    );
    const { problems } = await verifyRun(copy.path);
    expect(problems.every((problem) => problem.code === 'spectra' && problem.file === file)).toBe(true);
    return problems.map(({ message }) => message.replace(/^layer final: /, '').replace(/, got.*| at rank.*/, ''));
  }

  it('and every figure too is found out by what must hold between the spectra', async () => {
    expect(await forgeArrays(() => undefined)).toEqual([]);
    expect(await forgeArrays((a) => (a['eigenvalues']![3]! *= 1 + 1e-6))).toContain(
      'eigenvalues do not sum to the variance of the rows',
    );
    expect(await forgeArrays((a) => (a['eigenvalues_uncentred']![3]! *= 1 + 1e-6))).toContain(
      'eigenvalues_uncentred do not sum to the rows’ mean square',
    );
    // The sum is kept, the place among the others is not.
    const moved = await forgeArrays((a) => {
      const by = a['eigenvalues']![1]! * 0.2;
      a['eigenvalues']![0]! += by;
      a['eigenvalues']![1]! -= by;
    });
    expect(moved).toContain('eigenvalues_without_0 are above those of all rows');
    expect(await forgeArrays((a) => (a['eigenvalues_without_4']![0]! *= 1.5))).toContain(
      'eigenvalues_without_4 are above those of all rows',
    );
    expect(
      await forgeArrays((a) => (a['eigenvalues_without_4'] = a['eigenvalues_without_4']!.map((x) => x / 100))),
    ).toContain('eigenvalues_without_4 are below what 4 rows could take away');
    expect(await forgeArrays((a) => (a['eigenvalues'] = a['eigenvalues']!.slice().reverse()))).toContain(
      'eigenvalues rise',
    );
    expect(await forgeArrays((a) => (a['eigenvalues_odd']![11] = -1))).toContain('eigenvalues_odd are negative');
    expect(await forgeArrays((a) => (a['mean']![0]! += 0.01))).toContain('mean has another norm than sums say');
  });

  it.each([
    ['rows used', 2, 39],
    ['columns', 3, 13],
    ['norm of the mean', 5, 0.5],
    ['sum of norms', 6, 1e3],
    ['sum of squares', 7, 9],
    ['‖Σ x/‖x‖‖²', 8, 1e9],
    ['zero rows', 9, 41],
    ['variance', 10, 9],
    ['fourth powers', 11, 1e-3],
    ['top rows', 12, 1e9],
    ['top rows', 12, 1e-9],
    ['rows of a group', 15, 5],
    ['squares of a group', 25, 9],
    ['NaN', 7, NaN],
  ])('is found out by the sums: %s', async (_, at, value) => {
    const copy = await copied();
    await forge(
      copy,
      ref,
      () => undefined,
      (tensors) => (tensors.get('sums.final')!.data[at] = value),
    );
    const { problems } = await verifyRun(copy.path);
    expect(problems.some(({ code }) => code === 'spectra')).toBe(true);
  });

  it('is not found out where only rows could tell: the likelihood, and dates', async () => {
    const made = await measuredRun([{ nll: { value: 3.5, se: 0.01, tokens: 300 } }]);
    await forge(made, ref, (m) => {
      m.nll!.value = 3.4;
      m.layers['final']!['nll'] = 3.4;
      m.provenance.created = '2024-01-01T00:00:00Z';
    });
    expect(await verifyRun(made.path)).toMatchObject({ sound: true, unchecked: [{ what: 'nll' }] });
    await forge(made, ref, (m) => (m.layers['final']!['nll'] = 3.3));
    expect(await kinds(made.path)).toEqual([`consistency ${file}`]);
  });

  it('sees a name that stands twice, of which readers take different ones', async () => {
    const copy = await copied();
    const { path } = measurementPaths(copy, ref);
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace('"rankme":', '"rankme": 99, "rankme":'));
    expect((await verifyRun(copy.path)).problems).toMatchObject([
      { code: 'form', message: expect.stringContaining('names rankme twice') as string },
    ]);
    expect(await readdir(copy.path)).toContain('geometry');
  });
});
