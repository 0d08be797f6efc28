import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { compareRuns } from '../../src/compare/index.js';
import { readStory } from '../../src/report/index.js';
import { findings, findingsOf } from '../../src/story/index.js';
import type { LayerCurves, RunStory, SeriesStory, Story } from '../../src/story/index.js';

const demo = fileURLToPath(new URL('../golden/runs/demo', import.meta.url));

let story: Story;
let series: SeriesStory;
beforeAll(async () => {
  story = await readStory([demo]);
  series = story.runs[0]!.series[0]!;
});

const run = (changes: Partial<RunStory> = {}): RunStory => ({ ...story.runs[0]!, ...changes });

/** The series with figures, replicates or else changed. */
function changed(changes: Partial<SeriesStory>, curve: Partial<LayerCurves> = {}): SeriesStory {
  const final = { ...series.curves['final']!, ...curve };
  return { ...series, curves: { final }, ...changes };
}
const figures = (more: LayerCurves['figures']) => ({ figures: { ...series.curves['final']!.figures, ...more } });
const codes = (s: SeriesStory, r = run()) => findingsOf(s, r).warnings.map(({ code }) => code);

describe('findings of the sample series', () => {
  it('says what RankMe and α do, with their errors', () => {
    const [told, ...others] = findings(story);
    expect(others).toEqual([]);
    expect(told!.sentence).toBe(
      'RankMe falls to 11.5 ± .5 by 131k tokens, rises to 63.4 ± 1.1 at 24.6M; α mirrors it.',
    );
  });

  it('names phases with their intervals, and what the series can not say', () => {
    const { details } = findingsOf(series, run());
    expect(details.slice(0, 4)).toEqual([
      'Warmup from 0 to 151k (75.5k–302k) tokens: RankMe × 0.301 ± .005.',
      'Entropy-seeking from 151k (75.5k–302k) to 24.6M tokens, the last checkpoint: RankMe × 5.49 ± .16.',
      "No compression-seeking phase is seen up to 24.6M tokens; what comes later can't be said.",
      'α has a maximum of 1.963 ± .019 at 370k (185k–740k) tokens.',
    ]);
  });

  it('tells changes of post-training by paired errors, not by those of the levels', () => {
    const { details } = findingsOf(series, run());
    expect(details.slice(4)).toEqual([
      'SFT moves RankMe by +0.30 ± .06, does not move α beyond 3 errors (−0.0052 ± .0034); step6000 → sft-step50, paired.',
      'DPO moves RankMe by −0.080 ± .013 and α by +0.00231 ± .00026; sft-step50 → dpo-step42, paired.',
      'RLVR does not move RankMe beyond 3 errors (+0.06 ± .06) or α beyond 3 errors (+0.0043 ± .0030); dpo-step42 → rlvr-step160, paired.',
    ]);
    // Were they not the same rows, a difference would have no error (definitions §6), and nothing could be told.
    const apart = findingsOf({ ...series, unpaired: 'other rows' }, run());
    expect(apart.details[4]).toBe(
      'SFT changes RankMe by +0.2966 and α by −0.005196 (no errors); step6000 → sft-step50.',
    );
    expect(apart.warnings.at(-1)!.text).toBe('Differences have no paired errors: other rows.');
  });

  it('says how it was measured in a line of facts', () => {
    expect(findingsOf(series, run()).facts).toEqual([
      '20 checkpoints measured, 4 flagged, 0 failed',
      'N = 1,500, d = 128',
      '1,500 sequences of sample:, cut at 128 (132k tokens)',
      'position last',
      'definitions 1: rankme, alpha',
      '2026-11-26',
    ]);
    expect(findingsOf(series, run()).warnings).toEqual([
      {
        code: 'few-rows-dominate',
        text: 'few-rows-dominate (4 of 20 checkpoints): one group of rows makes over half of SE², so intervals are optimistic.',
      },
    ]);
  });
});

