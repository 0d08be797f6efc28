import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTokenizer } from '../../src/corpus/index.js';
import { memorize, memorizeDefaults, type MemorizeRequest } from '../../src/memorization/index.js';
import { detailOf, type PassageDetail, type QuestionDetail } from '../../src/memorization/detail.js';
import { exportRun, openRun, verifyRun } from '../../src/record/index.js';
import { fakeService, type FakeService } from '../infinigram/service.js';
import { copySeries, sample, temporary } from '../trace/command-line.js';
import { goldenMemorization, isThere, shared } from './golden.js';

let folder: string;
beforeAll(async () => {
  folder = await temporary();
  process.env['EIGENTRACE_CACHE'] = join(folder, 'cache');
});
afterAll(async () => {
  delete process.env['EIGENTRACE_CACHE'];
  await rm(folder, { recursive: true });
});

const hosted = { hostedConcurrency: 32, hostedRate: 100_000 };
const request = (changes: Partial<MemorizeRequest> & Pick<MemorizeRequest, 'series' | 'index' | 'out'>) => ({
  ...{ ...memorizeDefaults, revisions: 'all', tokensPerStep: null, threads: 2, force: false, draws: 50 },
  ...changes,
});

describe.skipIf(!isThere)('the golden question set, from files to figures', () => {
  test('gives the ρ, shares and suffixes of the reference', async () => {
    const golden = goldenMemorization();
    const checkpoint = join(folder, 'llama', 'step1');
    await mkdir(checkpoint, { recursive: true });
    for (const name of ['config.json', 'model.safetensors'])
      await copyFile(`${shared}golden/evaluation/models/llama/${name}`, join(checkpoint, name));
    await copyFile(`${shared}data/tokenizers/gpt-neox-20b.json`, join(checkpoint, 'tokenizer.json'));
    const { results, summaries } = await memorize(
      request({
        ...{
          series: join(folder, 'llama'),
          index: `${shared}golden/infinigram/index`,
          out: join(folder, 'golden-run'),
        },
        ...{ subsets: 4, limit: 120 },
        ...{ questions: [`${shared}data/tasks/sciq.jsonl`], control: 'none' as const },
      }),
    );
    expect(results.map(({ state, error }) => [state, error])).toEqual([['measured', null]]);
    const { finding } = results[0]!;
    expect(finding!.flags.map(({ code }) => code)).toEqual(['index-tokenizer-assumed']);
    expect(finding!.options['index']).toBe('index');
    const value = (metric: string) => finding!.values.find((each) => each.metric === metric)!.value;
    expect(value('rho')).toBeCloseTo(0.39645, 5);
    expect(value('rho')).toBeCloseTo(golden.strict.spearman, 9);
    expect(value('rho_published')).toBeCloseTo(golden.published.spearman, 9);
    expect(value('rho_partial')).toBeCloseTo(-0.14, 2);
    expect(value('rho_partial_published')).toBeCloseTo(0.14, 2);
    expect(value('zero_items')).toBe(golden.strict.share_of_items_with_a_zero);
    expect(value('zero_tokens')).toBe(golden.published.share_of_zero_tokens);
    expect(value('dropped_items_published')).toBe(golden.published.dropped_items / 120);
    const { items, figures, suffix_lengths } = detailOf(finding!) as QuestionDetail;
    expect(suffix_lengths).toEqual(Object.values(golden.suffix_length_histogram));
    expect(figures.strict.rho.subsets.se).toBeCloseTo(golden.strict.subsets.standard_error, 9);
    items.forEach(([lm, strict, published], i) => {
      expect(lm).toBeCloseTo(golden.items[i]!.lm_logprob, 3);
      expect(strict === null).toBe(golden.items[i]!.log_p_strict === null);
      expect(published ?? 0).toBeCloseTo(golden.items[i]!.log_p_published ?? 0, 12);
    });
    expect(summaries[0]!.conclusion!.strict).toBe(
      'no memorization is claimed: there is no control (step 0 or random weights) to compare with',
    );
  });
});

