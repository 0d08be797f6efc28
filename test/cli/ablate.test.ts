import { describe, expect, it } from 'vitest';
import type { AblateRequest, AblateResult } from '../../src/cli/library.js';
import { type as typed, type Wishes } from './fakes.js';

async function type(words: readonly string[], wishes: Wishes): Promise<{ status: number; out: string; err: string }> {
  const { status, stdout, stderr } = await typed(words.join(' '), wishes);
  return { status, out: stdout.text, err: stderr.text };
}

const value = (name: string, metric: string, own: number | null, se: number | null) => ({
  ...{ name: `sciq: ${name}`, metric, value: own, se, n: 1000, definition: 'ablation-1' },
});
const finding = {
  values: [
    value('original', 'acc', 0.838, 0.0117),
    value('original', 'logprob', -1.25, 0.05),
    value('top-10 removed', 'acc', 0.849, 0.0113),
    value('top-10 removed', 'acc_change', 0.011, 0.005),
    value('top-10 removed', 'acc_mcnemar_p', 0.0412, null),
    value('top-10 removed', 'acc_vs_random', -0.002, 0.004),
    value('top-10 removed', 'logprob', -1.5, 0.06),
    value('top-10 removed', 'logprob_change', -0.25, 0.02),
    value('random-10 removed', 'acc', 0.851, 0.0112),
    value('random-10 removed', 'acc_change', 0.013, 0.003),
    value('random-10 removed', 'acc_t_p', 2e-12, null),
    value('random-10 removed', 'logprob', -1.3, 0.05),
    value('random-10 removed', 'logprob_change', -0.05, 0.01),
  ],
  options: { randomDraws: 3 },
  flags: [{ code: 'few-rows', message: 'Σ is of 100 rows' }],
  detail: {
    metrics: ['acc', 'acc_norm'],
    basis: { n: 15000, d: 2048, rank: 2047, corpus: 'pile.jsonl', mean: true },
    variants: [{ name: 'top-10 removed', variance: 0.4432 }],
  },
};

function fake(changes: Partial<AblateResult> = {}, state: 'measured' | 'failed' = 'measured') {
  const requests: AblateRequest[] = [];
  const ablate = (request: AblateRequest): Promise<AblateResult> => {
    requests.push(request);
    return Promise.resolve({
      ...{ run: null, series: 'EleutherAI/pythia-1b', kind: 'ablation', interrupted: false },
      paper: {
        ...{ name: 'pythia-1b', original: 0.838, top10Removed: 0.849, top10Kept: 0.225 },
        ...{ top50Removed: 0.835, top50Kept: 0.318 },
      },
      results: [
        {
          ...{ stage: 'pretrain', revision: 'step143000', part: 'sciq', control: null, step: 143000, tokens: 3e11 },
          ...{ state, error: state === 'failed' ? 'no weights' : null, seconds: 1, path: null },
          finding: state === 'failed' ? null : finding,
        },
      ],
      ...changes,
    } as AblateResult);
  };
  return { requests, library: { ablate } };
}

const words = ['ablate', 'pythia-1b', '--task', 'sciq', '--corpus', 'pile.jsonl'];

describe('ablate', () => {
  it("asks for the paper's variants by default", async () => {
    const { requests, library } = fake();
    const { status } = await type(words, { library });
    expect(status).toBe(0);
    expect(requests).toEqual([
      {
        ...{ series: 'pythia-1b', tasks: ['sciq'], items: [], keep: ['10', '50'], remove: ['10', '50'], mean: true },
        ...{ randomDraws: 3, randomSeed: 0, data: [], fewshot: 0, fewshotSeed: 1234, limit: null },
        ...{ corpus: 'pile.jsonl', ids: null, field: 'text', sequences: 15000, minTokens: 32, maxTokens: 512 },
        ...{ seed: null, rows: null, position: 'last', out: null, revisions: 'all', tokensPerStep: null },
        ...{ memory: null, threads: requests[0]!.threads, force: false, randomInit: null },
      },
    ]);
  });

  it('takes bands, the origin, draws and files of questions', async () => {
    const { requests, library } = fake();
    await type(
      [
        ...['ablate', 's', '--items', 'a.jsonl', '--items', 'b.jsonl', '--ids', 'ids.jsonl', '--no-mean'],
        ...['--keep', 'none', '--remove', '5,11..100', '--random', '0', '--position', 'mean'],
      ],
      { library },
    );
    expect(requests[0]).toMatchObject({
      ...{ items: ['a.jsonl', 'b.jsonl'], ids: 'ids.jsonl', corpus: null, mean: false, keep: [] },
      ...{ remove: ['5', '11..100'], randomDraws: 0, position: 'mean' },
    });
  });

  it('shows a row a variant, its test, its control and the paper beside it', async () => {
    const { out } = await type(words, { library: fake().library, columns: 140 });
    expect(out).toBe(
      [
        'sciq at step143000, 300B tokens: 1,000 questions',
        '  directions of Σ over 15,000 states of pile.jsonl, d = 2048, rank 2047, about their mean',
        'variant            variance            acc          change      p       vs random          ln p        change  paper',
        'original                     0.838 ± 0.012                                         −1.25 ± 0.05                0.838',
        'top-10 removed       44.3 %  0.849 ± 0.011  +0.011 ± 0.005  0.041  −0.002 ± 0.004  −1.50 ± 0.06  −0.25 ± 0.02  0.849',
        'random-10 removed            0.851 ± 0.011  +0.013 ± 0.003  2e-12                  −1.30 ± 0.05  −0.05 ± 0.01',
        "  ± a standard error over questions; p of right and wrong by McNemar's exact test (random: paired t); random: the mean of 3 subspaces of that size",
        '  Σ is of 100 rows',
        '',
      ].join('\n'),
    );
  });

  it('gives JSON alone where asked, and the status of what failed', async () => {
    const { out } = await type([...words, '--json'], { library: fake().library });
    expect((JSON.parse(out) as AblateResult).results[0]!.finding!.values).toHaveLength(13);
    expect((await type(words, { library: fake({}, 'failed').library })).status).toBe(1);
    expect((await type(words, { library: fake({ interrupted: true }).library })).status).toBe(130);
  });

  it('refuses what makes no sense before anything is opened', async () => {
    const { requests, library } = fake();
    const refused = async (...more: string[]): Promise<string> => (await type([...words, ...more], { library })).err;
    expect(await refused('--keep', 'ten')).toContain('--keep: is no list of directions, got ten');
    expect(await refused('--ids', 'x')).toContain('--ids: given together with --corpus');
    expect((await type(['ablate', 's', '--corpus', 'c'], { library })).err).toContain('--task: is missing');
    expect((await type(['ablate', 's', '--task', 'sciq'], { library })).err).toContain('--corpus');
    expect(requests).toEqual([]);
  });
});
