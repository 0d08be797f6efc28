/** Bad input, end to end: what a user reads, what is recorded, the exit status, and that the good checkpoints are there. */
import { execFile } from 'node:child_process';
import { appendFile, mkdir, open, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Measurement, RunRecord } from '../../src/record/index.js';
import { trace, traceDefaults, type TraceEvent, type TracePlan, type TraceRequest } from '../../src/trace/index.js';
import { bin, copySeries, eigentrace, filesOf, resultOf, tableOf, temporary, type Ended } from './command-line.js';
import { changeConfig, changeWeights, cutShort, fillNaN, hugeHeader } from './series.js';

// Whole runs: seconds on an idle machine, minutes beside other work.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 600_000 });

let folder: string;
let cache: string;
beforeAll(async () => {
  folder = await temporary();
  cache = join(folder, 'cache');
  vi.stubEnv('EIGENTRACE_CACHE', cache);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

const quick = ['--sequences', '40', '--min-tokens', '0', '--max-tokens', '64', '--errors', 'none'];
const args = (series: string, out: string, corpus = 'sample:') => [
  ...['trace', series, '--corpus', corpus, '--out', out],
  ...quick,
];
const request = (series: string, out: string): TraceRequest => ({
  ...traceDefaults,
  ...{ series, out, corpus: 'sample:', sequences: 40, minTokens: 0, maxTokens: 64, errors: 'none', threads: 2 },
});

describe('checkpoints that fail, or hold NaN', () => {
  const good = ['step1', 'step9'];
  /** By revision: what the user is told. */
  const reasons: Record<string, RegExp> = {
    step2:
      /^\S+step2\/model\.safetensors: tensor \S+ lies past the end of the file, got .* \(expected at most 995672 bytes of data; truncated\?\)/,
    step3: /^\S+step3\/model\.safetensors: .*header.*1152921504606846976/,
    step4: /^\S+step4\/model\.safetensors: .*embed_out\.weight.*(end|past|outside|beyond)/,
    step5:
      /^checkpoint step5: tensor gpt_neox\.layers\.1\.mlp\.dense_h_to_4h\.weight has shape \[256, 256\], expected \[512, 128\]/,
    step6: /^checkpoint step6: tensor gpt_neox\.final_layer_norm\.bias is missing \(expected shape \[128\]\); nearest/,
    step7:
      /^checkpoint step7: config\.json: model_type: unknown architecture, got gpt_neo \(nearest known: gpt_neox[,)]/,
    step8:
      /^checkpoint step8: token id \d+ in row \d+ of sample: is outside the model's vocabulary, got a vocabulary of 500 /,
  };
  let ended: Ended;
  let out: string;
  let series: string;

  beforeAll(async () => {
    const names = [...good, ...Object.keys(reasons), 'step10', 'step11'];
    series = await copySeries(
      join(folder, 'series'),
      Object.fromEntries(names.map((name) => [name, name === 'step1' ? 'step1' : 'step6000'])),
    );
    const at = (name: string) => join(series, name);
    await cutShort(at('step2'));
    await hugeHeader(at('step3'));
    await changeWeights(at('step4'), ({ header }) => (header['embed_out.weight']!.data_offsets[1] += 1 << 20));
    await changeWeights(at('step5'), ({ header }) => {
      header['gpt_neox.layers.1.mlp.dense_h_to_4h.weight']!.shape = [256, 256];
    });
    await changeWeights(at('step6'), ({ header }) => {
      header['gpt_neox.final_layer_norm.bia'] = header['gpt_neox.final_layer_norm.bias']!;
      delete header['gpt_neox.final_layer_norm.bias'];
    });
    await changeConfig(at('step7'), { model_type: 'gpt_neo' });
    await changeConfig(at('step8'), { vocab_size: 500 });
    await changeWeights(at('step8'), ({ header }) => {
      for (const name of ['gpt_neox.embed_in.weight', 'embed_out.weight']) {
        const { data_offsets: offsets } = header[name]!;
        header[name]!.shape = [500, 128];
        header[`unused.${name}`] = {
          dtype: 'F16',
          shape: [524, 128],
          data_offsets: [offsets[0] + 128_000, offsets[1]],
        };
        offsets[1] = offsets[0] + 128_000;
      }
    });
    // One token's embedding: the sequences that hold it. The final norm: every one.
    await changeWeights(at('step10'), (weights) => {
      fillNaN(weights, 'gpt_neox.embed_in.weight', 300 * 128, 301 * 128);
    });
    await changeWeights(at('step11'), (weights) => fillNaN(weights, 'gpt_neox.final_layer_norm.weight'));
    out = join(folder, 'run');
    ended = await eigentrace([...args(series, out), '--json'], cache);
  });

  it('are told one by one with status 3, and the others are measured', () => {
    expect(ended.status, ended.stderr).toBe(3);
    const { results } = resultOf(ended);
    expect(results).toHaveLength(11);
    for (const { revision, state, error, path, layers } of results) {
      const reason = reasons[revision];
      if (reason) {
        expect({ state, path, layers }, revision).toEqual({ state: 'failed', path: null, layers: {} });
        expect(error).toMatch(reason);
      } else {
        expect({ state, error }, revision).toEqual({ state: 'measured', error: null });
      }
    }
  });

  it('stand in run.json with their reasons, and are no rows of the table', async () => {
    const { failures } = JSON.parse(await readFile(join(out, 'run.json'), 'utf8')) as RunRecord;
    expect(failures.map(({ revision }) => revision)).toEqual(Object.keys(reasons));
    for (const { revision, code, message } of failures) {
      expect(code, message).toBe('input');
      expect(message).toMatch(reasons[revision]!);
    }
    const { rows, notes } = await tableOf(out);
    expect(rows.map(({ revision }) => revision)).toEqual([...good, 'step10', 'step11']);
    expect(notes).toEqual([]);
  });

  it('are in the table for people, and a repaired one is measured by the same command', async () => {
    await changeConfig(join(series, 'step7'), { model_type: 'gpt_neox' });
    const again = await eigentrace(args(series, out), cache);
    expect(again.status, again.stderr).toBe(3);
    for (const revision of Object.keys(reasons).filter((name) => name !== 'step7')) {
      expect(again.stdout).toMatch(new RegExp(`^ *${revision} .*failed`, 'm'));
    }
    expect(again.stdout).toContain('nearest names: gpt_neox.final_layer_norm.bia');
    expect(again.stderr).toContain('11 checkpoints: 1 measured, 4 reused, 6 failed');
    const { failures } = JSON.parse(await readFile(join(out, 'run.json'), 'utf8')) as RunRecord;
    expect(failures.map(({ revision }) => revision)).not.toContain('step7');
    const { rows } = await tableOf(out);
    const figures = (revision: string) => rows.find((row) => row.revision === revision)?.rankme;
    expect(figures('step7')).toBe(figures('step9'));
  });

  it('with NaN in some rows are measured on the others, and say how many', async () => {
    const of = async (revision: string) => {
      const path = resultOf(ended).results.find((result) => result.revision === revision)!.path!;
      return JSON.parse(await readFile(path, 'utf8')) as Measurement;
    };
    const some = await of('step10');
    const flag = some.flags.find(({ code }) => code === 'not-finite')!;
    expect(flag.count).toBeGreaterThan(0);
    expect(flag.count).toBeLessThan(40);
    expect(some.layers['final']).toMatchObject({ n: 40 - flag.count! });
    expect(some.layers['final']!['rankme']).toBeGreaterThan(1);

    const all = await of('step11');
    expect(all.flags.map(({ code }) => code)).toContain('no-rows');
    expect(all.flags.find(({ code }) => code === 'not-finite')!.count).toBe(40);
    expect(all.layers['final']).toMatchObject({ n: 0, rankme: null, alpha: null, r2: null });
    expect(all.reasons['final']!['rankme']).toBeTruthy();
    expect(Object.values(all.layers['final']!).filter((value) => value !== 0 && value !== 128)).toEqual(
      expect.not.arrayContaining([expect.any(Number)]),
    );
  });
});

describe("a checkpoint's own tokenizer that can't encode the corpus", () => {
  /** Whole words, of which it knows one. */
  const words = JSON.stringify({
    ...{ version: '1.0', truncation: null, padding: null, added_tokens: [], normalizer: null },
    pre_tokenizer: { type: 'Whitespace' },
    ...{ post_processor: null, decoder: null, model: { type: 'WordLevel', vocab: { once: 0 }, unk_token: '[UNK]' } },
  });
  const told = /^tokenizer \S+tokenizer\.json: (token .* has no id|cannot encode the text)/;

  it('costs that checkpoint, not the later ones, and its corpus is not read again for the next with the same', async () => {
    const names = { step1: 'step1', step2: 'step1', step3: 'step1' };
    const series = await copySeries(join(folder, 'tokenizers'), names);
    for (const name of ['step1', 'step2']) await writeFile(join(series, name, 'tokenizer.json'), words);
    const ended = await eigentrace([...args(series, join(folder, 'tokenized')), '--json'], cache);
    expect(ended.status, ended.stderr).toBe(3);
    const { results } = resultOf(ended);
    expect(results.map(({ revision, state }) => `${revision} ${state}`)).toEqual([
      ...['step1 failed', 'step2 failed', 'step3 measured'],
    ]);
    for (const { error } of results.slice(0, 2)) expect(error).toMatch(told);
    expect(results[2]!.n).toBe(40);
    const dry = await eigentrace([...args(series, join(folder, 'dry')), '--dry-run', '--json'], cache);
    const plan = JSON.parse(dry.stdout) as TracePlan;
    expect(plan.checkpoints.map(({ problem }) => (problem === null ? null : told.test(problem)))).toEqual([
      ...[true, true, null],
    ]);
  });

  it('ends the trace where every checkpoint has it', async () => {
    const series = await copySeries(join(folder, 'same'), { step1: 'step1', step2: 'step6000' });
    await writeFile(join(series, 'tokenizer.json'), words);
    const ended = await eigentrace(args(series, join(folder, 'same-run')), cache);
    expect([ended.status, ended.stdout]).toEqual([1, '']);
    expect(ended.stderr.replace(/^eigentrace: /, '')).toMatch(told);
  });
});

describe('weights that change under way', () => {
  it('cost that checkpoint alone: written over, cut short, or replaced', async () => {
    const series = await copySeries(join(folder, 'changing'), {
      ...{ step1: 'step1', step2: 'step6000', step3: 'step6000', step4: 'step6000', step5: 'step1' },
    });
    const weights = (name: string) => join(series, name, 'model.safetensors');
    const actions: Record<string, () => Promise<void>> = {
      step2: async () => {
        // In place: writeFile cuts a file to nothing first, and a reader that falls into that gap dies as in step3.
        const { size } = await stat(weights('step2'));
        const file = await open(weights('step2'), 'r+');
        await file.write(Buffer.alloc(1000, 0x3c), 0, 1000, size - 1000);
        await file.close();
        // A coarse clock must not hide it from the test: the file system's own would do.
        await utimes(weights('step2'), new Date(), new Date(Date.now() + 5000));
      },
      step3: () => truncate(weights('step3'), 4096),
      step4: () => appendFile(weights('step4'), 'more'),
    };
    const pending: Promise<void>[] = [];
    const onEvent = (event: TraceEvent) => {
      if (event.type !== 'progress' || event.phase !== 'forward' || event.done !== 0) return;
      const action = actions[event.revision];
      if (action) pending.push(action());
    };
    const out = join(folder, 'changed');
    // Enough of a forward pass that it is still under way when the file has changed.
    const { results } = await trace({ ...request(series, out), sequences: 300 }, { onEvent });
    await Promise.all(pending);
    expect(pending).toHaveLength(3);
    expect(results.map(({ revision, state }) => [revision, state])).toEqual([
      ...[
        ['step1', 'measured'],
        ['step2', 'failed'],
        ['step3', 'failed'],
        ['step4', 'failed'],
        ['step5', 'measured'],
      ],
    ]);
    const told = 'a weight file changed while it was measured: model.safetensors: ';
    expect(results[1]!.error).toBe(
      `checkpoint step2: ${told}was written to; nothing was recorded, run the same command again when it is written`,
    );
    // The system may end the process that has it mapped before we look again.
    expect(results[2]!.error).toMatch(
      /^checkpoint step3: (a weight file changed while it was measured: model\.safetensors: changed, got 4096 bytes|the forward pass died, SIGBUS: a weight file was truncated)/,
    );
    expect(results[3]!.error).toContain(`checkpoint step4: ${told}changed, got 1718764 bytes (expected 1718760)`);
    expect((await tableOf(out)).rows.map(({ revision }) => revision)).toEqual(['step1', 'step5']);
    const both = results.filter(({ state }) => state === 'measured').map(({ layers }) => layers);
    expect(both[0]).toEqual(both[1]);
  });
});

describe('what ends a trace before it starts', () => {
  let series: string;
  beforeAll(async () => {
    series = await copySeries(join(folder, 'one'), { step1: 'step1' });
  });

  async function refused(series: string, out: string, corpus?: string, ...more: string[]): Promise<string> {
    const ended = await eigentrace([...args(series, out, corpus), ...more], cache);
    expect(ended.status, ended.stderr).toBe(1);
    expect(ended.stdout).toBe('');
    const lines = ended.stderr.trimEnd().split('\n');
    expect(lines, ended.stderr).toHaveLength(1);
    return lines[0]!;
  }
  const written = async (name: string, content: string | Uint8Array): Promise<string> => {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  };
  const out = (name: string) => join(folder, `refused-${name}`);

  it('an empty series', async () => {
    const empty = join(folder, 'empty');
    await mkdir(empty);
    expect(await refused(empty, out('empty'))).toMatch(/^eigentrace: \S+empty: .*\(expected .*\)/);
    expect(await refused(join(folder, 'seriez'), out('empty'))).toMatch(
      /: no such file or folder \(nearest there: series/,
    );
  });

  it('a corpus that is missing, empty, without the field, or not UTF-8', async () => {
    const jsonl = await written('corpus.jsonl', '{"body": "one"}\n');
    const [missing, empty, field, encoding] = await Promise.all([
      refused(series, out('missing'), join(folder, 'corpus.json')),
      refused(series, out('none'), await written('empty.txt', '')),
      refused(series, out('field'), jsonl),
      refused(series, out('utf8'), await written('latin.txt', Buffer.from('caf\xe9 au lait\n', 'latin1'))),
    ]);
    expect(missing).toMatch(
      /^eigentrace: corpus \S+corpus\.json: no such file or folder .*; in that folder: corpus\.jsonl/,
    );
    expect(empty).toMatch(/^eigentrace: corpus \S+empty\.txt: is empty \(expected at least one document\)/);
    expect(field).toMatch(
      /corpus\.jsonl:1: no field "text", got .*body.* \(expected the field of the text: --field NAME\)/,
    );
    expect(encoding).toMatch(/latin\.txt: .*UTF-8/);
    expect((await eigentrace([...args(series, out('named'), jsonl), '--field', 'body'], cache)).status).toBe(0);
  });

  it('no tokenizer: told for the checkpoint, with what to do', async () => {
    const bare = await copySeries(join(folder, 'bare'), { step1: 'step1' });
    await rm(join(bare, 'tokenizer.json'));
    const ended = await eigentrace([...args(bare, out('bare')), '--json'], cache);
    expect(ended.status, ended.stderr).toBe(1);
    expect(resultOf(ended).results[0]!.error).toMatch(
      /^checkpoint step1: no tokenizer\.json in \S+ or at the series' root \(expected one; save it with/,
    );
  });

  it('a RUN that is a file, is below one, holds other things, or was made by a newer version', async () => {
    const file = await written('file', 'not a folder');
    const newer = out('newer');
    await mkdir(newer);
    await writeFile(join(newer, 'run.json'), '{"format":"eigentrace.run","version":2,"requests":[]}');
    const other = out('other');
    await mkdir(other);
    await writeFile(join(other, 'thesis.tex'), 'years of work');
    const told = await Promise.all([file, join(file, 'run'), other, newer].map((path) => refused(series, path)));
    expect(told[0]).toBe(`eigentrace: ${file}: is a file (expected a folder for the run)`);
    expect(told[1]).toMatch(
      /run: the run can't be written, got '.*' \(expected a folder that can be written, with space/,
    );
    expect(told[2]).toContain(
      'holds other files and no run.json, got thesis.tex (expected a run, or an empty or new folder)',
    );
    expect(told[3]).toMatch(
      /run\.json: made by a newer version of eigentrace, got format version 2 \(expected at most 1\); update eigentrace$/,
    );
    expect(await readFile(file, 'utf8')).toBe('not a folder');
  });

  it('a measurement made by a newer version is left as it is', async () => {
    const path = out('newer-measurement');
    const first = await eigentrace([...args(series, path), '--json'], cache);
    const file = resultOf(first).results[0]!.path!;
    const text = (await readFile(file, 'utf8')).replace('"version": 1,', '"version": 2,');
    await writeFile(file, text);
    const ended = await eigentrace([...args(series, path), '--json'], cache);
    expect(ended.status, ended.stderr).toBe(1);
    expect(resultOf(ended).results[0]!.error).toMatch(
      /step1\.json: made by a newer version of eigentrace, got format version 2/,
    );
    expect(await readFile(file, 'utf8')).toBe(text);
  });

  const larger = ['--sequences', '200', '--max-tokens', '16', '--errors', 'jackknife'];
  const shell = (script: string, ...words: string[]) =>
    new Promise<{ status: unknown; stderr: string }>((done) => {
      const env = { ...process.env, NO_COLOR: '1' };
      execFile('bash', ['-c', script, ...words], { env }, (error, _stdout, stderr) => {
        done({ status: error?.code ?? 0, stderr });
      });
    });

  it.skipIf(process.platform === 'win32')(
    'a limit on the size of files, met while a measurement is written',
    async () => {
      const path = out('limited');
      const words = [process.execPath, bin, ...args(series, path), ...larger];
      const { status, stderr } = await shell('ulimit -f 8 && exec "$0" "$@"', ...words);
      expect(status, stderr).toBe(1);
      expect(stderr).toMatch(/step1 .*failed: \S+step1\.safetensors: EFBIG: file too large/);
      expect(await tableOf(path)).toEqual({ rows: [], notes: [] });
      expect(Object.keys(await filesOf(path))).toEqual(['run.json']);
      expect((await shell('exec "$0" "$@"', ...words)).status).toBe(0);
      expect((await tableOf(path)).rows).toHaveLength(1);
    },
  );

  it('a full disk (needs the right to mount one)', async (context) => {
    const disk = out('disk');
    await mkdir(disk);
    const mounted = await shell('mount -t tmpfs -o size=24k none "$0"', disk);
    context.skip(mounted.status !== 0, 'no right to mount');
    try {
      const two = await copySeries(join(folder, 'two'), { step1: 'step1', step2: 'step1' });
      const path = join(disk, 'run');
      const ended = await eigentrace([...args(two, path), ...larger], cache);
      expect(ended.status, ended.stderr).toBe(1);
      expect(ended.stderr).toMatch(
        /eigentrace: \S+step1\.(json|safetensors): no space left on the disk; nothing of this measurement was kept, make room and run the same command again\n$/,
      );
      expect(await tableOf(path)).toEqual({ rows: [], notes: [] });
      expect(Object.keys(await filesOf(path))).toEqual(['run.json']);
      expect((await shell('mount -o remount,size=1m "$0"', disk)).status).toBe(0);
      expect((await eigentrace([...args(two, path), ...larger], cache)).status).toBe(0);
      expect((await tableOf(path)).rows).toHaveLength(2);
    } finally {
      await shell('umount "$0"', disk);
    }
  });
});
