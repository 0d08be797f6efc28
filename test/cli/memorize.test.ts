import { describe, expect, test } from 'vitest';
import type { FindingValue, MemorizationSummary, MemorizeRequest, MemorizeResult } from '../../src/cli/library.js';
import { type } from './fakes.js';

const value = (
  metric: string,
  own: number | null,
  se: number | null,
  more: Partial<FindingValue> = {},
): FindingValue => ({
  ...{ name: 'sciq.jsonl', metric, value: own, se, n: 400, definition: 'memorization[strict]@1' },
  ...more,
});
const values = (partial: number | null): FindingValue[] => [
  value('rho', 0.4, 0.03),
  value(
    'rho_partial',
    partial,
    partial === null ? null : 0.05,
    partial === null ? { reason: 'the likelihoods do not vary' } : {},
  ),
  value('rho_per_token', 0.1, 0.04),
  value('rho_published', 0.5, 0.03, { n: 90 }),
  value('nll_per_token', 3.1, null),
  value('zero_items', 0.775, null),
  value('zero_tokens', 0.547, null),
  value('dropped_items_published', 0.25, null),
];
const judged = { interval: [0.1, 0.3] as const, p: 0.001, pHolm: 0.002, difference: 0.2, se: 0.04 };
const points: MemorizationSummary['points'] = [
  { stage: 'pretrain', revision: 'step0', step: 0, tokens: 0, isControl: true, values: values(-0.14), against: null },
  {
    ...{
      stage: 'pretrain',
      revision: 'step6000',
      step: 6000,
      tokens: 24_576_000,
      isControl: false,
      values: values(0.06),
    },
    against: { strict: { ...judged, verdict: 'above' }, published: { ...judged, verdict: 'not resolved' } },
  },
];
const summary: MemorizationSummary = {
  ...{ series: 'tiny', what: 'questions', name: 'sciq.jsonl', index: 'pile.index', points },
  control: { kind: 'step 0', values: points[0]!.values },
  suffixes: [
    { name: '≤3', share: 0.2541 },
    { name: '>8', share: 0.0134 },
  ],
  conclusion: { strict: 'memorization: it is claimed', published: 'no memorization is claimed: it is not' },
};

function fake(result: Partial<MemorizeResult> = {}) {
  const requests: MemorizeRequest[] = [];
  const memorize = (request: MemorizeRequest): Promise<MemorizeResult> => {
    requests.push(request);
    const found = { run: 'run', series: 'tiny', kind: 'memorization' as const, results: [], interrupted: false };
    return Promise.resolve({ ...found, summaries: [summary], ...result });
  };
  return { library: { memorize }, requests };
}

const line = 'memorize ckpts --index pile.index --questions a.jsonl --questions b.parquet --out run';