describe('sentences claim nothing beyond the data', () => {
  it('of a curve without a change', () => {
    const { rankme, alpha } = series.phases['final']!;
    const still = { name: 'flat', from: 0, to: 24_576_000, change: 0.01, changeSe: 0.02 } as const;
    const phases = {
      final: {
        rankme: { ...rankme, phases: [still], turningPoints: [] },
        alpha: { ...alpha, phases: [still], turningPoints: [] },
        disagreements: [],
      },
    };
    expect(findingsOf(changed({ phases }), run()).sentence).toBe(
      'RankMe shows no change beyond the thresholds: 38.4 ± 1.2 at 0, 63.4 ± 1.1 at 24.6M tokens; ' +
        'α shows no change beyond the thresholds: 1.661 ± .010 at 0, 0.868 ± .009 at 24.6M tokens.',
    );
  });

  it('of a curve of too few checkpoints', () => {
    const { rankme, alpha } = series.phases['final']!;
    const unresolved = { name: 'not resolved', from: 0, to: 8192, change: 1, changeSe: null } as const;
    const notes = ['not resolved: 3 checkpoints (expected at least 4)'];
    const phases = {
      final: {
        rankme: { ...rankme, phases: [unresolved], turningPoints: [], notes },
        alpha: { ...alpha, phases: [unresolved], turningPoints: [], notes },
        disagreements: [],
      },
    };
    const { sentence, details } = findingsOf(changed({ phases }), run());
    expect(sentence).toBe("RankMe's phases are not resolved (3 checkpoints (expected at least 4)).");
    expect(details.join(' ')).not.toMatch(/warmup|seeking/i);
  });

  it('of α that turns elsewhere: its own way is told', () => {
    const { rankme, alpha } = series.phases['final']!;
    const [point] = alpha.turningPoints;
    const later = { ...point!, at: 4e6, interval: [2e6, 6e6] as const };
    const phases = { final: { rankme, alpha: { ...alpha, turningPoints: [later] }, disagreements: ['they disagree'] } };
    const { sentence, details } = findingsOf(changed({ phases }), run());
    expect(sentence).toContain('; α mirrors it at other places: α rises to 1.963');
    expect(details).toContain('they disagree.');
  });

  it('of a series without pretraining', () => {
    const alone = changed({ phases: {} });
    expect(findingsOf(alone, run()).sentence).toBe('RankMe is 38.4 ± 1.2 at step0, 63.7 ± 1.1 at rlvr-step160.');
    const nothing = changed({ phases: {} }, figures({ rankme: series.checkpoints.map(() => null) }));
    expect(findingsOf(nothing, run()).sentence).toBe('RankMe could not be measured anywhere.');
  });

  it('of many branches: they are counted', () => {
    const base = series.checkpoints.findIndex(({ revision }) => revision === 'step6000');
    const checkpoints = series.checkpoints.map((c, i) =>
      i > base ? { ...c, stage: 'sft', parent: 'step6000', seed: i } : c,
    );
    const { details } = findingsOf(changed({ checkpoints }), run());
    expect(details.at(-1)).toMatch(
      /^SFT raises RankMe beyond 3 errors in 4 and lowers it in 0 of 5 branches, from \+0\.2161 to \+0\.2966\.$/,
    );
  });
});

