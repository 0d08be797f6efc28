/** `generate` over two checkpoints of the sample: draws that nothing beside them changes, stops, the store, bad input. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generate, generateDefaults, type GeneratedPrompt, type GenerateRequest } from '../../src/generation/index.js';
import { exportRun, openRun, verifyRun } from '../../src/record/index.js';
import { visitDefaults } from '../../src/visit/index.js';
import { copySeries, temporary } from '../trace/command-line.js';

let folder: string;
let series: string;
beforeAll(async () => {
  folder = await temporary();
  process.env['EIGENTRACE_CACHE'] = join(folder, 'cache');
  series = await copySeries(join(folder, 'tiny'), { step0: 'step0', step16: 'step16' });
});
afterAll(async () => {
  delete process.env['EIGENTRACE_CACHE'];
  await rm(folder, { recursive: true, force: true });
});

const asked = (changes: Partial<GenerateRequest>): GenerateRequest => ({
  ...{ ...visitDefaults, ...generateDefaults, series, out: null, threads: 1, maxNewTokens: 12 },
  ...{ prompts: ['The cat sat on'], ...changes },
});
const written = async (changes: Partial<GenerateRequest>): Promise<GeneratedPrompt[][]> => {
  const { results } = await generate(asked(changes));
  return results.map(({ finding, error }) => {
    expect(error).toBeNull();
    return finding!.detail!['prompts'] as GeneratedPrompt[];
  });
};
const drawn = { revisions: 'step16', temperature: 0.9, topK: 50, topP: 0.95, seed: 3 };

describe('generate', () => {
  it('draws the same tokens alone, in a batch, among other prompts and with more samples', async () => {
    const [alone] = await written({ ...drawn, batch: 1 });
    const prompts = ['A', 'The cat sat on', 'Once upon a time there was a little'];
    const [among] = await written({ ...drawn, prompts, samples: 3 });
    const [again] = await written({ ...drawn, prompts, samples: 3, batch: 2 });
    const first = alone![0]!.completions[0]!;
    expect(first.ids.length).toBeGreaterThan(5);
    expect(among![1]!.completions[0]).toEqual(first);
    expect(again).toEqual(among);
    const texts = among![1]!.completions.map(({ ids }) => ids.join(' '));
    expect(new Set(texts).size).toBe(3);
    const [other] = await written({ ...drawn, seed: 4 });
    expect(other![0]!.completions[0]!.ids).not.toEqual(first.ids);
  });

  it('ends at a stop, which the text leaves out', async () => {
    const [plain] = await written({ revisions: 'step16' });
    const { text, ids } = plain![0]!.completions[0]!;
    const stop = text.slice(3, 6);
    const [stopped] = await written({ revisions: 'step16', stop: [stop] });
    const found = stopped![0]!.completions[0]!;
    expect(found).toMatchObject({ text: text.slice(0, text.indexOf(stop)), finish: 'stop' });
    expect(ids.slice(0, found.ids.length)).toEqual(found.ids);
    expect(found.ids.length).toBeLessThan(ids.length);
  });

  it('keeps what it wrote, uses it again, and tables it', async () => {
    const out = join(folder, 'run');
    const states = async (changes: Partial<GenerateRequest>): Promise<string[]> =>
      (await generate(asked({ out, ...changes }))).results.map(({ revision, state }) => `${revision} ${state}`);
    expect(await states({})).toEqual(['step0 measured', 'step16 measured']);
    expect(await states({ batch: 3 })).toEqual(['step0 reused', 'step16 reused']);
    expect(await states({ ...drawn, revisions: 'all' })).toEqual(['step0 measured', 'step16 measured']);
    const run = await openRun(out);
    const { content } = await exportRun(run, { format: 'csv', table: 'samples' });
    expect(Buffer.from(content).toString()).toMatch(/1: The cat sat on,distinct_2,/);
    expect((await verifyRun(out)).problems).toEqual([]);
  });

  it('cuts a prompt that leaves no room from the left, and says so', async () => {
    const long = 'the cat sat on the mat and '.repeat(400);
    const { results } = await generate(asked({ revisions: 'step16', prompts: [long], maxNewTokens: 4 }));
    const { detail, flags } = results[0]!.finding!;
    const [found] = detail!['prompts'] as [GeneratedPrompt];
    expect(found.cut).toBeGreaterThan(0);
    expect(flags).toContainEqual(expect.objectContaining({ code: 'context-cut', count: 1 }));
    const { results: none } = await generate(asked({ revisions: 'step16', maxNewTokens: 1e6 }));
    expect(none[0]!.error).toMatch(/no room for a prompt, got \d+ positions with 1000000 new tokens/);
  });

  it('reads prompts from files, and refuses what holds none', async () => {
    const file = join(folder, 'p.jsonl');
    await writeFile(file, '{"prompt": "A"}\n\n"B\\nC"\n"A"\n');
    const [found] = await written({ revisions: 'step16', promptsFile: file, prompts: ['B'], maxNewTokens: 1 });
    expect(found!.map(({ prompt }) => prompt)).toEqual(['B', 'A', 'B\nC']);
    await writeFile(file, '{"text": "A"}\n');
    await expect(generate(asked({ promptsFile: file }))).rejects.toThrow(/line 1: no prompt, got nothing/);
    await expect(generate(asked({ prompts: [] }))).rejects.toThrow(/--prompt: got none/);
    await expect(generate(asked({ prompts: [''] }))).rejects.toThrow(/--prompt 1: is empty/);
  });
});
