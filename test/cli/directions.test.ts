import { describe, expect, it } from 'vitest';
import type { DirectionsDetail, DirectionsResult, Visited } from '../../src/cli/library.js';
import { type } from './fakes.js';

const end = (score: number, text: string) => ({
  passages: [{ row: 7, token: 2, score, text, ids: [1, 2, 3] }],
  tokens: [{ id: 5, text: ' The', logit: 1.5 }],
});
const detail: DirectionsDetail = {
  ...{ n: 600, d: 128, position: 'last', total: 8, rank: 127, vectors: '' },
  massive: [{ index: 17, rms: 40, mean: -39.5 }],
  directions: [
    {
      ...{ rank: 1, eigenvalue: 2, share: 0.25, carried_by: 1.25, close: true },
      coordinates: [{ index: 17, weight: 0.9, share: 0.81, rms: 40, massive: true }],
      positive: end(3.04, 'the end\u001b[31m of it.'),
      negative: end(-1.5, 'x'.repeat(200) + ' heart'),
    },
  ],
};
const row = {
  ...{ stage: 'pretrain', revision: 'step16', part: '', control: null, step: 16, tokens: 65_536, state: 'measured' },
  ...{ error: null, seconds: 1, path: null, finding: { detail: {}, flags: [], values: [] } },
} as unknown as Visited;
const change = {
  ...{ since: 'step0', subspace: 0.5, chance: 0.008 },
  directions: [{ overlap: 0.25, nearest: 0.75, nearestRank: 3 }],
};
const result = (changes: Partial<DirectionsResult> = {}): DirectionsResult => ({
  ...{ run: null, series: 'tiny', kind: 'directions', results: [row], interrupted: false, changes: [change] },
  ...changes,
});
const typed = (line: string, changes: Partial<DirectionsResult> = {}) =>
  type(line, { library: { directions: () => Promise.resolve(result(changes)), directionsOf: () => detail } });

describe('eigentrace directions', () => {
  it('shows both ends of a direction, what carries it, and how it turned', async () => {
    const { status, stdout, stderr } = await typed('directions ckpt --corpus a.txt');
    expect(status).toBe(0);
    const lines = stdout.text.split('\n');
    expect(lines.slice(0, 8)).toEqual([
      'step16',
      '  600 states (last) of 128; subspace overlap with step0 0.500 (unrelated: 0.008)',
      '  massive coordinates: 17 (mean -39.5)',
      '',
      '   1  25.0% of the variance, |cos| with 1 before 0.250 (nearest: 3, 0.750), close to a neighbour:',
      '      may turn',
      '      carried by 1.3 coordinates: 17 81.0% massive',
      '   +  " The"',
    ]);
    // What came from a corpus can't move the cursor, and a long passage shows its end.
    expect(lines[8]).toBe('       +3.0  the end�[31m of it.');
    expect(lines[10]).toMatch(/^ {7}−1\.5 {2}…x+ heart$/);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(stderr.text).toContain('1 checkpoint: 1 measured, 0 reused, 0 failed');
    expect(stderr.text).toContain('nothing was kept, --out RUN keeps it');
  });

  it('gives JSON alone, and tells failures and interruptions by its status', async () => {
    const { stdout } = await typed('directions ckpt --corpus a.txt --json');
    expect(JSON.parse(stdout.text)).toMatchObject({ series: 'tiny', changes: [{ since: 'step0' }] });
    const failed = { ...row, state: 'failed' as const, error: 'no weights', finding: null };
    expect((await typed('directions ckpt --corpus a.txt', { results: [failed], changes: [null] })).status).toBe(1);
    expect(
      (await typed('directions ckpt --corpus a.txt', { results: [row, failed], changes: [null, null] })).status,
    ).toBe(3);
    expect((await typed('directions ckpt --corpus a.txt', { interrupted: true })).status).toBe(130);
  });

  it('refuses what is missing or given twice', async () => {
    const without = await typed('directions ckpt');
    expect([without.status, without.stderr.text]).toEqual([2, expect.stringContaining('--corpus')]);
    const twice = await typed('directions ckpt --corpus a.txt --ids b.jsonl');
    expect([twice.status, twice.stderr.text]).toEqual([
      2,
      expect.stringContaining('--ids: given together with --corpus'),
    ]);
    expect((await typed('directions ckpt --corpus a.txt --top 0')).status).toBe(2);
  });
});