describe('the sample', () => {
  let service: FakeService;
  let series: string;
  let base: MemorizeRequest;
  beforeAll(async () => {
    series = await copySeries(join(folder, 'tiny'), { step0: 'step0', step6000: 'step6000' });
    const lines = (await readFile(join(sample, 'corpus/heldout.jsonl'), 'utf8')).split('\n').slice(0, 40);
    const corpus = join(folder, 'passages.jsonl');
    await writeFile(corpus, lines.join('\n'));
    const tokenizer = await openTokenizer(join(sample, 'series/tokenizer.json'));
    const tokens = lines.flatMap((line) => [65535, ...tokenizer.encode((JSON.parse(line) as { text: string }).text)]);
    service = await fakeService(tokens, (text) => [...tokenizer.encode(text)]);
    const cloze = (await readFile(join(sample, 'tasks/cloze.jsonl'), 'utf8')).split('\n').slice(0, 60);
    await writeFile(join(folder, 'cloze.jsonl'), cloze.join('\n'));
    base = request({
      ...{ series, index: 'hosted:heldout', out: join(folder, 'run'), hostedUrl: service.url, ...hosted },
      ...{ questions: [join(folder, 'cloze.jsonl')], prompt: '{context}', indexTokenizer: join(sample, 'series') },
    });
  });
  afterAll(() => service.close());

  test('is compared with its step 0, asked for once, used again, told in the table, and verified', async () => {
    const first = await memorize(base);
    expect(first.results.map(({ revision, state }) => [revision, state])).toEqual([
      ['step0', 'measured'],
      ['step6000', 'measured'],
    ]);
    const { length: asked } = service.asked;
    const [summary] = first.summaries;
    expect(summary).toMatchObject({ series: 'tiny', what: 'questions', name: 'cloze.jsonl', index: 'hosted:heldout' });
    expect(summary!.control!.kind).toBe('step 0');
    expect(summary!.points.map(({ revision, isControl }) => [revision, isControl])).toEqual([
      ['step0', true],
      ['step6000', false],
    ]);
    expect(summary!.points[1]!.against!.strict.se).toBeGreaterThan(0);
    expect(summary!.conclusion!.strict).toMatch(/partial ρ of step6000/);
    const nll = first.results.map(
      ({ finding }) => finding!.values.find(({ metric }) => metric === 'nll_per_token')!.value!,
    );
    // A model that has learned nothing gives each of 1,024 tokens about as much.
    expect(nll[0]).toBeGreaterThan(6.5);
    expect(nll[1]).toBeLessThan(4.5);

    const second = await memorize(base);
    expect(second.results.map(({ state }) => state)).toEqual(['reused', 'reused']);
    expect(second.summaries).toEqual(first.summaries);
    await memorize({ ...base, force: true, offline: true, revisions: 'step6000', out: join(folder, 'other') });
    expect(service.asked).toHaveLength(asked);

    const { content } = await exportRun(await openRun(base.out!), { format: 'csv', table: 'memorization' });
    const [head, ...rows] = Buffer.from(content).toString().trim().split(/\r?\n/);
    expect(head).toBe('series,stage,revision,step,tokens,name,metric,value,se,n,definition,flags');
    expect(rows).toHaveLength(20);
    expect(rows.some((row) => row.includes('step6000') && row.includes('rho_partial_published'))).toBe(true);
    expect(await verifyRun(base.out!, {})).toMatchObject({ sound: true, problems: [] });
  });

  test('drawn weights are the control where step 0 is not among the checkpoints', async () => {
    const out = join(folder, 'drawn');
    const { results, summaries } = await memorize({ ...base, out, revisions: 'step6000' });
    expect(results.map(({ control }) => control?.kind ?? null)).toEqual([null, 'random-init']);
    expect(summaries).toHaveLength(1);
    expect(summaries[0]!.control!.kind).toBe('random-init');
    expect(summaries[0]!.points).toHaveLength(1);
    expect(summaries[0]!.conclusion!.strict).toContain('random weights');
  });

  test('other options are found again; two sets stand side by side', async () => {
    const notes: string[] = [];
    const onEvent = (event: { type: string; message?: string }) => event.type === 'note' && notes.push(event.message!);
    const limited = await memorize({ ...base, limit: 30 }, { onEvent });
    expect(limited.results.map(({ state }) => state)).toEqual(['measured', 'measured']);
    expect(notes[0]).toMatch(/^step0: found with other options \(questions: /);
    await writeFile(join(folder, 'sums.jsonl'), '{"question":"1 + 1 = ?","answer":"2"}\n'.repeat(3));
    const two = await memorize({ ...base, limit: 30, prompt: '{context}', questions: base.questions });
    expect(two.results.every(({ state }) => state === 'reused')).toBe(true);
    const sums = { ...base, prompt: 'Question: {question}\\nAnswer:', questions: [join(folder, 'sums.jsonl')] };
    const { results } = await memorize(sums);
    expect(results[0]!.finding!.variant).not.toBeNull();
    expect(results[0]!.finding!.values[0]).toMatchObject({ metric: 'rho', value: null });
    expect(results[0]!.finding!.values[0]!.reason).toContain('do not vary');
  });

  test('without its tokenizer the hosted service tokenises', async () => {
    const out = join(folder, 'service');
    const given = await memorize({
      ...base,
      out: join(folder, 'given'),
      revisions: 'step6000',
      control: 'none',
      limit: 20,
    });
    const own = await memorize({
      ...base,
      out,
      indexTokenizer: null,
      revisions: 'step6000',
      control: 'none',
      limit: 20,
    });
    expect(own.results[0]!.finding!.values).toEqual(given.results[0]!.finding!.values);
  });

  test('passages: agreement token by token, and what is reproduced', async () => {
    const passages = join(folder, 'passages.jsonl');
    const out = join(folder, 'passages');
    const asked = {
      ...base,
      out,
      questions: [],
      passages: [passages],
      passageCount: 6,
      passageTokens: 40,
      promptTokens: 8,
      extractTokens: 2,
    };
    const { results, summaries } = await memorize(asked);
    expect(results.map(({ error }) => error)).toEqual([null, null]);
    const value = (i: number, metric: string) => results[i]!.finding!.values.find((each) => each.metric === metric)!;
    // The index holds the passages: every token is possible, and nearly certain after a few.
    expect(value(1, 'possible_tokens')).toMatchObject({ value: 1, n: 6 * 39 });
    expect(value(1, 'gap').value!).toBeLessThan(value(0, 'gap').value!);
    expect(value(0, 'extractable')).toMatchObject({ value: 0, n: 6, definition: 'memorization[extractable 8+2]@1' });
    const { by_position: bars, suffix_lengths: lengths } = detailOf(results[1]!.finding!) as PassageDetail;
    expect(bars.map(({ from, tokens }) => [from, tokens])).toEqual([
      [1, 6],
      [2, 12],
      [4, 24],
      [8, 48],
      [16, 96],
      [32, 48],
    ]);
    expect(lengths.reduce((sum, count) => sum + count, 0)).toBe(6 * 39);
    expect(summaries[0]).toMatchObject({ what: 'passages', conclusion: null });
  });

  test('what is wrong is said at once', async () => {
    await expect(memorize({ ...base, questions: [] })).rejects.toThrow('--questions: is missing');
    await expect(memorize({ ...base, questions: [...base.questions, ...base.questions] })).rejects.toThrow(
      'two have one name',
    );
    await expect(memorize({ ...base, passages: ['sample:'], passageTokens: 40 })).rejects.toThrow(
      '--passage-tokens: is shorter than a window, got 40 (expected at least 64)',
    );
    const none = { ...base, out: join(folder, 'none'), indexTokenizer: null, passages: ['sample:'], questions: [] };
    await expect(memorize(none)).rejects.toThrow(
      /--passages: tokens are compared one by one, got an index of another tokenizer/,
    );
  });
});
