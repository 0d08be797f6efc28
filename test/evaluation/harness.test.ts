/**
 * Every task whose prompts are lm-evaluation-harness's: the same prompts to the letter, the same log-likelihoods, text and
 * scores, without and with examples (test/golden/tasks: made-up rows, the sample's step6000).
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluate, evaluateDefaults, openTask, type EvaluateResult } from '../../src/evaluation/index.js';
import { askTask } from '../../src/evaluation/data.js';
import { readEvaluations } from '../../src/evaluation/index.js';
import { visitDefaults } from '../../src/visit/index.js';
import { golden } from '../golden/checkpoint.js';

interface GoldenTask {
  readonly fewshot: number;
  readonly rows: object[];
  readonly pool: object[];
  readonly items: {
    readonly requests: [string, string | null][];
    readonly responses: ([number, boolean] | number | string)[];
    readonly target: number | string | null;
  }[];
  readonly results: Record<string, number | null>;
}
const file = JSON.parse(readFileSync(golden('tasks/tasks.json'), 'utf8')) as { tasks: Record<string, GoldenTask> };
const names = Object.keys(file.tasks);
const series = fileURLToPath(new URL('../../sample/series/step6000', import.meta.url));

let folder: string;
const results: Record<number, EvaluateResult> = {};
const dataOf = (name: string): string => join(folder, `${name}.jsonl`);

function requestOf(fewshot: number) {
  const own = names.filter((name) => file.tasks[name]!.fewshot === fewshot).map((name) => name.replace(/-\d$/, ''));
  return {
    ...{ ...visitDefaults, ...evaluateDefaults, series, out: join(folder, `run-${fewshot}`), threads: 1, fewshot },
    // Twelve tokens as in the golden file, not the 256 of the task.
    tasks: own.map((task) => (task === 'triviaqa' ? join(folder, 'triviaqa.task.json') : task)),
    data: own.map((task) => `${task}=${dataOf(`${task}-${fewshot}`)}`),
    // LAMBADA has one split: its examples are other questions.
    examples: own
      .filter((task) => fewshot > 0 && task !== 'lambada_openai')
      .map((task) => `${task}=${dataOf(`${task}-pool`)}`),
  };
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'harness-'));
  const lines = (rows: object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  for (const [name, { rows, pool, fewshot }] of Object.entries(file.tasks)) {
    writeFileSync(dataOf(name), lines(rows));
    if (fewshot > 0) writeFileSync(dataOf(name.replace(/-\d$/, '-pool')), lines(pool));
  }
  const { path } = await openTask('triviaqa');
  const triviaqa = JSON.parse(readFileSync(path, 'utf8')) as object;
  writeFileSync(join(folder, 'triviaqa.task.json'), JSON.stringify({ ...triviaqa, maxTokens: 12 }));
  mkdirSync(join(folder, 'cache'));
  for (const fewshot of [0, 2]) results[fewshot] = await evaluate(requestOf(fewshot));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe.each(names)('%s', (name) => {
  const task = name.replace(/-\d$/, '');
  const expected = file.tasks[name]!;

  it('has the prompts of the harness', async () => {
    const request = requestOf(expected.fewshot);
    const asked = await askTask(await openTask(task), request, [
      task,
      ...names.map((each) => each.replace(/-\d$/, '')),
    ]);
    expect(asked.questions).toHaveLength(expected.items.length);
    asked.questions.forEach((question, i) => {
      const { requests } = expected.items[i]!;
      if (question.kind === 'choice') {
        expect(question.contexts.map((context, c) => [context, question.continuations[c]])).toEqual(requests);
      } else if (question.kind === 'last-word') {
        expect([question.context, question.continuation]).toEqual(requests[0]);
      } else if (question.kind === 'generation') expect(question.context).toBe(requests[0]![0]);
      else expect(question.text).toBe(requests[0]![0]);
    });
  });

  it('has the scores of the harness', () => {
    const result = results[expected.fewshot]!.results.find(({ finding }) => finding?.options['task'] === task)!;
    expect(result.error).toBeNull();
    const { values, detail } = result.finding!;
    const items = detail!['items'] as Record<string, unknown>[];
    expected.items.forEach(({ responses }, i) => {
      const item = items[i]!;
      responses.forEach((response, c) => {
        if (typeof response === 'string') {
          expect(item['text']).toBe(response);
          return;
        }
        const own = ((item['loglikelihoods'] as number[] | undefined)?.[c] ?? item['loglikelihood']) as number;
        const theirs = typeof response === 'number' ? response : response[0];
        // A page is hundreds of tokens.
        expect(Math.abs(own - theirs)).toBeLessThan(typeof response === 'number' ? 3e-4 * 10 : 3e-4);
        if (typeof response === 'number') return;
        const greedy = Array.isArray(item['greedy']) ? (item['greedy'] as boolean[])[c] : item['greedy'];
        expect(greedy).toBe(response[1]);
      });
    });
    let compared = 0;
    for (const [key, theirs] of Object.entries(expected.results)) {
      const [metric = ''] = key.split(',');
      if (theirs === null || metric.endsWith('_stderr')) continue;
      const own = values.find((value) => value.metric === metric)!.value!;
      expect(Math.abs(own - theirs) / Math.max(1, theirs)).toBeLessThan(1e-5);
      compared++;
    }
    expect(compared).toBeGreaterThan(0);
  });
});

describe('result files', () => {
  it("are written in the harness's layout, and read back as its own are", async () => {
    for (const fewshot of [0, 2]) {
      const { files, results: found } = results[fewshot]!;
      expect(files).toHaveLength(1);
      const { curves, notes } = await readEvaluations(files[0]!);
      expect(notes).toEqual([]);
      for (const { finding } of found) {
        for (const { metric, value, se, n } of finding!.values) {
          const name = metric === 'exact_match' ? 'exact_match[remove_whitespace]' : metric;
          const curve = curves.find((each) => each.task === finding!.options['task'] && each.metric === name)!;
          expect(curve.points).toMatchObject([{ revision: 'step6000', step: 6000, value, se, n }]);
        }
      }
    }
  });
});
