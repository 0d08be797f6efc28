/** Runs compared as a user asks it: what is refused, what is paired, a run against its nulls, and what the terminal says. */
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run as commandLine } from '../../src/cli/run.js';
import type { Library } from '../../src/cli/library.js';
import { compareRuns } from '../../src/compare/index.js';
import type { Run } from '../../src/record/index.js';
import { world } from '../cli/fakes.js';
import { hash } from '../record/fixture.js';
import { measuredRun, type Point } from '../record/measured.js';

const golden = 'test/golden/runs/demo';
const made: string[] = [];
const runOf = async (points: readonly Point[]): Promise<Run> => {
  const run = await measuredRun(points);
  made.push(run.path);
  return run;
};

/** Three checkpoints whose spectra flatten. */
const curve = (changes: Point = {}, decays = [2, 1.2, 0.6]): Point[] =>
  decays.map((decay, i) => ({ revision: `step${i + 1}`, step: i + 1, tokens: 1000 * (i + 1), decay, ...changes }));

let a: Run;
let b: Run;
beforeAll(async () => {
  a = await runOf(curve());
  b = await runOf(curve({ series: 'other' }, [2, 1, 0.3]));
});
afterAll(async () => {
  for (const path of made) await rm(path, { recursive: true, force: true });
});

describe('two runs', () => {
  it('on the same rows are compared with paired errors; the run with itself is the same', async () => {
    const { kind, comparisons, notes } = await compareRuns([a.path, b.path]);
    expect({ kind, notes }).toEqual({ kind: 'series', notes: [] });
    const [{ rows, differing, figures, axis }] = comparisons as [(typeof comparisons)[number]];
    expect({ axis, relation: rows.relation, differing }).toEqual({ axis: 'tokens', relation: 'same', differing: [] });
    expect(figures.map(({ figure }) => figure)).toEqual(['rankme', 'alpha']);
    const [first, , last] = figures[0]!.differences;
    expect(first).toMatchObject({ difference: 0, se: 0, verdict: 'not resolved' });
    expect(last!.difference!).toBeGreaterThan(0);
    expect(last!.verdict).toBe('above');
    const itself = await compareRuns([golden, golden]);
    expect(itself.comparisons[0]!.figures[1]!.differences.every((d) => d.difference === 0 && d.p === 1)).toBe(true);
    expect(itself.comparisons[0]!.a.label).toBe(`sample-neox-0.9m (${golden})`);
  });

  it('on other rows of one corpus have independent errors', async () => {
    const other = await runOf(curve({ rowSeed: 9, parts: { corpus: hash('e') } }));
    const told = await compareRuns([a.path, other.path], { rows: 'disjoint', figures: ['rankme'] });
    const [{ se, a: left, b: right }] = told.comparisons[0]!.figures[0]!.differences as never as [
      { se: number; a: { se: number }; b: { se: number } },
    ];
    expect(se).toBeCloseTo(Math.hypot(left.se, right.se), 12);
  });

  const cases: [string, Point, string, object][] = [
    ['definitions', { definitions: { version: '0', ids: ['rankme', 'alpha[2-8]'] } }, 'definitions: 1 and 0', {}],
    ['position', { position: 'mean' }, 'position: last and mean', {}],
    ['the α range', { alphaRange: [2, 9] }, 'alphaRange: alpha[2-8] and alpha[2-9]', {}],
    ['N', { n: 60 }, 'N: 40 and 60', {}],
  ];
  it.each(cases)('that differ in %s are refused, and compared when told', async (_, changes, words) => {
    const other = await runOf(curve(changes));
    await expect(compareRuns([a.path, other.path])).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(
        new RegExp(`measured differently, got ${words.replace(/[[\]]/g, '\\$&')}.*--anyway`),
      ) as string,
    });
    const { comparisons } = await compareRuns([a.path, other.path], { anyway: true });
    expect(comparisons[0]!.differing[0]).toMatchObject({ refused: true });
    expect(comparisons[0]!.figures[0]!.differences).toHaveLength(3);
  });

  it('may differ in what does not touch the figures that are compared', async () => {
    const range = await runOf(curve({ alphaRange: [2, 9] }));
    const { comparisons } = await compareRuns([a.path, range.path], { figures: ['rankme'] });
    expect(comparisons[0]!.differing).toEqual([]);
    const more = await runOf(curve({ n: 60 }));
    const unbiased = await compareRuns([a.path, more.path], { figures: ['participation_ratio_unbiased'] });
    expect(unbiased.comparisons[0]!.differing).toMatchObject([{ what: 'N', refused: false }]);
  });

  it('that have nothing in common, or not what is asked for, say what to try', async () => {
    const later = await runOf(curve({}).map((p) => ({ ...p, step: p.step! * 7, tokens: p.tokens! * 7 })));
    await expect(compareRuns([a.path, later.path])).rejects.toThrow(
      /have no checkpoint in common on tokens, got 1000..3000 and 7000..21000 .*--interpolate/,
    );
    await expect(compareRuns([a.path, b.path], { figures: ['rankmee'] })).rejects.toThrow(
      /--figure: pythia-14m has none such, got 'rankmee' \(expected rankme, /,
    );
    await expect(compareRuns([a.path, b.path], { layer: '3' })).rejects.toThrow(/--layer: /);
    await expect(compareRuns([a.path, b.path], { against: 'gaussian' })).rejects.toThrow(
      'compares one run with its own controls',
    );
    await expect(compareRuns([a.path])).rejects.toThrow('holds one series and no control (expected a second RUN');
    await expect(compareRuns([a.path], { against: 'gaussian' })).rejects.toThrow(/holds no such control, got gaussian/);
    const empty = await runOf([]);
    await expect(compareRuns([a.path, empty.path])).rejects.toThrow(`${empty.path}: holds no measurement that fits`);
    await expect(compareRuns([])).rejects.toThrow('RUN: is missing');
    await expect(compareRuns([a.path, '/nowhere'])).rejects.toThrow('no such run');
  });
});

