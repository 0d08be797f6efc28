/**
 * `--memory` where tokens are scored: a model in as many stages as there are has the numbers of one session, in tasks,
 * ablation, directions and memorization; too little is refused with the least that works, which does; and writing texts,
 * which can't be done in stages, is refused before the model is loaded.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { ablate, ablateDefaults } from '../../src/ablation/index.js';
import { openTokenizer } from '../../src/corpus/index.js';
import { movedTokens } from '../../src/directions/unembedding.js';
import { EigentraceError } from '../../src/errors.js';
import { Model } from '../../src/models/index.js';
import { ModelProcess } from '../../src/runtime/index.js';
import { openCheckpoint } from '../../src/checkpoints/index.js';
import { directions, directionsDefaults } from '../../src/directions/index.js';
import { evaluate, evaluateDefaults } from '../../src/evaluation/index.js';
import { generate, generateDefaults } from '../../src/generation/index.js';
import { memorize, memorizeDefaults } from '../../src/memorization/index.js';
import type { Finding } from '../../src/record/index.js';
import { visitDefaults, type VisitResult } from '../../src/visit/index.js';
import { fakeService } from '../infinigram/service.js';
import { sample, temporary } from '../trace/command-line.js';
import { writeDeepModel } from '../trace/deep-model.js';

vi.setConfig({ testTimeout: 120_000 });

let folder: string;
let model: string;
beforeAll(async () => {
  folder = await temporary();
  process.env['EIGENTRACE_CACHE'] = join(folder, 'cache');
  await writeDeepModel((model = visited.series = join(folder, 'model')));
});
afterAll(async () => {
  delete process.env['EIGENTRACE_CACHE'];
  await rm(folder, { recursive: true, force: true });
});

const visited = { ...visitDefaults, series: '', out: null, threads: 1 };
const text = { corpus: 'sample:', field: 'text', sequences: 12, minTokens: 0, maxTokens: 40, seed: null, rows: null };

/** The same in one session and within the least that works, which a refusal names. */
async function bothOf(
  find: (memory: { memory?: number; out?: string }) => Promise<Pick<VisitResult, 'results'>>,
): Promise<[Finding, Finding]> {
  const whole = (await find({})).results[0]!;
  expect([whole.state, whole.error]).toEqual(['measured', null]);
  expect(whole.finding!.provenance['stages']).toBeUndefined();
  const refused = await find({ memory: 2 ** 20 }).then(() => 'nothing', String);
  expect(refused).toMatch(/--memory: too small for checkpoint \S+, got 1MiB \(expected at least \d+MiB\)/);
  const least = Number(/at least (\d+)MiB/.exec(refused)![1]);
  const staged = (await find({ memory: least * 2 ** 20 })).results[0]!;
  expect([staged.state, staged.error]).toEqual(['measured', null]);
  // The embeddings, and the blocks few at a time.
  expect(staged.finding!.provenance['stages']).toBeGreaterThanOrEqual(4);
  expect(staged.finding!.key).toBe(whole.finding!.key);
  expect(staged.finding!.options).toEqual(whole.finding!.options);
  return [whole.finding!, staged.finding!];
}

/** Every number of both, where they stand; all else must be the same. */
function worst(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return Math.abs(a - b) / Math.max(1, Math.abs(a));
  if (typeof a !== 'object' || a === null) {
    expect(b).toEqual(a);
    return 0;
  }
  const [x, y] = [Object.entries(a), Object.entries(b as object)];
  expect(y.map(([name]) => name)).toEqual(x.map(([name]) => name));
  return x.reduce((most, [, value], i) => Math.max(most, worst(value, y[i]![1])), 0);
}

it('tasks: the log-likelihood of every answer', async () => {
  const [whole, staged] = await bothOf((memory) =>
    evaluate({ ...visited, ...evaluateDefaults, tasks: ['cloze'], limit: 10, ...memory }),
  );
  expect(worst([whole.values, whole.detail], [staged.values, staged.detail])).toBeLessThan(1e-6);
});

