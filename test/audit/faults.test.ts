import { copyFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { auditSeries, type AuditOptions } from '../../src/trace/audit.js';
import { checkpointIn, folderOf, refusal } from '../checkpoints/folders.js';
import { config, revision, tensors } from './revisions.js';

type Files = Record<string, string | Uint8Array>;

/** A series `s` with its first steps whole and different, and what is given besides. */
async function seriesOf(files: Files, steps: readonly number[] = [1000, 2000, 3000]): Promise<string> {
  const whole = Object.assign({}, ...steps.map((step) => revision(`s/step${step}`, step))) as Files;
  return `${await folderOf({ ...whole, ...files })}/s`;
}

/** Findings as `code: message (members)`. */
async function found(series: string, options: AuditOptions = {}): Promise<string[]> {
  const { findings, sound, revisions } = await auditSeries(series, options);
  expect(sound).toBe(findings.every(({ severity }) => severity === 'note'));
  for (const { severity, members, code } of findings) {
    if (severity === 'note') continue;
    for (const { stage, revision: name } of members.filter(({ stage }) => stage !== '')) {
      expect(revisions.find((each) => each.stage === stage && each.revision === name)?.flags).toContain(code);
    }
  }
  return findings.map(({ code, message, members, missing }) => {
    const names = [...members.map(({ revision: name }) => name), ...(missing ?? []).map(({ step }) => step)];
    return `${code}: ${message} (${names.join(', ')})`;
  });
}

/** Two shards with an index of them. */
function sharded(name: string, seeds: readonly [number, number], total = 100): Files {
  const files = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
  return {
    [`${name}/config.json`]: JSON.stringify(config),
    [`${name}/tokenizer.json`]: '{"version":"1.0"}',
    [`${name}/${files[0]}`]: tensors(seeds[0], ['a']),
    [`${name}/${files[1]}`]: tensors(seeds[1], ['b']),
    [`${name}/model.safetensors.index.json`]: JSON.stringify({
      metadata: { total_size: total },
      weight_map: { a: files[0], b: files[1] },
    }),
  };
}

describe('copies', () => {
  it('of neighbours: both names, for neither is known to be right', async () => {
    const series = await seriesOf({ ...revision('s/step2000', 3000), ...revision('s/step4000', 4000) });
    expect(await found(series)).toEqual([
      "identical-weights: the weights don't change between step2000 and step3000: at most one is what its name says (step2000, step3000)",
    ]);
  });

  it('of one step under two names, and of the last step beside the checkpoints, are notes', async () => {
    const root = await folderOf({
      ...revision('s/step1000-tokens5B', 1),
      ...revision('s/stage1-step1000-tokens5B', 1),
      ...revision('s/checkpoint-2000', 2),
      ...revision('s', 2),
    });
    expect(await found(`${root}/s`)).toEqual([
      'alias: the same weights under 2 names of one step (stage1-step1000-tokens5B, step1000-tokens5B)',
      'alias: carries the weights of checkpoint-2000, the last step there (s/)',
    ]);
  });

  it("at step 0 of a later stage are its parent's by right; at a later step they are not", async () => {
    const series = await seriesOf({
      ...revision('s/sft-step0', 3000),
      ...revision('s/dpo-step5', 5),
      ...revision('s/rlvr-step7', 5),
    });
    expect(await found(series)).toEqual([
      "identical-weights: the weights don't change between dpo-step5 and rlvr-step7: at most one is what its name says (dpo-step5, rlvr-step7)",
      'alias: step 0 of a stage, with the weights of pretrain/step3000 that it starts from (sft-step0)',
    ]);
  });

  it('of one shard are named by file', async () => {
    const files = { ...sharded('s/step1', [1, 2]), ...sharded('s/step2', [3, 4]), ...sharded('s/step3', [5, 6]) };
    const series = await seriesOf({ ...files, 's/step1/model-00002-of-00002.safetensors': tensors(6, ['b']) }, []);
    expect(await found(series)).toEqual([
      'foreign-shard: model-00002-of-00002.safetensors (1 of 2 weight files) is that of step3, the last step there (step1)',
    ]);
    await writeFile(`${series}/step1/model-00002-of-00002.safetensors`, tensors(4, ['b']));
    expect(await found(series)).toEqual([
      "foreign-shard: model-00002-of-00002.safetensors (1 of 2 weight files) is the same in step1 and step2: at most one's own (step1, step2)",
    ]);
    // All of them: that is a copy of the whole.
    await writeFile(`${series}/step1/model-00001-of-00002.safetensors`, tensors(3, ['a']));
    expect((await found(series)).map((text) => text.split(':')[0])).toEqual(['identical-weights']);
  });

  it('are told from files that differ in the last byte alone', async () => {
    const one = tensors(1, ['w'], 64);
    const other = Uint8Array.from(one);
    // Between the blocks that are looked at first.
    other[one.length >> 1]! ^= 1;
    const series = await seriesOf(
      { ...revision('s/step1', 1, { weights: one }), ...revision('s/step2', 1, { weights: other }) },
      [],
    );
    expect(await found(series)).toEqual([]);
    await writeFile(`${series}/step2/model.safetensors`, one);
    expect(await found(series)).toHaveLength(1);
  });

  it('through a symbolic link', async () => {
    const series = await seriesOf({});
    await symlink('step1000', `${series}/step1500`);
    expect((await found(series))[0]).toBe(
      "identical-weights: the weights don't change between step1000 and step1500: at most one is what its name says (step1000, step1500)",
    );
  });
});

describe('what is not whole', () => {
  it('is told by what is lacking', async () => {
    const series = await seriesOf({
      ...revision('s/step4000', 4, { config: null }),
      's/step5000/config.json': JSON.stringify(config),
      ...sharded('s/step6000', [6, 66]),
      ...sharded('s/step7000', [7, 77], 10_000),
      ...revision('s/step8000', 8),
      ...revision('s/step9000', 9, { config: { ...config } }),
      's/step9000/model.safetensors.incomplete': 'x',
      ...revision('s/step10000', 10),
      ...revision('s/tmp-checkpoint-11000', 11),
    });
    await writeFile(`${series}/step10000/model.safetensors`, '');
    await truncate(`${series}/step8000/model.safetensors`, 200);
    await rm(`${series}/step6000/model-00001-of-00002.safetensors`);
    expect(await found(series)).toEqual([
      'no-weights: no weight file (step5000)',
      'no-config: no config.json (step4000)',
      'missing-shards: 1 of 2 shards: model-00001-of-00002.safetensors not there (step6000)',
      'damaged-file: model.safetensors: tensor w lies past the end of the file, got data_offsets [0, 256] (expected at most 96 bytes of data; truncated?) (step8000)',
      'damaged-file: model.safetensors is empty (step10000)',
      'unfinished: model.safetensors.incomplete: left by a download or a save that was cut off (step9000)',
      'unfinished: a temporary name: still being written, or left by a save that was cut off (tmp-checkpoint-11000)',
      'tensors-differ: lacks 1 of 1 tensors, w among them (step7000)',
    ]);
  });

  it('is a link that leads nowhere or in a circle', async () => {
    const series = await seriesOf({ ...revision('s/step5000', 5) });
    await symlink('step9', `${series}/step4000`);
    await symlink('b', `${series}/a`);
    await symlink('a', `${series}/b`);
    await symlink('no-such', `${series}/step5000/vocab.json`);
    expect(await found(series)).toEqual([
      'broken-link: a symbolic link that leads nowhere (step4000)',
      'broken-link: vocab.json: a symbolic link that leads nowhere (step5000)',
      'broken-link: symbolic links that lead in a circle (a)',
      'broken-link: symbolic links that lead in a circle (b)',
    ]);
    expect(await refusal(auditSeries(`${series}/a`))).toBe(
      `${series}/a: symbolic links that lead in a circle (expected a series)`,
    );
  });

  it('is a series without any checkpoint', async () => {
    const folder = await folderOf({ 'empty/': '' });
    expect(await refusal(auditSeries(`${folder}/empty`))).toContain('no checkpoints, got 0 folders and 0 files');
  });
});

describe('neighbours', () => {
  it('that differ: key, value and who', async () => {
    const series = await seriesOf({
      ...revision('s/step4000', 4, { config: { ...config, rotary_pct: 0.5, transformers_version: '4.9' } }),
      ...revision('s/step5000', 5, { config: { ...config, hidden_size: 8 } }),
      ...revision('s/step6000', 6, { tokenizer: '{"version":"2.0"}' }),
      ...revision('s/step7000', 7, { weights: tensors(7, ['w'], 8, 'F16') }),
      ...revision('s/step8000', 8, { weights: tensors(8, ['w'], 4) }),
      ...revision('s/step9000', 9, { weights: tensors(9, ['v', 'w']) }),
    });
    expect(await found(series)).toEqual([
      'config-differs: hidden_size of the config is 8, 4 in most (step5000)',
      'config-differs: rotary_pct of the config is 0.5, absent in most (step4000)',
      'tokenizer-differs: another tokenizer.json than in most (step6000)',
      'dtype-differs: stored as F16, most as F32 (step7000)',
      'tensors-differ: w is [4, 4], [8, 8] in most (step8000)',
      'tensors-differ: has a tensor that most lack, v (step9000)',
    ]);
  });

  it('without a tokenizer anywhere', async () => {
    const root = await folderOf({ ...checkpointIn('s/step1') });
    expect(await found(`${root}/s`)).toEqual(['no-tokenizer: no tokenizer.json (step1)']);
  });
});

describe('names', () => {
  it('whose tokens do not fit their step', async () => {
    const names = [1000, 2000, 3000, 4000, 5000].map(
      (step) => `stage1-step${step}-tokens${Math.ceil(step * 4.194304e-3)}B`,
    );
    const files = Object.assign({}, ...names.map((name, at) => revision(`s/${name}`, at))) as Files;
    const odd = revision('s/stage1-step6000-tokens62B', 6);
    const series = await seriesOf({ ...files, ...odd }, []);
    const expected =
      /^tokens-mismatch: labelled 62B tokens, step 6000 has (2[45]\.\d+)B at \d+ a step \(stage1-step6000-tokens62B\)$/;
    const [first, ...rest] = await found(series);
    expect(first).toMatch(expected);
    expect(rest).toEqual([]);
    expect(await found(series, { tokensPerStep: 4_194_304 })).toEqual([
      'tokens-mismatch: labelled 62B tokens, step 6000 has 25.17B at 4194304 a step (stage1-step6000-tokens62B)',
    ]);
    // With another batch all of them are wrong but the one.
    expect(await found(series, { tokensPerStep: 10_400_000 })).toHaveLength(5);
  });

  it("that say another step than the Trainer's own file", async () => {
    const state = (step: number) => JSON.stringify({ global_step: step, save_steps: 500, max_steps: 9000 });
    const steps = [500, 1000, 2000];
    const files = Object.assign(
      {},
      ...steps.map((step) => ({
        ...revision(`s/checkpoint-${step}`, step),
        [`s/checkpoint-${step}/trainer_state.json`]: state(step === 1000 ? 999 : step),
      })),
    ) as Files;
    expect(await found(await seriesOf(files, []))).toEqual([
      'step-mismatch: trainer_state.json says step 999 (checkpoint-1000)',
      'missing: 1 of 4 steps are not there (every 500 steps, as trainer_state.json says) (1500)',
    ]);
  });

  it('of one step with other weights', async () => {
    const series = await seriesOf({ ...revision('s/step_3000', 5) });
    expect(await found(series)).toEqual([
      'same-step: 2 revisions at step 3000, with other weights (step3000, step_3000)',
    ]);
  });
});

describe('the schedule', () => {
  const present = [1, 2, 3, 4, 5, 7, 8, 9, 10].map((k) => k * 1000);

  it('of most revisions shows gaps, of a selection none', async () => {
    expect(await found(await seriesOf({}, [0, 150, ...present]))).toEqual([
      'missing: 1 of 11 steps are not there (every 1000 steps) (6000)',
    ]);
    expect(await found(await seriesOf({}, [0, 1, 2, 8, 64, 512, 4000, 30_000, 143_000]))).toEqual([]);
    expect(await found(await seriesOf({}, [0, 150, ...present]), { ignore: ['missing'] })).toEqual([]);
  });

  it('as the user knows it: names, steps, a table', async () => {
    const series = await seriesOf({ 'names.txt': 'step1000\n2000\n\n# later\nstage1-step2500-tokens3B\n3000\n' });
    const expected = `missing: 1 of 4 steps are not there (as ${series}/../names.txt lists) (2500)`;
    expect(await found(series, { schedule: `${series}/../names.txt` })).toEqual([expected]);
    await writeFile(`${series}/../table.csv`, 'Ingredient,Step,Directory\n1,1000,a\n1,2000,b\n');
    expect(await found(series, { schedule: `${series}/../table.csv` })).toEqual([
      expect.stringContaining('missing: 2 of 2 steps are not there'),
    ]);
    expect((await found(series, { schedule: 'pythia' }))[0]).toContain(
      "151 of 154 steps are not there (Pythia's schedule)",
    );
    expect(await found(series, { schedule: 'none' })).toEqual([]);
  });

  it.each([
    ['lines that are there twice', 'step1\nstep2\nstep1\n', 'line 3 is line 1 again, got step1'],
    ['a line without a step', 'step1\nmain\n', 'line 2 says no step, got main'],
    ['a row without a step', 'Step,Directory\n,a\n', 'line 2 says no step, got ,a'],
    ['nothing', '\n\n', 'lists no revision'],
  ])('refuses %s', async (_, text, message) => {
    const series = await seriesOf({ 'list.txt': text });
    expect(await refusal(auditSeries(series, { schedule: `${series}/../list.txt` }))).toContain(`list.txt: ${message}`);
  });

  it('of the ingredients of a stage: all end where the others do', async () => {
    const of = (ingredient: number, steps: number[]) =>
      Object.assign(
        {},
        ...steps.map((step) =>
          revision(`s/stage2-ingredient${ingredient}-step${step}-tokens9B`, ingredient * 50 + step),
        ),
      ) as Files;
    const series = await seriesOf({ ...of(1, [1, 2, 3]), ...of(2, [1, 2, 3]), ...of(3, [1, 2]) }, []);
    expect(await found(series)).toEqual(['missing: ends at step 2, the other ingredients of stage2 at 3 (3)']);
  });

  it('refuses a code to ignore that there is not', async () => {
    const message = await refusal(auditSeries(await seriesOf({}), { ignore: ['mising'] }));
    expect(message).toBe('--ignore: no such finding, got mising (nearest: missing, alias, skipped)');
  });
});

it('keeps the order of a series.json, and finds checkpoints that are not there', async () => {
  const root = await folderOf({ ...revision('b', 1), ...revision('a', 2) });
  await copyFile(`${root}/b/config.json`, `${root}/config.json`);
  const stages = [
    { name: 'zeta', checkpoints: [{ revision: 'one', step: 1, path: 'b' }] },
    {
      name: 'alpha',
      checkpoints: [
        { revision: 'one', step: 1, path: 'a' },
        { revision: 'two', step: 2, path: 'c' },
      ],
    },
  ];
  await writeFile(`${root}/series.json`, JSON.stringify({ stages }));
  expect(await found(`${root}/series.json`)).toEqual([`unreadable: ${root}/c: no such folder (written c) (two)`]);
});
