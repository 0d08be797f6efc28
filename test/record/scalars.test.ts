import { expect, test } from 'vitest';
import { exportRun, openRun, tableRows, listMeasurements } from '../../src/record/index.js';
import { draft, layer, temporaryFolder } from './fixture.js';
import { writeMeasurement } from '../../src/record/index.js';

const demo = new URL('../golden/runs/demo', import.meta.url).pathname;
const text = (content: Uint8Array) => Buffer.from(content).toString();

test('wandb: JSON lines whose _step only grows, over all stages', async () => {
  const { content, notes } = await exportRun(await openRun(demo), { format: 'wandb' });
  const rows = text(content)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, number | string>);
  expect(notes).toEqual([]);
  expect(rows).toHaveLength(20);
  const steps = rows.map((row) => row['_step'] as number);
  expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
  // 6000 steps of pretraining, 50 of SFT, 42 of DPO, then RLVR.
  expect(steps.slice(-6)).toEqual([6000, 6020, 6050, 6092, 6172, 6252]);
  expect(rows[8]).toMatchObject({
    _step: 128,
    stage: 'pretrain',
    revision: 'step128',
    stage_step: 128,
    tokens: 524288,
  });
  const table = tableRows(await listMeasurements(await openRun(demo))).rows;
  expect(rows[8]!['geometry/final/rankme']).toBe(table[8]!.rankme);
  expect(rows[8]).not.toHaveProperty('geometry/final/alpha_100_1000');
});

test('trackio: a CSV of numbers with step first', async () => {
  const { content } = await exportRun(await openRun(demo), { format: 'trackio' });
  const [header, ...lines] = text(content).trimEnd().split('\r\n');
  const names = header!.split(',');
  expect(names.slice(0, 4)).toEqual(['step', 'stage_step', 'tokens', 'geometry/final/rankme']);
  expect(lines).toHaveLength(20);
  for (const line of lines) {
    const cells = line.split(',');
    expect(cells).toHaveLength(names.length);
    expect(cells.every((cell) => cell === '' || Number.isFinite(Number(cell)))).toBe(true);
  }
});

test('one series at a time; what has no step is left out, and said', async () => {
  const run = await openRun(await temporaryFolder(), { create: true });
  await writeMeasurement(run, draft({ series: 'a' }));
  await writeMeasurement(run, draft({ series: 'b', layers: { 0: layer, final: layer } }));
  await writeMeasurement(run, draft({ series: 'b', revision: 'main', step: null }));
  await writeMeasurement(run, draft({ series: 'b', revision: 'step1000-seed2', step: 1000 }));
  await expect(exportRun(run, { format: 'wandb' })).rejects.toThrow(
    /--format wandb: one series is one run there, got 2 \(expected --series a/,
  );
  const { content, notes } = await exportRun(run, { format: 'wandb', series: 'b' });
  expect(JSON.parse(text(content))).toMatchObject({
    _step: 1000,
    'geometry/0/rankme': 3.3,
    'geometry/final/rankme': 3.3,
  });
  expect(notes).toEqual(['left out, without a step of their own: main, step1000-seed2 (step 1000 is taken)']);
});
