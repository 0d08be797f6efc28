/**
 * lm-evaluation-harness's scores of real questions (../shared, which may not be copied): every choice of SciQ and ARC, greedy
 * answers to TriviaQA's prompt, and the accuracies.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluate, evaluateDefaults, openTask, type EvaluateResult } from '../../src/evaluation/index.js';
import { visitDefaults } from '../../src/visit/index.js';

const shared = fileURLToPath(new URL('../../../shared', import.meta.url));

interface Choices {
  readonly acc: number;
  readonly acc_norm: number;
  readonly acc_bytes: number;
  readonly items: {
    readonly loglikelihoods: number[];
    readonly greedy: boolean[];
    readonly target: number;
    readonly continuation_tokens: number[];
  }[];
}
interface Written {
  readonly exact_match: number;
  readonly items: {
    readonly question: string;
    readonly aliases: string[];
    readonly generated: string;
    readonly greedy_ids: number[];
    readonly exact_match: number;
    readonly smallest_logit_margin: number;
  }[];
}

describe.skipIf(!existsSync(`${shared}/golden/evaluation`)).each(['llama', 'gpt_neox'])('%s', (name) => {
  let folder: string;
  let result: EvaluateResult;
  let golden: { sciq: Choices; arc_easy: Choices; triviaqa: Written };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'golden-tasks-'));
    const file = JSON.parse(readFileSync(`${shared}/golden/evaluation/evaluation.json`, 'utf8')) as {
      models: Record<string, { tasks: typeof golden }>;
    };
    golden = file.models[name]!.tasks;
    // The model's folder and the tokenizer that it lacks.
    const model = `${shared}/golden/evaluation/models/${name}`;
    for (const each of ['config.json', 'model.safetensors']) symlinkSync(`${model}/${each}`, join(folder, each));
    symlinkSync(`${shared}/data/tokenizers/gpt-neox-20b.json`, join(folder, 'tokenizer.json'));
    const token = '<|endoftext|>';
    writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify({ bos_token: token, eos_token: token }));
    const trivia = golden.triviaqa.items.map(({ question, aliases }) => ({ question, answer: { aliases } }));
    writeFileSync(join(folder, 'trivia.jsonl'), trivia.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const task = JSON.parse(readFileSync((await openTask('triviaqa')).path, 'utf8')) as object;
    writeFileSync(join(folder, 'triviaqa.task.json'), JSON.stringify({ ...task, maxTokens: 12 }));
    result = await evaluate({
      ...{ ...visitDefaults, ...evaluateDefaults, series: folder, out: null, threads: 2, limit: 60 },
      tasks: ['sciq', 'arc_easy', join(folder, 'triviaqa.task.json')],
      data: [
        `sciq=${shared}/data/tasks/sciq.jsonl`,
        `arc_easy=${shared}/data/tasks/arc_easy.jsonl`,
        `triviaqa=${join(folder, 'trivia.jsonl')}`,
      ],
    });
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const found = (task: string) => {
    const { finding, error } = result.results.find(({ part }) => part === task)!;
    expect(error).toBeNull();
    const value = (metric: string) => finding!.values.find((each) => each.metric === metric)!.value;
    return { value, items: finding!.detail!['items'] as Record<string, unknown>[] };
  };

  it.each(['sciq', 'arc_easy'] as const)('%s: every choice within 3e-4, the accuracies equal', (task) => {
    const { value, items } = found(task);
    const expected = golden[task];
    expect(items).toHaveLength(60);
    expected.items.forEach(({ loglikelihoods, greedy, target, continuation_tokens }, i) => {
      const own = items[i]!['loglikelihoods'] as number[];
      loglikelihoods.forEach((theirs, c) => expect(Math.abs(own[c]! - theirs)).toBeLessThan(3e-4));
      expect(items[i]).toMatchObject({ greedy, target, tokens: continuation_tokens });
    });
    for (const metric of ['acc', 'acc_norm', 'acc_bytes'] as const) expect(value(metric)).toBe(expected[metric]);
  });

  it('triviaqa: the greedy tokens, the text and the matches', () => {
    const { value, items } = found('triviaqa');
    golden.triviaqa.items.forEach(({ greedy_ids, generated, exact_match, smallest_logit_margin }, i) => {
      const own = items[i]!['ids'] as number[];
      expect(own.length).toBeGreaterThan(0);
      // Below it another order of sums may tip the choice.
      if (smallest_logit_margin > 0.01) {
        expect(own).toEqual(greedy_ids.slice(0, own.length));
        expect(items[i]).toMatchObject({ text: generated, exact_match });
      }
    });
    expect(value('exact_match')).toBe(golden.triviaqa.exact_match);
  });
});
