import { describe, expect, it } from 'vitest';
import type { CheckpointResult, Library } from '../../src/cli/library.js';
import { resultsTable } from '../../src/cli/results-table.js';
import { rowPhases } from '../../src/cli/row-phases.js';
import { plain } from '../../src/cli/style.js';
import { listMeasurements, openRun } from '../../src/record/index.js';
import { findPhases } from '../../src/trace/index.js';
import { checkpoint } from './fakes.js';

const demo = new URL('../golden/runs/demo', import.meta.url).pathname;
const library = { findPhases } as unknown as Library;

/** What the trace of the demo gave back. */
async function results(): Promise<CheckpointResult[]> {
  const { measurements } = await listMeasurements(await openRun(demo));
  return measurements.map(({ measurement: m, path }) =>
    checkpoint({
      ...{ stage: m.stage, revision: m.revision, step: m.step, tokens: m.tokens, path, n: 1500, d: 128 },
      ...{ layers: m.layers, reasons: m.reasons, flags: m.flags.map(({ code }) => code) },
    }),
  );
}

describe('phases beside the rows of a trace', () => {
  it('name the phase that RankMe is in, of the stage that has phases', async () => {
    const rows = await results();
    expect(await rowPhases(demo, rows, library)).toEqual([
      ...Array.from({ length: 7 }, () => 'warmup'),
      ...Array.from({ length: 8 }, () => 'entropy'),
      ...['', '', '', '', ''],
    ]);
  });

  it('stand in a column of their own before the flags, within 100 columns', async () => {
    const rows = await results();
    const lines = resultsTable(rows, plain, 100, await rowPhases(demo, rows, library)).split('\n');
    expect(lines[0]).toMatch(/^revision +tokens +RankMe +α +r² +N {2}phase {4}flags$/);
    expect(lines[2]).toMatch(
      /^ {2}step0 +0 +38\.4 ±1\.2 +1\.661 ±\.010 +0\.915 {2}1500 {2}warmup {3}few-rows-dominate$/,
    );
    expect(lines[16]).toMatch(/^ {2}step6000 .* 1500 {2}entropy$/);
    expect(lines[18]).toMatch(/^ {2}sft-step20 .* 1500$/);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  it('are left out where they do not fit', async () => {
    const rows = await results();
    const phases = await rowPhases(demo, rows, library);
    expect(resultsTable(rows, plain, 80, phases)).toBe(resultsTable(rows, plain, 80));
    expect(
      resultsTable(
        rows,
        plain,
        100,
        rows.map(() => ''),
      ),
    ).toBe(resultsTable(rows, plain, 100));
  });

  it('are none where the run tells none: failed rows, unknown names, a damaged run', async () => {
    const rows = await results();
    const failed = rows.map((row, i) => (i === 3 ? { ...row, state: 'failed' as const } : row));
    expect((await rowPhases(demo, failed, library))[3]).toBe('');
    expect(await rowPhases(demo, [...rows, checkpoint({ revision: 'other' })], library)).toEqual([]);
    expect(await rowPhases('/nowhere', rows, library)).toEqual([]);
  });
});
