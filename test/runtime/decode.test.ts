/** What is kept gives the same states as reading everything anew, for every family: chunks, batches, forks, windows. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Model } from '../../src/models/index.js';
import { continueAll, Decoder, ModelProcess, scoredStates, type WrittenRow } from '../../src/runtime/index.js';
import { golden, modelSource, reference } from '../golden/checkpoint.js';

const families = [
  ...['gpt_neox', 'gpt_neox_sequential', 'gpt_neox_float16', 'olmo', 'olmo_clip', 'olmo2', 'olmo3', 'olmo3_yarn'],
  ...[
    'llama',
    'llama_tied',
    'llama_rope_scaled',
    'llama_sharded',
    'mistral',
    'qwen2',
    'qwen3',
    'gemma2',
    'gemma3_text',
  ],
  ...['gpt2', 'opt'],
];
const options = { threads: 1 };

let child: ModelProcess;
beforeAll(() => {
  child = ModelProcess.start();
});
afterAll(() => {
  child.kill(new Error('done') as never);
});

/** Largest difference, relative to the largest expected state. */
function difference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  const scale = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0) / scale;
}

/** Final states of the last token of each sequence, read whole. */
const whole = (model: Model, sequences: Int32Array[]): Promise<Float32Array> =>
  scoredStates(
    child,
    model,
    sequences,
    sequences.map((ids) => [ids.length - 1]),
    options,
  );

describe.each(families)('%s', (name) => {
  it('step by step, in chunks of any length, forked: as the whole sequences', async () => {
    const model = Model.read(await modelSource(golden(`architectures/${name}`)));
    const { ids } = await reference(golden(`architectures/${name}`));
    const [a, b, c] = [ids[3]!, ids[4]!, ids[5]!];
    const longest = Math.max(...ids.map((each) => each.length)) + 8;
    const decoder = await Decoder.load(child, model, { ...options, maxTokens: longest });
    // Prompts of different lengths, then chunks of different lengths, then single tokens.
    const cuts = [
      [7, 1, 3],
      [9, 6, 4],
      [10, 7, 5],
      [11, 8, 6],
    ];
    const cut = (k: number): Int32Array[] => [a, b, c].map((each, s) => each.slice(0, cuts[k]![s]));
    const piece = (k: number): Int32Array[] => [a, b, c].map((each, s) => each.slice(cuts[k - 1]![s], cuts[k]![s]));
    let { kept, states } = await decoder.prefill(cut(0));
    expect(difference(states, await whole(model, cut(0)))).toBeLessThan(1e-5);
    ({ kept, states } = await decoder.append(kept, piece(1)));
    expect(difference(states, await whole(model, cut(1)))).toBeLessThan(1e-5);
    for (const k of [2, 3]) {
      const next = Int32Array.from(piece(k), (each) => each[0]!);
      ({ kept, states } = await decoder.step(kept, next));
      expect(difference(states, await whole(model, cut(k)))).toBeLessThan(1e-5);
    }
    expect(kept.lengths).toEqual(cuts[3]);
    // Forks go their own ways, and what they were forked from goes on as if nothing had happened.
    const forked = await decoder.expand(kept, [2, 0, 0]);
    expect(forked.lengths).toEqual([6, 11, 11]);
    const ways = [Int32Array.of(1, 2, 3), Int32Array.of(4), Int32Array.of(5, 6)];
    const away = await decoder.append(forked, ways);
    const followed = (tokens: Int32Array, more: Int32Array) => Int32Array.from([...tokens, ...more]);
    const [now] = [cut(3)];
    const expected = [followed(now[2]!, ways[0]!), followed(now[0]!, ways[1]!), followed(now[0]!, ways[2]!)];
    expect(difference(away.states, await whole(model, expected))).toBeLessThan(1e-5);
    const narrowed = await decoder.narrow(kept, [1]);
    const last = await decoder.step(narrowed, Int32Array.of(7));
    expect(difference(last.states, await whole(model, [followed(now[1]!, Int32Array.of(7))]))).toBeLessThan(1e-5);
    await decoder.release(away.kept);
    await decoder.release(last.kept);
    await expect(decoder.step(last.kept, Int32Array.of(1))).rejects.toThrow('internal: no cache');
    await decoder.close();
  });
});

