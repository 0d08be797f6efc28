import { describe, expect, it } from 'vitest';
import type { CheckpointResult } from '../../src/cli/library.js';
import { resultsTable } from '../../src/cli/results-table.js';
import { plain } from '../../src/cli/style.js';
import { checkpoint } from './fakes.js';

const figures = (
  rankme: number,
  rankme_se: number | null,
  alpha: number | null,
  alpha_se: number | null,
  r2: number | null,
) => ({
  final: { rankme, rankme_se, alpha, alpha_se, r2 },
});

const why = '64 positive eigenvalues (expected at least 100)';
const reasons = { final: { alpha: why, r2: why } };
const results: CheckpointResult[] = [
  checkpoint({
    revision: 'step0',
    tokens: 0,
    n: 600,
    layers: figures(803.25, 9.1, 0.151, 0.004, 0.61),
    flags: ['small-sample', 'biased'],
  }),
  checkpoint({
    revision: 'step1',
    tokens: 4096,
    n: 600,
    state: 'reused',
    layers: figures(21.04, 1.04, null, null, null),
    reasons,
    flags: ['alpha-absent'],
  }),
  checkpoint({
    revision: 'step2',
    tokens: null,
    state: 'failed',
    error: 'checkpoint step2: model.safetensors ends at byte 12',
    layers: {},
    n: 0,
  }),
  checkpoint({ revision: 'step512', tokens: 2_097_152, n: 600, layers: figures(365.5, 4.2, 1.0213, 0.019, 0.9871) }),
  checkpoint({
    stage: 'sft',
    revision: 'sft-step20',
    tokens: 44_755,
    n: 600,
    layers: figures(380, 4, 0.98, 0.0201, 0.99),
  }),
];

describe('the table', () => {
  it('aligns at the decimal point, separates stages, and says why figures are absent', () => {
    expect(resultsTable(results, plain)).toBe(
      `revision      tokens      RankMe            α     r²    N  flags
pretrain
  step0            0  803.3 ±9.1  0.151 ±.004  0.610  600  small-sample biased
  step1        4.10k   21.0 ±1.0  –            –      600  alpha-absent reused
  step2            –  failed: checkpoint step2: model.safetensors ends at byte 12
  step512      2.10M  365.5 ±4.2  1.021 ±.019  0.987  600
sft
  sft-step20   44.8k  380.0 ±4.0  0.980 ±.020  0.990  600
  trend                    █▁ ▄▄        ▁  ██  ▁  ██

α, r² –: 64 positive eigenvalues (expected at least 100) (step1)
small-sample (1 of 4): N < 2d: RankMe and α are biased low; participation_ratio_unbiased is not
  (definitions §6)
biased (1 of 4): extrapolated to endless N, RankMe would be more than 5 % away
alpha-absent (1 of 4): α could not be fitted
`,
    );
  });

  it('is at most as wide as it may be, with every flag and the whole reason of a failure', () => {
    const long = results.map((r) => ({
      ...r,
      revision: `stage2-ingredient3-${r.revision}-tokens48B`,
      flags: ['small-sample', 'biased', 'few-rows-dominate'],
      error: r.error === null ? null : `${r.error}, ${'and so on '.repeat(12)}to the end`,
    }));
    for (const limit of [100, 80]) {
      const text = resultsTable(long, plain, limit);
      for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(limit);
      expect(text.replace(/\s+/g, ' ')).toContain('and so on to the end');
      expect(text.match(/few-rows-dominate/g)).toHaveLength(5);
      expect(text.replace(/\s+/g, ' ').match(/its intervals are/g)).toHaveLength(1);
    }
  });

  it('takes the reasons of absent figures from the measurement where it gives them', () => {
    const reasons = { final: { alpha: '64 positive eigenvalues (expected at least 100)', r2: 'no fit' } };
    const text = resultsTable([checkpoint({ layers: figures(3, 0.1, null, null, null), reasons })], plain);
    expect(text).toContain('α –: 64 positive eigenvalues (expected at least 100) (step512)\nr² –: no fit (step512)\n');
  });

  it('shows what layers gave, thinned to the width', () => {
    const layers = Object.fromEntries<Record<string, number>>([
      ...Array.from({ length: 33 }, (_, i) => [String(i), { rankme: 10 + i }] as const),
      ['final', { rankme: 99 }],
    ]);
    const text = resultsTable([checkpoint({ layers })], plain);
    const [title, head, row] = text.split('\n\n')[1]!.split('\n');
    expect(title).toBe('RankMe by layer (13 of 34 layers; the rest: eigentrace export)');
    expect(head).toBe(
      'revision      0      3      6      8     11     14     17     19     22     25     28     30  final',
    );
    expect(row).toBe(
      'step512    10.0   13.0   16.0   18.0   21.0   24.0   27.0   29.0   32.0   35.0   38.0   40.0   99.0',
    );
  });

  it('without the final layer shows the last block, and says so', () => {
    const text = resultsTable([checkpoint({ layers: { 0: { rankme: 1 }, 12: { rankme: 55 } } })], plain);
    expect(text.split('\n')[1]).toMatch(/^step512 +1\.07B +55\.0/);
    expect(text).toContain('figures of layer 12, before the final norm\n');
  });

  it('has the likelihood when it was measured', () => {
    const text = resultsTable([checkpoint({ layers: { final: { rankme: 2, alpha: 1, r2: 1, nll: 3.14159 } } })], plain);
    expect(text).toBe(
      'revision  tokens  RankMe     α     r²    nll      N  flags\nstep512    1.07B     2.0  1.00  1.000  3.142  15000\n',
    );
  });

  it('lets no revision’s name move the cursor', () => {
    expect(resultsTable([checkpoint({ revision: 'a\u001b[2Jb' })], plain)).not.toContain('\u001b');
  });
});