describe('warnings', () => {
  it('tell of damaged files, failures and doubled weights', () => {
    const failures = ['a', 'b', 'c', 'd'].map((revision) => ({
      ...{ series: series.name, stage: 'pretrain', revision, variant: null, step: null, tokens: null },
      ...{ code: 'input', message: 'no weights' },
    }));
    const problems = [{ file: 'geometry/x.json', message: 'is not JSON' }];
    const [first, second] = series.checkpoints;
    const checkpoints = [first!, { ...second!, weights: first!.weights }, ...series.checkpoints.slice(2)];
    const told = findingsOf(changed({ checkpoints }), run({ failures, problems })).warnings;
    expect(told.slice(0, 3)).toEqual([
      { code: 'damaged', text: "1 file of the run can't be read: geometry/x.json." },
      { code: 'failed', text: '4 of 24 checkpoints could not be measured: a, b, c and 1 more.' },
      { code: 'same-weights', text: '1 checkpoint with the weights of another: step1 = step0.' },
    ]);
  });

  it('tell of small N, bias, absent α, poor fits and absent errors', () => {
    const flags = [{ code: 'small-sample', message: 'N = 200 < 2d = 256', layer: 'final' }];
    const elsewhere = [{ code: 'not-finite', message: '3 rows', layer: '7' }];
    const checkpoints = series.checkpoints.map((c, i) => ({ ...c, flags: i === 0 ? elsewhere : flags }));
    const { rankme } = series.curves['final']!.figures;
    const told = findingsOf(
      changed(
        { checkpoints },
        {
          ...figures({
            rankme_extrapolated: rankme!.map((value, i) => value! * (i === 3 ? 1.2 : 1.01)),
            alpha: rankme!.map((_, i) => (i < 2 ? null : 1)),
            r2: rankme!.map((_, i) => (i === 5 ? 0.42 : 0.95)),
          }),
          reasons: { alpha: { 0: '64 positive eigenvalues (expected at least 100)' } },
          replicates: { rankme: rankme!.map(() => null), alpha: rankme!.map(() => null) },
        },
      ),
      run(),
    ).warnings;
    expect(told.map(({ text }) => text)).toEqual([
      'small-sample (19 of 20 checkpoints): N is less than 2d, so RankMe reads low, its peaks most of all.',
      'Extrapolated to many rows, RankMe moves by up to 20 % (step4).',
      'α is absent at 2 checkpoints: 64 positive eigenvalues (expected at least 100).',
      'The power law fits poorly at 1 of 20 checkpoints (r² below 0.9, 0.42 at step16): α there is no decay of a power law.',
      'Measured without standard errors: no change can be told from noise.',
    ]);
  });

  it('tell where a control is not exceeded, and by how much it is', () => {
    const { figures: own, replicates } = series.curves['final']!;
    const shift = (by: number, at: number) => (value: number | null, i: number) => value! - (i === at ? 0 : by);
    const control = {
      ...changed(
        { id: '1/x/aa', variant: 'aa', control: { kind: 'shuffled-tokens', seed: 0 } },
        {
          figures: { ...own, rankme: own['rankme']!.map(shift(8, 4)) },
          replicates: {
            ...replicates,
            // Not a mere shift: the differences have errors.
            rankme: replicates.rankme.map((values, i) => values!.map((v, k) => v - (i === 4 ? 0 : 8) + (k % 2) / 10)),
          },
        },
      ),
    };
    const told = findingsOf(series, run({ series: [series, control] }));
    expect(told.details.at(-1)).toBe(
      'RankMe differs from shuffled tokens beyond 3 errors at 19 of 20 checkpoints (rlvr-step160: +8.00 ± .15, paired).',
    );
    expect(told.warnings.at(-1)).toEqual({
      code: 'control',
      text: 'RankMe is not told apart from shuffled tokens at 1 of 20 checkpoints (step8).',
    });
    // On other sequences the errors of a difference are not known: nothing is claimed.
    const elsewhere = { ...control, corpus: { ...series.corpus!, tokens: series.corpus!.tokens - 1 } };
    const unknown = findingsOf(series, run({ series: [series, elsewhere] }));
    expect(unknown.details.at(-1)).toBe(
      "Whether RankMe differs from shuffled tokens can't be told: they were not measured on the same sequences.",
    );
    expect(unknown.warnings.map(({ code }) => code)).not.toContain('control');
    // A level, such as random weights, stands beside every checkpoint: on the same rows its errors are paired too.
    const toldOf = (kind: string, corpus = control.corpus) =>
      findingsOf(
        series,
        run({
          series: [
            series,
            { ...control, corpus, control: { kind, seed: 0 }, checkpoints: [series.checkpoints[0]!] } as SeriesStory,
          ],
        }),
      ).details.at(-1);
    expect(toldOf('random-init')).toBe(
      'RankMe differs from random weights beyond 3 errors at 20 of 20 checkpoints (rlvr-step160: +33.3 ± .7, paired).',
    );
    // √(1.182² + 1.114²): white noise shares no row with anything.
    expect(toldOf('gaussian')).toMatch(/^RankMe differs from white noise .*: \+33\.3 ± 1\.6, independent rows\)\.$/);
    // Shuffled tokens have another hash and the same lengths; other rows make no pairs, and no error.
    const shuffled = { ...series.corpus!, rowsSha256: 'ab'.repeat(32) };
    expect(toldOf('random-init', shuffled)).toContain('± .7, paired');
    expect(toldOf('random-init', { ...shuffled, tokens: 7 })).toContain("can't be told");
    expect(codes(series)).not.toContain('control');
    expect(findings({ ...story, runs: [run({ series: [series, control] })] })).toHaveLength(1);
  });
});

describe('of a real run with its three nulls', () => {
  const path = fileURLToPath(new URL('../golden/runs/controls', import.meta.url));

  it('pairs errors where the null was measured on the same sequences, though its tokens are others', async () => {
    const controls = await readStory([path]);
    const [told] = findings(controls);
    // Differences and their errors by Python from the replicates in the files; unpaired, the first would be ± 2.5.
    expect(told!.details.slice(-3)).toEqual([
      'RankMe differs from shuffled tokens beyond 3 errors at 4 of 4 checkpoints (step6000: −10.4 ± 2.2, paired).',
      'RankMe differs from random weights beyond 3 errors at 3 of 4 checkpoints (step6000: +24.2 ± 1.1, paired).',
      'RankMe differs from white noise beyond 3 errors at 4 of 4 checkpoints (step6000: −50.5 ± 2.1, independent rows).',
    ]);
    const { comparisons } = await compareRuns([path], { figures: ['rankme'] });
    const last = comparisons.map(({ a, figures }) => [a.control!.kind, figures[0]!.differences.at(-1)!.se] as const);
    expect(last.map(([kind]) => kind)).toEqual(['shuffled-tokens', 'random-init', 'gaussian']);
    for (const [i, se] of [2.2144145756361837, 1.082698665334327, 2.1168307760719576].entries()) {
      expect(last[i]![1]).toBeCloseTo(se, 8);
    }
  });
});
