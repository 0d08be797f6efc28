import { beforeAll, describe, expect, it } from 'vitest';
import {
  addRequest,
  listMeasurements,
  openRun,
  tableColumns,
  tableRows,
  writeMeasurement,
  type Run,
  type TableOptions,
} from '../../src/record/index.js';
import { draft, hash, keyParts, layer, request, temporaryFolder } from './fixture.js';

/** The interface's own line. */
const columns =
  'series, stage, revision, step, tokens, layer, position, n, d, rankme, rankme_se, rankme_extrapolated, rankme_published, alpha, alpha_se, r2, r2_100, participation_ratio, participation_ratio_unbiased, stable_rank, top1, top10, top50, top100, alpha_1_10, alpha_10_100, alpha_100_1000, mean_norm, mean_cosine, nll, definition, flags, weights_sha256, commit, seconds';

let run: Run;
beforeAll(async () => {
  run = await openRun(await temporaryFolder(), { create: true });
  await addRequest(run, request());
  const layers = { final: layer, '10': layer, '2': layer };
  await writeMeasurement(run, draft({ stage: 'dpo', revision: 'step10', step: 10 }));
  await writeMeasurement(run, draft({ nll: { value: 3.5, tokens: 512 } }));
  await writeMeasurement(
    run,
    draft({ variant: 'layers', layers, keyParts: { ...keyParts, layers: ['2', '10', 'final'] } }),
  );
  await writeMeasurement(
    run,
    draft({ variant: 'mean', position: 'mean', keyParts: { ...keyParts, position: 'mean' } }),
  );
  const control = { ...keyParts, control: 'random', position: 'mean' };
  await writeMeasurement(run, draft({ variant: 'control', position: 'mean', keyParts: control }));
});

async function rows(options: TableOptions = {}) {
  return tableRows(await listMeasurements(run), options);
}

describe('tableRows', () => {
  it('has the columns of the interface in its order', async () => {
    expect(Object.keys(tableColumns).join(', ')).toBe(columns);
    const { rows: all } = await rows();
    for (const row of all) expect(Object.keys(row).join(', ')).toBe(columns);
  });

  it('has one row a checkpoint × layer × position, in order', async () => {
    const { rows: all, notes } = await rows();
    expect(all.map((r) => [r.stage, r.revision, r.position, r.layer].join(' '))).toEqual([
      'pretrain step1000 last final',
      'pretrain step1000 last 2',
      'pretrain step1000 last 10',
      'pretrain step1000 mean final',
      'dpo step10 last final',
    ]);
    expect(notes).toEqual(['left out: variants of the main request, control (--variant shows one)']);
  });

  it('holds the figures as they are, null with the reason where there is none', async () => {
    const { rows: all } = await rows({ stage: 'pretrain', layer: 'final' });
    expect(all[0]).toEqual({
      ...Object.fromEntries(columns.split(', ').map((name) => [name, null])),
      ...{ series: 'pythia-14m', stage: 'pretrain', revision: 'step1000', step: 1000, tokens: 2_097_152_000 },
      ...{ layer: 'final', position: 'last', n: 10, d: 4, rankme: 3.3, rankme_se: 0.30000000000000004 },
      ...{
        rankme_published: 3.25,
        nll: 3.5,
        definition: 'rankme; alpha[12-100]',
        weights_sha256: hash('a'),
        seconds: 2,
      },
      flags:
        'small-corpus; few-rows-dominate; rankme_extrapolated, r2_100, participation_ratio, ' +
        'participation_ratio_unbiased, stable_rank, top1, top10, top50, top100, alpha_1_10, alpha_10_100, ' +
        'alpha_100_1000, mean_norm, mean_cosine: not measured; ' +
        'alpha, alpha_se, r2: 4 positive eigenvalues (expected at least 100)',
    });
  });

  it('chooses', async () => {
    const count = async (options: TableOptions) => (await rows(options)).rows.length;
    expect(await count({ layer: '2' })).toBe(1);
    expect(await count({ stage: 'dpo' })).toBe(1);
    expect(await count({ variant: 'control' })).toBe(1);
    expect(await count({ variant: 'layers', layer: 'final' })).toBe(1);
    await expect(rows({ stage: 'pretrian' })).rejects.toThrow(
      "--stage: the run has none such, got 'pretrian' (expected pretrain, dpo)",
    );
    await expect(rows({ layer: '3' })).rejects.toThrow("--layer: the run has none such, got '3'");
  });

  it('says why errors are absent', async () => {
    const path = await temporaryFolder();
    const other = await openRun(path, { create: true });
    const plain = { ...layer, replicates: null, flags: [], figures: { rankme: 3 }, reasons: {} };
    await writeMeasurement(other, draft({ flags: [], layers: { final: plain } }));
    const { rows: all } = tableRows(await listMeasurements(other));
    expect(all[0]!.flags).toContain('rankme_se, alpha_se: measured without errors');
    expect(all[0]!.flags).toContain('nll: not asked for');
  });
});