describe('one run', () => {
  it('is compared with its nulls, checkpoint by checkpoint and as a level', async () => {
    const shuffled = { control: { kind: 'shuffled-tokens', seed: 0 } as const, variant: 'shuffled' };
    const noise = { control: { kind: 'gaussian', seed: 3 } as const, variant: 'noise', rowSeed: 5 };
    const run = await runOf([
      ...curve(),
      ...curve({ ...shuffled, parts: { corpus: hash('e'), control: shuffled.control } }, [2, 2, 2]),
      {
        revision: 'step1',
        step: null,
        tokens: null,
        decay: 0,
        ...noise,
        parts: { corpus: null, control: noise.control },
      },
    ]);
    const { kind, comparisons } = await compareRuns([run.path], { figures: ['rankme'] });
    expect(kind).toBe('controls');
    expect(comparisons.map(({ a: left, rows }) => [left.label, rows.relation])).toEqual([
      ['shuffled-tokens', 'same'],
      ['gaussian, seed 3', 'disjoint'],
    ]);
    const [tokens, level] = comparisons.map(({ figures }) => figures[0]!);
    expect(tokens!.differences.map((d) => d.verdict)).toEqual(['not resolved', 'above', 'above']);
    expect(tokens!.correlation).toMatchObject({ n: 3 });
    expect(level!.differences).toHaveLength(3);
    expect(level!.differences[0]!.verdict).toBe('below');
    expect(level!.correlation).toBeNull();
    const one = await compareRuns([run.path], { against: 'shuffled-tokens' });
    expect(one.comparisons).toHaveLength(1);
    await expect(compareRuns([run.path], { against: 'random-init' })).rejects.toThrow(
      '(expected shuffled-tokens, gaussian)',
    );
  });

  it('of several series compares the others with the first', async () => {
    const run = await runOf([...curve(), ...curve({ series: 'other' }, [2, 1, 0.3]), ...curve({ series: 'third' })]);
    const { comparisons } = await compareRuns([run.path]);
    expect(comparisons.map((c) => [c.a.label, c.b.label])).toEqual([
      ['pythia-14m', 'other'],
      ['pythia-14m', 'third'],
    ]);
  });
});

describe('the command', () => {
  const library = { compareRuns: compareRuns as Library['compareRuns'] };
  const typed = async (argv: string[]) => {
    const context = world({ library });
    const status = await commandLine(['compare', ...argv], context, '0.0.0');
    return { status, out: context.stdout.text, err: context.stderr.text };
  };

  it('prints a table that fits 100 columns, and JSON', async () => {
    const { status, out } = await typed([a.path, b.path, '--figure', 'rankme']);
    expect(status).toBe(0);
    const lines = out.split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(lines[0]).toBe('other − pythia-14m   layer final, position last');
    expect(lines[1]).toBe('measured on the same rows, so errors are paired');
    expect(lines[4]).toMatch(/^revision +tokens +pythia-14m +other +difference +95 % interval +p$/);
    expect(lines[5]).toMatch(/^step1 +1\.00k +\d\.\d\d? +±\.?\d+ .* \+0\.0+ +±\.0+ .* 1\.000$/);
    expect(lines[7]).toMatch(/^step3 .* \+\d\.\d+ .*above$/);
    expect(out).toContain(
      "of 3 differences are resolved at 5 % (Student's t, K−1 degrees of freedom, p by Holm over the 3)",
    );
    const json = JSON.parse((await typed([a.path, b.path, '--json'])).out) as Awaited<ReturnType<typeof compareRuns>>;
    expect(json).toEqual(JSON.parse(JSON.stringify(await compareRuns([a.path, b.path]))));
  });

  it('takes figures in a list, and names wrong ones', async () => {
    const { out } = await typed([a.path, b.path, '--figure', 'alpha,stable_rank', '--figure', 'top1']);
    expect(out.split('\n').filter((line) => /^(α|stable_rank|top1)$/.test(line))).toEqual(['α', 'stable_rank', 'top1']);
    expect(out).toContain('left-out values of this figure are not stored');
    expect((await typed([])).err).toContain('RUN: is missing');
    expect(await typed([a.path, b.path, '--axis', 'time'])).toMatchObject({ status: 2 });
  });
});
