import { describe, expect, it } from 'vitest';
import { phasesText } from '../../src/cli/phases-text.js';
import { plain } from '../../src/cli/style.js';
import { paperCurvesFor } from '../../src/paper/index.js';
import { phasesOf } from '../../src/phases/index.js';
import { findPhases, type FindPhasesOptions, type PhaseFinding } from '../../src/trace/index.js';
import { type, type Wishes } from './fakes.js';

const demo = new URL('../golden/runs/demo', import.meta.url).pathname;

const asked = async (line: string, wishes: Wishes = {}) => {
  const options: FindPhasesOptions[] = [];
  const library: Wishes['library'] = {
    findPhases: (_, given) => {
      options.push(given);
      return findPhases(demo, { ...given, store: false });
    },
  };
  return { ...(await type(`phases ${line}`, { library, ...wishes })), options };
};

describe('eigentrace phases', () => {
  it("prints RankMe's and α's phases side by side, turning points with their evidence, and the rule", async () => {
    const { status, stdout, stderr } = await asked('run');
    expect(status).toBe(0);
    expect(stderr.text).toBe('');
    expect(stdout.text).toBe(
      [
        'sample-neox-0.9m: pretrain, layer final, 15 checkpoints, x is ln(tokens)',
        '',
        'RankMe           tokens        Δ ln RankMe      α                tokens        Δ α',
        'warmup           0 – 151k      −1.202 ± .018    warmup           0 – 370k      +0.303 ± .019',
        'entropy-seeking  151k – 24.6M  +1.703 ± .029    entropy-seeking  370k – 24.6M  −1.095 ± .022',
        '',
        'turning point     at  interval (95 %)  nearest checkpoint  value  prominence',
        'RankMe minimum  151k  75.5k – 302k     step32               11.5  1.202 ± .018',
        'α maximum       370k  185k – 740k      step64               1.96  0.303 ± .019',
        '',
        'RankMe: turning points of ln RankMe over ln(tokens) by prominence: an extremum counts when the',
        '  changes to the kept extrema on either side, ends included, exceed 3 paired standard errors, ln',
        '  1.05 and what the scatter of its checkpoints could make (0.3)',
        'α: turning points of α over ln(tokens) by prominence: an extremum counts when the changes to the',
        '  kept extrema on either side, ends included, exceed 3 paired standard errors, 0.05 and what the',
        '  scatter of its checkpoints could make (0.0379)',
        '',
      ].join('\n'),
    );
  });

  it('hands the choices and thresholds on', async () => {
    const { options } = await asked(
      'run --series sample-neox-0.9m --stage rlvr --layer final --standard-errors 2.5 --change 0.1 --ignore-scatter',
    );
    expect(options[0]).toEqual({
      ...{ series: 'sample-neox-0.9m', stage: 'rlvr', layer: 'final', standardErrors: 2.5, scatter: false },
      ...{ rankmeChange: Math.log1p(0.1), alphaChange: 0.1 },
    });
    const alpha = await asked('run --alpha-change 0.2');
    expect(alpha.options[0]).toMatchObject({ rankmeChange: Math.log1p(0.05), alphaChange: 0.2, standardErrors: 3 });
  });

  it('says on stderr what it stored and could not store', async () => {
    const library: Wishes['library'] = {
      findPhases: async (_, given) => ({
        ...(await findPhases(demo, { ...given, store: false })),
        ...{ run: 'run', stored: ['phases/s/pretrain/final.last.json'], notes: ['left out: a variant'] },
      }),
    };
    const { stderr } = await type('phases run', { library });
    expect(stderr.text).toBe('stored: run/phases/s/pretrain/final.last.json\nnote: left out: a variant\n');
    expect((await type('phases run --quiet', { library })).stderr.text).toBe('');
  });

  it('is JSON with --json', async () => {
    const { stdout } = await asked('run --json');
    const { findings } = JSON.parse(stdout.text) as { findings: PhaseFinding[] };
    expect(findings[0]!.phases.rankme.turningPoints[0]!.value).toBe(11.546627147544);
    expect(findings[0]!.phases.rankme.rule.change).toBeCloseTo(Math.log(1.05), 15);
  });

  it.each([
    ['', 'RUN: is missing (expected a folder that trace wrote)'],
    ['run --change -1', '--change: is no threshold, got -1 (expected a number ≥ 0, such as 0.05)'],
    ['run --standard-errors many', '--standard-errors: is no threshold, got many'],
    ['run --stage sfd', "--stage: the run has none such, got 'sfd' (expected sft"],
    ['run --layer 9', "--layer: the run has none such, got '9'"],
  ])('refuses %j', async (line, message) => {
    const { status, stderr, stdout } = await asked(line);
    expect(status).toBe(2);
    expect(stderr.text).toContain(message);
    expect(stdout.text).toBe('');
  });

  it('fails where there is no curve, and says why', async () => {
    const library: Wishes['library'] = {
      findPhases: () => Promise.resolve({ run: 'run', findings: [], stored: [], notes: [] }),
    };
    const { status, stderr } = await type('phases run', { library });
    expect(status).toBe(1);
    expect(stderr.text).toContain('run: no curve to read phases from, it holds no measurement');
    expect((await type('phases run --json', { library })).status).toBe(0);
  });
});

describe('the text', () => {
  const finding = (): PhaseFinding => {
    const { rankme, alpha, boundaries } = paperCurvesFor('pythia-1b')!;
    const points = [
      ...rankme.map(([tokens, v]) => [tokens, v, null] as const),
      ...alpha.map(([t, v]) => [t, null, v] as const),
    ];
    return {
      ...{ format: 'eigentrace.phases', version: 1, series: 'pythia-1b', stage: 'pretrain', layer: 'final' },
      ...{ position: 'last', variant: null },
      checkpoints: points.map(([tokens], i) => ({ revision: `step${i}`, step: i, tokens, figures_sha256: 'a' })),
      phases: phasesOf(points.map(([tokens, r, a]) => ({ tokens, step: null, rankme: r, alpha: a, replicates: null }))),
      paper: { model: 'pythia-1b', boundaries },
    };
  };

  it("sets the paper's boundaries beside ours", () => {
    expect(phasesText(finding(), 200, plain)).toContain(
      "the paper draws pythia-1b's boundaries at 1.00B and 32.0B tokens; RankMe's turning points lie at 0.18 and 0.81 " +
        "times that; α's turning points lie at 0.51 and 0.77 times that\n",
    );
  });

  it('puts RankMe above α where both do not fit, and keeps to the width', () => {
    const text = phasesText(finding(), 60, plain);
    expect(text).toMatch(
      /\nRankMe +tokens +Δ ln RankMe\nwarmup .*\nentropy-seeking .*\ncompression-seeking .*\n\nα +tokens +Δ α\n/,
    );
    const lines = text
      .split('\n')
      .filter((line) => !line.startsWith('turning point') && !/(mini|maxi)mum {2}/.test(line));
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(60);
  });
});