describe('memorize', () => {
  test('asks for what was typed, the rest by default', async () => {
    const { library, requests } = fake();
    const { status } = await type(`${line} --passages held.jsonl --limit 100 --control none --seed-is-no-option`, {
      library,
    });
    expect(status).toBe(2);
    await type(`${line} --passages held.jsonl --limit 100 --control none --hosted-rate 5`, { library });
    expect(requests[0]).toMatchObject({
      ...{ series: 'ckpts', index: 'pile.index', questions: ['a.jsonl', 'b.parquet'], out: 'run', limit: 100 },
      ...{ prompt: 'Question: {question?} Answer:', passages: ['held.jsonl'], control: 'none', hostedRate: 5 },
      ...{ hostedUrl: 'https://api.infini-gram.io/', offline: false, subsets: 10, draws: 1000, promptTokens: 32 },
    });
  });

  test('its defaults are those of the library', async () => {
    const { memorizeDefaults } = await import('../../src/memorization/request.js');
    const { library, requests } = fake();
    await type('memorize ckpts --index pile.index --out run', { library });
    expect(requests[0]).toMatchObject(memorizeDefaults);
  });

  test('prints a row a checkpoint with errors, the control, the zeros, the suffixes and what may be said', async () => {
    const { stdout } = await type(line, { library: fake().library });
    expect(stdout.text).toBe(
      [
        'sciq.jsonl: 400 questions against pile.index, zeros strict',
        'revision  tokens          ρ   partial ρ  per token ρ    nll  partial ρ − control',
        'step0          0  0.40 ±.03  −0.14 ±.05    0.10 ±.04  3.100  the control',
        'step6000   24.6M  0.40 ±.03   0.06 ±.05    0.10 ±.04  3.100  +0.20 ±.04 above',
        '77.5\u00a0% of answers have a token of probability 0 and rank lowest; tokens of the suffix found:',
        '≤3\u00a025.4\u00a0%, >8\u00a01.3\u00a0%',
        'memorization: it is claimed',
        '',
      ].join('\n'),
    );
    const published = await type(`${line} --zeros published`, { library: fake().library });
    expect(published.stdout.text).toContain('sciq.jsonl: 90 questions against pile.index, zeros published');
    expect(published.stdout.text).toContain(
      '54.7\u00a0% of answer tokens have probability 0 and are skipped, 25.0\u00a0% of answers',
    );
    expect(published.stdout.text).toContain('no memorization is claimed: it is not');
  });

  test('an absent figure has its reason, drawn weights a row of their own', async () => {
    const absent = {
      ...summary,
      points: [{ ...points[1]!, values: values(null), against: null }],
      control: { kind: 'random-init' as const, values: values(0.1) },
    };
    const { stdout } = await type(line, { library: fake({ summaries: [absent] }).library });
    expect(stdout.text).toContain('random weights       –  0.40 ±.03  0.10 ±.05    0.10 ±.04  3.100  the control');
    expect(stdout.text).toContain('partial ρ is absent: the likelihoods do not vary');
  });

  test('passages: agreement and extraction', async () => {
    const passages: MemorizationSummary = {
      ...summary,
      ...{ what: 'passages', name: 'train.txt', conclusion: null },
      points: points.map((point) => ({
        ...point,
        against: null,
        values: [
          value('gap', 2.2715, 0.034),
          value('token_rho', 0.109, 0.012),
          value('possible_tokens', 0.99, 0.001, { n: 38_100 }),
          value('extractable', 0.01, 0.004, { n: 300, definition: 'memorization[extractable 32+32]@1' }),
        ],
      })),
    };
    const { stdout } = await type(line, { library: fake({ summaries: [passages] }).library });
    expect(stdout.text).toContain('step6000   24.6M     2.272 ±.034  0.109 ±.012  0.0100 ±.0040');
    expect(stdout.text).toContain('p∞ > 0 for 99.0\u00a0% of 38.1k tokens; 300 windows, extractable 32+32 tokens');
  });

  test('ends as trace does: 0, 3 when some failed, 1 when all, 130 when stopped', async () => {
    const end = async (states: ('measured' | 'failed')[], interrupted = false) => {
      const results = states.map((state, i) => ({
        ...{ stage: 'pretrain', revision: `step${i}`, part: 'a', control: null, step: i, tokens: null, state },
        ...{ error: state === 'failed' ? 'it is cut short' : null, seconds: 1, path: null, finding: null },
      }));
      return type(line, { library: fake({ results, interrupted }).library });
    };
    expect((await end(['measured'])).status).toBe(0);
    const some = await end(['measured', 'failed']);
    expect(some.status).toBe(3);
    expect(some.stderr.text).toContain('2 findings: 1 measured, 0 reused, 1 failed; 0:00; in run');
    expect(some.stderr.text).toContain('step1 failed: it is cut short');
    expect((await end(['failed'])).status).toBe(1);
    expect((await end(['measured'], true)).status).toBe(130);
  });

  test('--json is the result, and nothing else', async () => {
    const { stdout } = await type(`${line} --json`, { library: fake().library });
    expect(JSON.parse(stdout.text)).toMatchObject({ run: 'run', summaries: [{ name: 'sciq.jsonl' }] });
  });
});
