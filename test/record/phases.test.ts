import { cp, readFile, readdir } from 'node:fs/promises';
import { parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import {
  curvesOf,
  exportRun,
  listMeasurements,
  openRun,
  phaseRows,
  phasesOfCurve,
  phasesOfCurves,
  writePhases,
  type Curve,
} from '../../src/record/index.js';
import { findPhases } from '../../src/trace/index.js';
import { temporaryFolder } from './fixture.js';

const demo = new URL('../golden/runs/demo', import.meta.url).pathname;

async function copy(): Promise<string> {
  const run = `${await temporaryFolder()}/run`;
  await cp(demo, run, { recursive: true });
  return run;
}

async function demoCurve(): Promise<Curve> {
  return curvesOf(await listMeasurements(await openRun(demo))).curves[0]!;
}

describe('phases of a run', () => {
  it('are of pretraining, of the only stage, or of the one asked for', async () => {
    const curve = await demoCurve();
    expect(phasesOfCurve(curve)).toMatchObject({ stage: 'pretrain', layer: 'final', variant: null, paper: null });
    expect(phasesOfCurve(curve)!.checkpoints).toHaveLength(15);
    expect(phasesOfCurve(curve, { stage: 'sft' })!.phases.rankme.phases[0]!.name).toBe('not resolved');
    const late = { ...curve, points: curve.points.filter(({ stage }) => stage !== 'pretrain') };
    expect(phasesOfCurve(late)).toBeNull();
    expect(phasesOfCurves([late]).notes).toEqual([
      'left out: sample-neox-0.9m, layer final has several stages, sft, dpo, rlvr (--stage takes one)',
    ]);
    const sft = { ...curve, points: curve.points.filter(({ stage }) => stage === 'sft') };
    expect(phasesOfCurve(sft)!.stage).toBe('sft');
    expect(() => phasesOfCurves([curve], { stage: 'rvlr' })).toThrow(
      "--stage: the run has none such, got 'rvlr' (expected rlvr",
    );
  });

  it('use errors only where they are paired', async () => {
    const curve = await demoCurve();
    const { findings, notes } = phasesOfCurves([{ ...curve, unpaired: 'a and b were measured on different rows' }]);
    expect(findings[0]!.phases.rankme.rule.standardErrors).toBeNull();
    expect(findings[0]!.phases.rankme.turningPoints[0]!.prominenceSe).toBeNull();
    expect(notes).toEqual(['sample-neox-0.9m, layer final: a and b were measured on different rows']);
  });

  it("stand beside the paper's boundaries where the series is its model", async () => {
    const curve = { ...(await demoCurve()), series: 'EleutherAI/pythia-1b' };
    expect(phasesOfCurve(curve)!.paper).toEqual({ model: 'pythia-1b', boundaries: [1e9, 3.2e10] });
    expect(phasesOfCurve({ ...curve, layer: '3' })!.paper).toBeNull();
    expect(phasesOfCurve(curve, { stage: 'sft' })!.paper).toBeNull();
  });

  it('are stored with rule, thresholds and evidence, the same bytes each time', async () => {
    const path = await copy();
    const found = await findPhases(path);
    expect(found.stored).toEqual(['phases/sample-neox-0.9m/pretrain/final.last.json']);
    expect(found.notes).toEqual([]);
    const file = `${path}/${found.stored[0]!}`;
    const bytes = await readFile(file, 'utf8');
    expect(JSON.parse(bytes)).toEqual(JSON.parse(JSON.stringify(found.findings[0])));
    expect(JSON.parse(bytes)).toMatchObject({ format: 'eigentrace.phases', version: 1 });
    await findPhases(path);
    expect(await readFile(file, 'utf8')).toBe(bytes);
    expect(await readdir(`${path}/phases/sample-neox-0.9m/pretrain`)).toEqual(['final.last.json']);
    const stricter = await findPhases(path, { rankmeChange: 2, store: false });
    expect(stricter.stored).toEqual([]);
    expect(stricter.findings[0]!.phases.rankme.turningPoints).toEqual([]);
    expect(await readFile(file, 'utf8')).toBe(bytes);
  });

  it('of a variant have a file of their own', async () => {
    const run = await openRun(await copy());
    const finding = { ...phasesOfCurve(await demoCurve())!, variant: 'ab12', layer: '3' };
    expect(await writePhases(run, finding)).toBe('phases/sample-neox-0.9m/pretrain/3.last.ab12.json');
  });

  it('are read from a run that can not be written, and that is said', async () => {
    const path = await copy();
    // A file where the folder would be: as unwritable as a read-only disk, also for root.
    await cp(`${path}/run.json`, `${path}/phases`);
    const { findings, stored, notes } = await findPhases(path);
    expect(findings).toHaveLength(1);
    expect(stored).toEqual([]);
    expect(notes[0]).toMatch(/^not stored in the run: .*phases/);
  });
});

describe('the table of phases', () => {
  it('is long: a row a number, with the columns of the interface', async () => {
    const rows = phaseRows([phasesOfCurve(await demoCurve())!]);
    expect(rows).toHaveLength(2 * (2 * 3 + 5));
    expect(Object.keys(rows[0]!)).toEqual([
      ...['series', 'stage', 'revision', 'step', 'tokens', 'name', 'metric', 'value', 'se', 'n', 'definition', 'flags'],
    ]);
    expect(rows[2]).toMatchObject({ revision: null, name: 'warmup', metric: 'rankme.change', n: 15, flags: '' });
    expect(rows[2]!.value).toBeCloseTo(Math.log(11.546627147544 / 38.3953484307581), 12);
    expect(rows.filter(({ name }) => name === 'minimum').map(({ metric }) => metric)).toEqual([
      ...['rankme.at', 'rankme.at_low', 'rankme.at_high', 'rankme.value', 'rankme.prominence'],
    ]);
    expect(rows.find(({ metric }) => metric === 'alpha.value')).toMatchObject({
      ...{ revision: 'step64', step: 64, tokens: 262_144, name: 'maximum', value: 1.9630987992254867, se: null },
    });
  });

  it('is exported as json, jsonl, csv and parquet alike', async () => {
    const run = await openRun(demo);
    const content = async (format: string) => (await exportRun(run, { format, table: 'phases' })).content;
    const json = JSON.parse(Buffer.from(await content('json')).toString()) as Record<string, unknown>[];
    expect(json).toHaveLength(22);
    const jsonl = Buffer.from(await content('jsonl'))
      .toString()
      .trim()
      .split('\n');
    expect(jsonl.map((line) => JSON.parse(line) as unknown)).toEqual(json);
    const csv = Buffer.from(await content('csv'))
      .toString()
      .split('\r\n');
    expect(csv).toHaveLength(24);
    expect(csv[1]).toMatch(/^sample-neox-0\.9m,pretrain,,,,warmup,rankme\.from,0,,15,phases; layer final;/);
    const parquet = new Uint8Array(await content('parquet')).buffer;
    const read = await parquetReadObjects({ file: parquet });
    expect(
      read.map((row) => ({
        ...row,
        step: asNumber(row['step']),
        tokens: asNumber(row['tokens']),
        n: asNumber(row['n']),
      })),
    ).toEqual(json);
  });

  it('takes the same choices as the tidy table, and refuses npy', async () => {
    const run = await openRun(demo);
    const rlvr = await exportRun(run, { format: 'json', table: 'phases', stage: 'rlvr' });
    expect(Buffer.from(rlvr.content).toString()).toContain('"name":"not resolved"');
    await expect(exportRun(run, { format: 'npy', table: 'phases' })).rejects.toThrow(
      '--format: npy holds the geometry alone, got --table phases',
    );
    await expect(exportRun(run, { format: 'json', table: 'phases', stage: 'x' })).rejects.toThrow('--stage');
    await expect(exportRun(run, { format: 'json', table: 'phase' })).rejects.toThrow('expected phases');
  });
});

function asNumber(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value);
}