it('ablation: the basis and every variant', async () => {
  const [whole, staged] = await bothOf((memory) =>
    ablate({
      ...visited,
      ...ablateDefaults,
      ...text,
      tasks: ['cloze'],
      position: 'last',
      keep: ['5'],
      limit: 8,
      randomDraws: 1,
      ...memory,
    }),
  );
  expect(worst(whole.values, staged.values)).toBeLessThan(1e-5);
});

it('directions: eigenvalues, passages and tokens', async () => {
  const [whole, staged] = await bothOf((memory) =>
    directions({ ...visited, ...directionsDefaults, ...text, tokens: 3, ...memory }),
  );
  expect(worst(whole.values, staged.values)).toBeLessThan(1e-5);
  const tokens = ({ detail }: Finding) =>
    (
      detail as { directions: { positive: { tokens: { id: number }[]; passages: { row: number }[] } }[] }
    ).directions.map(({ positive }) => [positive.tokens.map(({ id }) => id), positive.passages.map(({ row }) => row)]);
  expect(tokens(staged)).toEqual(tokens(whole));
});

it('directions: the tokens of a head in pieces', async () => {
  const read = Model.read(await openCheckpoint(model));
  const vectors = Float64Array.from({ length: 2 * read.width }, (_, i) => Math.sin(i));
  const child = ModelProcess.start();
  try {
    const moved = (memory: number | null) => movedTokens(child, read, vectors, 5, { threads: 1, memory });
    const [whole, pieces] = [await moved(null), await moved(1)];
    const ids = (ends: typeof whole) =>
      ends.map(({ positive, negative }) => [...positive, ...negative].map(({ id }) => id));
    // From all four quarters of the vocabulary.
    expect(
      new Set(
        ids(whole)
          .flat()
          .map((id) => id >> 8),
      ).size,
    ).toBe(4);
    expect(ids(pieces)).toEqual(ids(whole));
    expect(worst(whole, pieces)).toBeLessThan(1e-6);
  } finally {
    child.kill(new EigentraceError('interrupted', 'done'));
  }
});

it('memorization: the log-likelihood of every answer', async () => {
  const tokenizer = await openTokenizer(join(sample, 'series/tokenizer.json'));
  const lines = (await readFile(join(sample, 'corpus/heldout.jsonl'), 'utf8')).split('\n').slice(0, 10);
  const tokens = lines.flatMap((line) => [65535, ...tokenizer.encode((JSON.parse(line) as { text: string }).text)]);
  const service = await fakeService(tokens, (text) => [...tokenizer.encode(text)]);
  const cloze = (await readFile(join(sample, 'tasks/cloze.jsonl'), 'utf8')).split('\n').slice(0, 12);
  await writeFile(join(folder, 'cloze.jsonl'), cloze.join('\n'));
  const index = { index: 'hosted:heldout', hostedUrl: service.url, hostedConcurrency: 8, hostedRate: 1e5 };
  const asked = { questions: [join(folder, 'cloze.jsonl')], prompt: '{context}', control: 'none' as const, draws: 20 };
  try {
    const [whole, staged] = await bothOf((memory) =>
      memorize({ ...memorizeDefaults, ...visited, ...index, indexTokenizer: model, ...asked, ...memory }),
    );
    expect(whole.values.length).toBeGreaterThan(0);
    expect(worst([whole.values, whole.detail], [staged.values, staged.detail])).toBeLessThan(1e-5);
  } finally {
    await service.close();
  }
});

it('texts are written by all of a model or not at all', async () => {
  const message =
    /writing texts needs all of the model at once, about \d+MiB, got 300MiB by --memory \(expected as much\)/;
  const memory = 300 * 2 ** 20;
  const task = evaluate({ ...visited, ...evaluateDefaults, tasks: ['addition'], limit: 2, memory });
  await expect(task).rejects.toThrow(message);
  const text = generate({ ...visited, ...generateDefaults, prompts: ['And'], promptsFile: null, memory });
  await expect(text).rejects.toThrow(message);
});
