/** Scores of continuations against transformers' log-probabilities and logits, and against lm-evaluation-harness's own. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTokenizer } from '../../src/corpus/index.js';
import { Model } from '../../src/models/index.js';
import { headScores, loadScoreHead, ModelProcess, score, scoredStates } from '../../src/runtime/index.js';
import { golden, modelSource, reference } from '../golden/checkpoint.js';

const families = [
  ...['gpt_neox', 'gpt_neox_sequential', 'olmo', 'olmo_clip', 'olmo2', 'olmo3', 'olmo3_yarn', 'llama', 'llama_tied'],
  ...['llama_rope_scaled', 'mistral', 'qwen2', 'qwen3', 'gemma2', 'gemma3_text', 'gpt2', 'opt'],
];
const options = { threads: 1 };

let child: ModelProcess;
beforeAll(() => {
  child = ModelProcess.start();
});
afterAll(() => {
  child.kill(new Error('done') as never);
});

/** ln softmax in float64. */
function logSoftmax(logits: Float32Array): Float64Array {
  const most = logits.reduce((a, b) => Math.max(a, b));
  const sum = logits.reduce((total, value) => total + Math.exp(value - most), 0);
  return Float64Array.from(logits, (value) => value - most - Math.log(sum));
}

describe.each(families)('%s', (name) => {
  const folder = golden(`architectures/${name}`);

  it('scores continuations as transformers does', async () => {
    const model = Model.read(await modelSource(folder));
    const { ids, float } = await reference(folder);
    const long = ids[3]!;
    const expected = float('logprobs_3');
    // Cut at several places; one-token continuations beside longer ones that begin with them or not.
    const items = [3, 10, long.length - 2].map((cut) => ({
      context: long.slice(0, cut),
      continuations: [long.slice(cut), long.slice(cut, cut + 1), long.slice(cut, cut + 2)],
    }));
    const scores = await score(child, model, items, options);
    for (const [i, cut] of [3, 10, long.length - 2].entries()) {
      for (const [c, continuation] of items[i]!.continuations.entries()) {
        const { logprobs, cut: lost } = scores[i]![c]!;
        expect(logprobs.length).toBe(continuation.length);
        expect(lost).toBe(0);
        logprobs.forEach((value, j) => expect(Math.abs(value - expected[cut - 1 + j]!)).toBeLessThan(5e-5));
      }
    }
  });

  it('scores answers that branch from one context as if each were alone', async () => {
    const model = Model.read(await modelSource(folder));
    const { ids } = await reference(folder);
    const answers = [[5, 6, 7, 8, 9, 10, 11], [5, 6, 9, 2], [3], [12, 5, 6, 7], [3, 3]];
    const continuations = answers.map((each) => Int32Array.from(each));
    const items = ids.map((context) => ({ context, continuations }));
    const together = await score(child, model, items, options);
    for (const [c, continuation] of continuations.entries()) {
      const apart = await score(
        child,
        model,
        ids.map((context) => ({ context, continuations: [continuation] })),
        options,
      );
      apart.forEach((alone, i) => {
        const { logprobs, greedy } = together[i]![c]!;
        logprobs.forEach((value, j) => expect(Math.abs(value - alone[0]!.logprobs[j]!)).toBeLessThan(1e-5));
        expect(greedy).toBe(alone[0]!.greedy);
      });
    }
  });

  it('gives the log-softmax of the last token in float64, its argmax and its likeliest tokens', async () => {
    const model = Model.read(await modelSource(folder));
    const { ids, float } = await reference(folder);
    const states = await scoredStates(
      child,
      model,
      ids,
      ids.map((each) => [each.length - 1]),
      options,
    );
    const head = await loadScoreHead(child, model, { ...options, top: true });
    const rows = ids.flatMap((_, row) => [row, row]);
    const tokens = ids.flatMap((_, row) => [row, model.vocabulary - 1 - row]);
    const got = await headScores(head, states, { rows, tokens }, 3);
    for (let row = 0; row < ids.length; row++) {
      const expected = logSoftmax(float(`logits_${row}`));
      for (const n of [2 * row, 2 * row + 1]) {
        expect(Math.abs(got.logprobs[n]! - expected[tokens[n]!]!)).toBeLessThan(5e-5);
      }
      const order = Array.from(expected.keys()).sort((a, b) => expected[b]! - expected[a]!);
      expect(got.argmax[row]).toBe(order[0]);
      expect([...got.top!.ids.subarray(3 * row, 3 * row + 3)]).toEqual(order.slice(0, 3));
      for (let k = 0; k < 3; k++) {
        expect(Math.abs(got.top!.logprobs[3 * row + k]! - expected[order[k]!]!)).toBeLessThan(5e-5);
      }
    }
  });
});

describe('the softmax', () => {
  it('is as exact as float64 on the float32 logits', async () => {
    const model = Model.read(await modelSource(golden('architectures/gpt_neox')));
    const { ids } = await reference(golden('architectures/gpt_neox'));
    const states = await scoredStates(child, model, [ids[3]!], [[...ids[3]!.keys()]], options);
    await child.load('head', model.headGraph('logits'), 1);
    const R = ids[3]!.length;
    const { logits } = await child.run('head', { states: { type: 'float32', data: states, dims: [R, model.width] } });
    const head = await loadScoreHead(child, model, options);
    const rows = Array.from({ length: R }, (_, row) => row);
    const { logprobs } = await headScores(head, states, {
      rows,
      tokens: rows.map((row) => (7 * row) % model.vocabulary),
    });
    const V = model.vocabulary;
    rows.forEach((row) => {
      const expected = logSoftmax((logits!.data as Float32Array).subarray(row * V, (row + 1) * V));
      expect(Math.abs(logprobs[row]! - expected[(7 * row) % V]!)).toBeLessThan(2e-7);
    });
  });
});

