/** The job over a series: figures that must hold whatever the model, reuse, and what is said of bad requests. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ablate, ablateDefaults, type AblateRequest } from '../../src/ablation/index.js';
import { variantsOf } from '../../src/ablation/variant.js';
import { exportRun, verifyRun, openRun } from '../../src/record/index.js';
import { copySeries, temporary } from '../trace/command-line.js';

let folder: string;
let series: string;
let out: string;

const request = (changes: Partial<AblateRequest> = {}): AblateRequest => ({
  ...ablateDefaults,
  ...{ series, out, tasks: ['cloze'], limit: 40, corpus: 'sample:', field: 'text', sequences: 200, minTokens: 0 },
  ...{ maxTokens: 48, seed: null, rows: null, position: 'last', randomDraws: 2 },
  ...{ revisions: 'all', tokensPerStep: null, randomInit: null, threads: 1, force: false },
  ...changes,
});

beforeAll(async () => {
  folder = await temporary();
  process.env['EIGENTRACE_CACHE'] = join(folder, 'cache');
  series = await copySeries(join(folder, 'tiny'), { step6000: 'step6000' });
  out = join(folder, 'run');
});
afterAll(async () => {
  delete process.env['EIGENTRACE_CACHE'];
  await rm(folder, { recursive: true, force: true });
});

describe('ablate', () => {
  it('keeps all and removes none to the same answers, and stores what export and verify read', async () => {
    const { results, paper } = await ablate(request({ keep: ['10', '128'], remove: ['11..128', '128'] }));
    expect(paper).toBeNull();
    expect(results.map(({ state, error }) => [state, error])).toEqual([['measured', null]]);
    const { values, flags, detail } = results[0]!.finding!;
    const of = (variant: string, metric: string) =>
      values.find((value) => value.name === `cloze: ${variant}` && value.metric === metric);
    expect(of('original', 'acc')).toMatchObject({ n: 40, definition: 'ablation-1' });
    expect(of('original', 'acc')!.value).toBeGreaterThan(0.5);
    // All 128 directions kept is the model itself; the band removed about the mean is the first ten kept.
    expect(of('top-128 kept', 'acc')!.value).toBe(of('original', 'acc')!.value);
    expect(of('top-128 kept', 'logprob_change')!.value).toBeCloseTo(0, 4);
    expect(of('top-128 kept', 'acc_mcnemar_p')!.value).toBe(1);
    expect(of('11..128 removed', 'logprob')!.value).toBeCloseTo(of('top-10 kept', 'logprob')!.value!, 4);
    // Nothing but the mean is left: every context gets the same distribution.
    expect(of('top-128 removed', 'acc')!.value).toBeLessThan(of('original', 'acc')!.value!);
    expect(of('top-10 kept', 'acc_change')!.value).toBeCloseTo(
      of('top-10 kept', 'acc')!.value! - of('original', 'acc')!.value!,
      12,
    );
    expect(of('top-10 kept', 'acc_vs_random')!.value).toBeCloseTo(
      of('top-10 kept', 'acc')!.value! - of('random-10 kept', 'acc')!.value!,
      12,
    );
    expect(flags.map(({ code }) => code)).toContain('beyond-rank');
    const shown = detail as {
      basis: { rank: number };
      variants: { name: string; right: string[]; variance?: number }[];
    };
    expect(shown.basis.rank).toBe(127);
    const [original] = shown.variants;
    expect(Array.from(original!.right[0]!).filter((each) => each === '1').length / 40).toBe(
      of('original', 'acc')!.value,
    );
    expect(shown.variants.find(({ name }) => name === 'top-128 kept')!.variance).toBeCloseTo(1, 12);

    const { content } = await exportRun(await openRun(out), { format: 'csv', table: 'ablation' });
    expect(Buffer.from(content).toString()).toContain('cloze: top-10 kept,acc_change');
    expect(await verifyRun(out)).toMatchObject({ sound: true, problems: [], checked: { findings: 1 } });
  });

  it('reuses what is there, draws the same subspaces from the same seed, and others from another', async () => {
    const asked = request({ keep: [], remove: ['30'], out: join(folder, 'again') });
    const first = await ablate(asked);
    expect((await ablate(asked)).results[0]!.state).toBe('reused');
    const forced = await ablate({ ...asked, force: true });
    expect(forced.results[0]!.state).toBe('measured');
    expect(forced.results[0]!.finding!.values).toEqual(first.results[0]!.finding!.values);
    const other = await ablate({ ...asked, randomSeed: 1 });
    const names = other.results[0]!.finding!.values.map(({ name }) => name);
    expect(new Set(names)).toEqual(new Set(['cloze: original', 'cloze: top-30 removed', 'cloze: random-30 removed']));
    const logprob = ({ results }: typeof first) =>
      results[0]!.finding!.values.find(({ name, metric }) => name.includes('random') && metric === 'logprob')!.value;
    expect(logprob(other)).not.toBe(logprob(first));
  });

  it('takes questions from a file, as texts or token ids, and projects about the origin', async () => {
    const texts = join(folder, 'texts.jsonl');
    const ids = join(folder, 'ids.jsonl');
    await writeFile(texts, '{"context": "And he went", "choices": ["to", "whom", "of"], "target": 0}\n');
    await writeFile(ids, '{"context": [5, 9, 12], "choices": [[7], [8, 9]], "target": 1}\n');
    const { results } = await ablate(
      request({
        tasks: [],
        items: [texts, ids],
        out: null,
        keep: ['128'],
        remove: ['128'],
        mean: false,
        randomDraws: 0,
      }),
    );
    expect(results.map(({ part, state }) => [part, state])).toEqual([
      ['texts', 'measured'],
      ['ids', 'measured'],
    ]);
    const values = results[1]!.finding!.values;
    const removed = values.find(({ name, metric }) => name === 'ids: top-128 removed' && metric === 'logprob')!;
    // A state of zero: all 1,024 tokens are as likely (the unembedding has no bias).
    expect(removed.value).toBeCloseTo(-2 * Math.log(1024), 4);
    expect(removed.se).toBeNull();
  });

  it('says what is wrong', async () => {
    const bad = join(folder, 'bad.jsonl');
    await expect(ablate(request({ keep: ['129'] }))).rejects.toThrow(
      '--keep: more directions than the states have, got 129 (expected at most 128, the width of checkpoint step6000)',
    );
    await expect(ablate(request({ remove: ['0'] }))).rejects.toThrow('--remove: is no number of directions, got "0"');
    await expect(ablate(request({ remove: ['20..10'] }))).rejects.toThrow('expected K ≥ 1, or a band');
    await expect(ablate(request({ keep: [], remove: [] }))).rejects.toThrow('nothing to do');
    await expect(ablate(request({ tasks: [] }))).rejects.toThrow('--task: is missing');
    await expect(ablate(request({ tasks: ['addition'] }))).rejects.toThrow('has no answers to choose from');
    await expect(ablate(request({ tasks: ['clozze'] }))).rejects.toThrow('nearest: cloze');
    await writeFile(bad, '{"context": [1], "choices": [[2], [3]], "target": 2}\n');
    await expect(ablate(request({ tasks: [], items: [bad] }))).rejects.toThrow(
      'the label is none of the choices, got 2',
    );
    await writeFile(bad, '{"context": [1], "choices": [[2], []], "target": 1}\n');
    await expect(ablate(request({ tasks: [], items: [bad] }))).rejects.toThrow('choice 1: no token ids, got []');
    await writeFile(bad, '{"context": "a", "choices": ["b", ""], "target": 1}\n');
    await expect(ablate(request({ tasks: [], items: [bad] }))).rejects.toThrow('choice 1 is empty');
  });
});

describe('variants', () => {
  it('are each asked once, the random ones by size and mode', () => {
    const { variants, widest } = variantsOf(['10', '1..10'], ['11..20', '5'], 2);
    expect(variants).toHaveLength(1 + 3 + 6);
    expect(widest).toEqual({ rank: 20, option: '--remove' });
  });
});
