/** `evaluate` whole: the sample's own figures, reuse, what is kept, flagged and refused, data sets on a Hub. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { evaluate, evaluateDefaults, type EvaluateRequest } from '../../src/evaluation/index.js';
import { openRun, readFindings } from '../../src/record/index.js';
import { visitDefaults } from '../../src/visit/index.js';
import { HubServer } from '../hub/server.js';

const step6000 = fileURLToPath(new URL('../../sample/series/step6000', import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'evaluate-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const request = (changes: Partial<EvaluateRequest>): EvaluateRequest => ({
  ...{ ...visitDefaults, ...evaluateDefaults, series: step6000, tasks: ['cloze'], out: null, threads: 2 },
  ...changes,
});
const write = (name: string, rows: readonly object[] | object): string => {
  const path = join(folder, name);
  const text = Array.isArray(rows) ? rows.map((row) => `${JSON.stringify(row)}\n`).join('') : JSON.stringify(rows);
  writeFileSync(path, text);
  return path;
};

describe('the sample', () => {
  it('has the accuracies that its makers found, and keeps them', async () => {
    const out = join(folder, 'run');
    const tasks = ['cloze', 'addition'];
    const asked = request({ series: 'sample:', revisions: 'step64,step6000', tasks, limit: 400, out });
    const first = await evaluate(asked);
    expect(first.results.map(({ revision, part, state }) => [revision, part, state])).toEqual([
      ['step64', 'cloze', 'measured'],
      ['step64', 'addition', 'measured'],
      ['step6000', 'cloze', 'measured'],
      ['step6000', 'addition', 'measured'],
    ]);
    const value = (revision: string, part: string) =>
      first.results.find((each) => each.revision === revision && each.part === part)!.finding!.values[0]!;
    // sample/README.md: cloze 0.318 and 0.745 of 400.
    expect(value('step64', 'cloze')).toMatchObject({ metric: 'acc', value: 127 / 400, n: 400 });
    expect(value('step6000', 'cloze')).toMatchObject({ metric: 'acc', value: 298 / 400, n: 400 });
    // Its greedy answers to a, b < 20 are nearly all right, the others never: the first 400 sums are a < 10, b < 40.
    expect(value('step64', 'addition').value).toBe(0);
    const sums = first.results[3]!.finding!.detail!['items'] as { exact_match: number; text: string }[];
    const rows = readFileSync(fileURLToPath(new URL('../../sample/tasks/addition.jsonl', import.meta.url)), 'utf8')
      .split('\n', 400)
      .map((line) => JSON.parse(line) as { answer: string; range: string });
    sums.forEach(({ exact_match, text }, i) => expect(exact_match).toBe(text.trim() === rows[i]!.answer ? 1 : 0));
    const right = (range: string) => sums.filter((sum, i) => rows[i]!.range === range && sum.exact_match === 1).length;
    expect([right('0-19') > 190, right('20-39')]).toEqual([true, 0]);

    const again = await evaluate(asked);
    expect(again.results.every(({ state }) => state === 'reused')).toBe(true);
    const { findings, problems } = await readFindings(await openRun(out), 'tasks');
    expect([findings.length, problems.length]).toEqual([4, 0]);
    expect(again.files.map((path) => existsSync(path))).toEqual([true, true]);

    // Another number of questions is another finding beside it.
    const fewer = await evaluate({ ...asked, revisions: 'step64', tasks: ['cloze'], limit: 10 });
    expect(fewer.results[0]).toMatchObject({ state: 'measured', finding: { values: [{ n: 10 }, {}, {}] } });
    expect((await readFindings(await openRun(out), 'tasks')).findings).toHaveLength(5);
  });
});

describe('questions', () => {
  it('longer than the model are cut from the left, counted and flagged', async () => {
    const long = 'and the LORD said unto them, '.repeat(60);
    const rows = [
      { context: `${long}Behold`, choices: ['now', 'the land'], label: 0 },
      { context: 'In the beginning', choices: ['God', 'the'], label: 0 },
    ];
    const { results } = await evaluate(request({ data: [write('long.jsonl', rows)] }));
    const [flag] = results[0]!.finding!.flags.filter(({ code }) => code === 'context-cut');
    expect(flag).toMatchObject({ count: 1 });
    expect(flag!.message).toMatch(
      /^1 of 2 questions are longer than the model's 256 tokens: \d+ tokens were cut from the left$/,
    );
    // What is left is what a question of the last tokens has.
    const short = { ...rows[0]!, context: `${long.slice(-1400)}Behold` };
    const { results: cut } = await evaluate(request({ data: [write('cut.jsonl', [short, rows[1]!])] }));
    const scores = (found: typeof results) =>
      (found[0]!.finding!.detail!['items'] as { loglikelihoods: number[] }[])[0]!.loglikelihoods;
    scores(cut).forEach((value, c) => expect(Math.abs(value - scores(results)[c]!)).toBeLessThan(1e-4));
  });

  it('of a file of one’s own task, whose perplexity is that of its text', async () => {
    const task = {
      ...{ task: 'mine', version: '2', data: { file: 'mine.jsonl' }, kind: 'perplexity', text: '{body | trim}' },
    };
    write('mine.jsonl', [
      { body: ' In the beginning God created the heaven and the earth. ' },
      { body: 'And it was so.' },
    ]);
    const { results } = await evaluate(request({ tasks: [write('mine.task.json', task)] }));
    const { values, options, detail } = results[0]!.finding!;
    expect(options).toMatchObject({ task: 'mine', version: '2' });
    const items = detail!['items'] as { loglikelihood: number; tokens: number; words: number; bytes: number }[];
    expect(items.map(({ words, bytes }) => [words, bytes])).toEqual([
      [10, 54],
      [4, 14],
    ]);
    const total = -items.reduce((sum, item) => sum + item.loglikelihood, 0);
    const expected = { word_perplexity: Math.exp(total / 14), byte_perplexity: Math.exp(total / 68) };
    const rates = { bits_per_byte: total / 68 / Math.LN2, nll: total / (items[0]!.tokens + items[1]!.tokens) };
    for (const [metric, value] of Object.entries({ ...expected, ...rates })) {
      expect(values.find((each) => each.metric === metric)!.value).toBeCloseTo(value, 10);
    }
  });

  it('of a data set are fetched from the Hub, their examples from its other split', async () => {
    const hub = await HubServer.start();
    try {
      const rows = (names: string[]): Uint8Array =>
        new Uint8Array(
          parquetWriteBuffer({
            columnData: [
              { name: 'question', data: names.map((name) => `What is ${name}?`), type: 'STRING' },
              ...['distractor1', 'distractor2', 'distractor3'].map((name) => ({
                ...{ name, data: names.map(() => 'water'), type: 'STRING' as const },
              })),
              { name: 'correct_answer', data: names, type: 'STRING' },
              { name: 'support', data: names.map(() => ''), type: 'STRING' },
            ],
          }),
        );
      await hub.serve('datasets/allenai/sciq', {
        branches: {
          main: { 'README.md': '' },
          'refs/convert/parquet': {
            'default/test/0000.parquet': rows(['wine', 'oil']),
            'default/train/0000.parquet': rows(['salt', 'milk', 'honey']),
          },
        },
      });
      for (const [name, value] of Object.entries(hub.env(join(folder, 'home')))) vi.stubEnv(name, value);
      const { results } = await evaluate(request({ tasks: ['sciq'], fewshot: 1 }));
      const { detail, values } = results[0]!.finding!;
      expect(values[0]).toMatchObject({ name: 'sciq (1-shot)', metric: 'acc', n: 2 });
      expect(detail!['data']).toMatchObject({
        rows: 2,
        name: expect.stringMatching(/^hf:allenai\/sciq::test@[0-9a-f]{40}$/) as string,
      });
      vi.stubEnv('HF_ENDPOINT', 'http://127.0.0.1:9');
      vi.stubEnv('HF_HOME', join(folder, 'empty'));
      vi.stubEnv('HF_HUB_CACHE', join(folder, 'empty/hub'));
      vi.stubEnv('HF_HUB_OFFLINE', '1');
      await expect(evaluate(request({ tasks: ['sciq'] }))).rejects.toThrow(
        /^task sciq: .*; or give its questions yourself: --data FILE/,
      );
    } finally {
      await hub.close();
    }
  });

  it.each<[string, Partial<EvaluateRequest>, string]>([
    ['no rows', { data: ['EMPTY'] }, 'task cloze: no questions, got an empty '],
    ['a label outside the choices', { data: ['LABEL'] }, 'bad.jsonl:1: the label is none of the choices, got "7"'],
    ['an unknown task', { tasks: ['clooze'] }, '--task: no such task, got clooze (nearest: cloze, '],
    ['a file for which task', { tasks: ['cloze', 'addition'], data: ['LABEL'] }, '--data: which task is it for, got '],
    ['too few examples', { data: ['LABEL'], fewshot: 3 }, '--fewshot: task cloze has too few rows for examples, got 1'],
    [
      'examples before a text',
      { tasks: ['perplexity'], fewshot: 1, limit: 1 },
      '--fewshot: a perplexity has no examples',
    ],
    ['half an example', { fewshot: 0.5 }, '--fewshot: got 0.5 (expected a whole number ≥ 0)'],
    ['no questions', { limit: 0 }, '--limit: got 0 (expected a whole number ≥ 1)'],
  ])('are refused: %s', async (_, changes, message) => {
    const files: Record<string, string> = {
      EMPTY: write('empty.jsonl', []),
      LABEL: write('bad.jsonl', [{ context: 'a', choices: ['b', 'c'], label: 7 }]),
    };
    const data = changes.data?.map((name) => files[name]!) ?? [];
    await expect(evaluate(request({ ...changes, data }))).rejects.toThrow(message);
  });
});