describe('items', () => {
  it('gives the same scores in any batch, and says which continuations are greedy', async () => {
    const model = Model.read(await modelSource(golden('architectures/llama')));
    const { ids } = await reference(golden('architectures/llama'));
    const items = ids.slice(1).map((each) => ({
      context: each.slice(0, -1),
      continuations: [each.slice(-1), Int32Array.of(1), Int32Array.of(1, 2, 3)],
    }));
    const together = await score(child, model, items, options);
    const alone = await score(child, model, items, { ...options, budget: 1 });
    const head = await loadScoreHead(child, model, options);
    for (const [i, item] of items.entries()) {
      together[i]!.forEach(({ logprobs }, c) =>
        logprobs.forEach((value, j) => expect(Math.abs(value - alone[i]![c]!.logprobs[j]!)).toBeLessThan(1e-5)),
      );
      const last = [[item.context.length - 1]];
      const states = await scoredStates(child, model, [item.context], last, options);
      const { argmax } = await headScores(head, states, { rows: [], tokens: [] });
      const [greedy] = await score(
        child,
        model,
        [{ context: item.context, continuations: [argmax, Int32Array.of((argmax[0]! + 1) % model.vocabulary)] }],
        options,
      );
      expect(greedy!.map((each) => each.greedy)).toEqual([true, false]);
    }
  });

  it('cuts what is longer than the model from the left, and counts it', async () => {
    const model = Model.read(await modelSource(golden('architectures/llama')));
    const { ids } = await reference(golden('architectures/llama'));
    const long = ids[3]!;
    const whole = { context: long.slice(0, -2), continuations: [long.slice(-2), long.slice(-2, -1)] };
    const [cut] = await score(child, model, [whole], { ...options, maxTokens: 8 });
    const lost = long.length - 1 - 8;
    expect(cut!.map((each) => each.cut)).toEqual([lost, lost - 1]);
    const apart = await score(
      child,
      model,
      [
        { context: long.slice(lost, -2), continuations: [long.slice(-2)] },
        { context: long.slice(lost - 1, -2), continuations: [long.slice(-2, -1)] },
      ],
      options,
    );
    cut!.forEach(({ logprobs }, c) =>
      logprobs.forEach((value, j) => expect(Math.abs(value - apart[c]![0]!.logprobs[j]!)).toBeLessThan(1e-5)),
    );
    await expect(score(child, model, [whole], { ...options, maxTokens: 1 })).rejects.toThrow(
      'item 0: continuation 0 is longer than the model, got 2 tokens (expected at most 1)',
    );
  });

  it('refuses empty contexts, empty continuations and ids outside the vocabulary', async () => {
    const model = Model.read(await modelSource(golden('architectures/llama')));
    const run = (context: number[], continuation: number[]) =>
      score(
        child,
        model,
        [{ context: Int32Array.from(context), continuations: [Int32Array.from(continuation)] }],
        options,
      );
    await expect(run([], [1])).rejects.toThrow('item 0: context is empty, got no token (expected at least one)');
    await expect(run([1], [])).rejects.toThrow('item 0: continuation 0 is empty');
    await expect(run([1, -1], [1])).rejects.toThrow(
      'item 0: token id outside the vocabulary of checkpoint llama, got -1',
    );
    await expect(run([1], [model.vocabulary])).rejects.toThrow(`got ${model.vocabulary} (expected 0 to`);
  });
});

interface GoldenItem {
  readonly loglikelihoods: number[];
  readonly greedy: boolean[];
  readonly continuation_tokens: number[];
  readonly context?: string;
  readonly continuations?: string[];
}

const shared = fileURLToPath(new URL('../../../shared', import.meta.url));
describe.skipIf(!existsSync(`${shared}/golden/evaluation`))(
  'lm-evaluation-harness (../shared/golden/evaluation)',
  () => {
    it.each(['llama', 'gpt_neox'])('%s: the log-likelihood of every choice within 3e-4', async (name) => {
      const folder = `${shared}/golden/evaluation`;
      const model = Model.read(await modelSource(`${folder}/models/${name}`));
      const tokenizer = await openTokenizer(`${shared}/data/tokenizers/gpt-neox-20b.json`);
      const file = JSON.parse(readFileSync(`${folder}/evaluation.json`, 'utf8')) as {
        models: Record<string, { tasks: Record<string, { items: GoldenItem[] }> }>;
      };
      for (const task of ['sciq', 'arc_easy']) {
        const golden = file.models[name]!.tasks[task]!.items.filter((item) => item.context !== undefined);
        expect(golden.length).toBe(4);
        const items = golden.map(({ context, continuations }) => {
          const start = tokenizer.encode(context!);
          return {
            context: start,
            continuations: continuations!.map((each) => tokenizer.encode(context! + each).slice(start.length)),
          };
        });
        const scores = await score(child, model, items, { threads: 2 });
        golden.forEach((item, i) => {
          scores[i]!.forEach(({ logprobs, greedy }, c) => {
            const sum = logprobs.reduce((a, b) => a + b, 0);
            expect(Math.abs(sum - item.loglikelihoods[c]!)).toBeLessThan(3e-4);
            expect(greedy).toBe(item.greedy[c]);
            expect(logprobs.length).toBe(item.continuation_tokens[c]);
          });
        });
      }
    });
  },
);