describe('a batch that thins out', () => {
  it.each([
    ['stays in its memory where none is put back', [3, 1, 2]],
    ['stays there where one is taken twice', [2, 2, 3]],
    ['is copied where one is put back', [1, 0, 3]],
    ['is copied where it grows', [0, 1, 2, 3, 3]],
  ])('%s', async (_, rows) => {
    const model = Model.read(await modelSource(golden('architectures/llama')));
    const { ids } = await reference(golden('architectures/llama'));
    const texts = [7, 5, 3, 6].map((length, b) => ids[3]!.slice(b, b + length));
    const decoder = await Decoder.load(child, model, { ...options, maxTokens: 12 });
    const { kept } = await decoder.prefill(texts);
    const narrowed = await decoder.narrow(kept, rows);
    expect(narrowed.lengths).toEqual(rows.map((row) => texts[row]!.length));
    // The numbers are those of the sequences that are left, now and after the buffer has grown.
    const left = rows.map((row) => [...texts[row]!]);
    let now = narrowed;
    for (const step of [1, 2, 3]) {
      const next = Int32Array.from(rows, (_, b) => step + 5 * b);
      left.forEach((each, b) => each.push(next[b]!));
      const stepped = await decoder.step(now, next);
      now = stepped.kept;
      const expected = await whole(
        model,
        left.map((each) => Int32Array.from(each)),
      );
      expect(difference(stepped.states, expected)).toBeLessThan(1e-5);
    }
    await decoder.release(now);
    await decoder.close();
  });

  it('writes the same texts, wherever each ends', async () => {
    const model = Model.read(await modelSource(golden('architectures/llama')));
    const { ids } = await reference(golden('architectures/llama'));
    const prompts = [2, 9, 4, 6, 5, 3].map((length, b) => ids[3]!.slice(b, b + length));
    const lengths = [4, 1, 9, 2, 6, 2];
    const write = async (batch: number): Promise<number[][]> => {
      const enough = ({ prompt, ids }: WrittenRow) => ids.length === lengths[prompt];
      const how = { ...options, maxNewTokens: 9, ends: [], enough, batch };
      return (await continueAll(child, model, prompts, how)).map(([row]) => [...row!.ids]);
    };
    const alone = await write(1);
    expect(alone.map((each) => each.length)).toEqual(lengths);
    expect(await write(4)).toEqual(alone);
    expect(await write(6)).toEqual(alone);
  });
});

describe('long prompts', () => {
  it('are read in chunks, and the buffer grows', async () => {
    const model = Model.read(await modelSource(golden('architectures/mistral')));
    const random = (length: number, seed: number) =>
      Int32Array.from({ length }, (_, i) => (i * i * 7 + seed * i + seed) % model.vocabulary);
    const prompts = [random(700, 3), random(400, 5)];
    const decoder = await Decoder.load(child, model, { ...options, maxTokens: 900 });
    let { kept, states } = await decoder.prefill(prompts);
    expect(difference(states, await whole(model, prompts))).toBeLessThan(1e-5);
    for (let t = 0; t < 100; t++) {
      ({ kept, states } = await decoder.step(kept, Int32Array.of(t % 50, (3 * t) % 50)));
      prompts[0] = Int32Array.from([...prompts[0]!, t % 50]);
      prompts[1] = Int32Array.from([...prompts[1]!, (3 * t) % 50]);
    }
    expect(difference(states, await whole(model, prompts))).toBeLessThan(1e-5);
    await decoder.release(kept);
  });

  it('refuses keys that a stretching rotary embedding makes wrong', async () => {
    const source = await modelSource(golden('architectures/llama'));
    const rope = { rope_type: 'dynamic', factor: 2, rope_theta: 10_000 };
    const config = { ...source.config, max_position_embeddings: 20, rope_parameters: rope };
    const model = Model.read({ ...source, config });
    await expect(Decoder.load(child, model, { ...options, maxTokens: 21 })).rejects.toThrow(
      "checkpoint llama: its rotary embedding stretches with the sequence, so keys can't be kept, got up to 21 tokens (expected at most 20)",
    );
    const { ids } = await reference(golden('architectures/llama'));
    const short = ids[3]!.slice(0, 12);
    const decoder = await Decoder.load(child, model, { ...options, maxTokens: 20 });
    const { kept } = await decoder.prefill([short.slice(0, 5)]);
    const { states } = await decoder.append(kept, [short.slice(5)]);
    expect(difference(states, await whole(model, [short]))).toBeLessThan(1e-5);
  });
});
