/** `sample:` is a SERIES of every command that takes one, and `sample:REVISION` a CHECKPOINT. */
import { rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { run } from '../../src/cli/run.js';
import * as library from '../../src/index.js';
import { openSeries } from '../../src/checkpoints/index.js';
import { world } from '../cli/fakes.js';
import { temporary } from './command-line.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let folder: string;
beforeAll(async () => {
  folder = await temporary();
  vi.stubEnv('EIGENTRACE_CACHE', join(folder, 'cache'));
  await writeFile(join(folder, 'corpus.txt'), 'a cat sat on a mat\n\na dog lay under a tree\n');
  await writeFile(
    join(folder, 'questions.jsonl'),
    '{"question":"a","answer":"cat"}\n{"question":"a","answer":"dog"}\n',
  );
  const { entries } = await openSeries('sample:');
  const tokenizer = join(dirname(entries[0]!.folder!), 'tokenizer.json');
  await library.buildIndex({ corpus: join(folder, 'corpus.txt'), tokenizer, out: join(folder, 'index') });
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

async function typed(line: string): Promise<{ status: number; out: string; err: string }> {
  const context = world({ library: { ...library, kindOf: () => Promise.resolve(null) } });
  const argv = line.replaceAll('{}', folder).split(' ');
  const status = await run(argv, context, '0');
  return { status, out: context.stdout.text, err: context.stderr.text };
}

const sampling = '--corpus sample: --sequences 20 --min-tokens 0 --max-tokens 16';
it.each([
  ['trace', `sample: ${sampling} --revisions step6000 --errors none --out {}/run --json`],
  [
    'sweep',
    `sample: ${sampling} --revisions step6000 --over n --values 20 --errors none --out {}/sweep --dry-run --json`,
  ],
  ['audit', 'sample: --json'],
  ['evaluate', 'sample: --task cloze --limit 2 --revisions step6000 --json'],
  [
    'ablate',
    `sample: --task cloze --limit 2 ${sampling} --revisions step6000 --keep 2 --remove none --random 0 --json`,
  ],
  ['directions', `sample: ${sampling} --revisions step6000 --top 1 --json`],
  ['generate', 'sample: --prompt a --revisions step6000 --max-new-tokens 1 --json'],
  [
    'memorize',
    'sample: --index {}/index --questions {}/questions.jsonl --revisions step6000 --control none --out {}/memo --json',
  ],
  ['series', 'sample: --json'],
  ['inspect', 'sample:step6000 --json'],
  ['represent', `sample:step6000 ${sampling} --out {}/rows.npy --json`],
])('%s takes it', async (command, rest) => {
  const { status, out, err } = await typed(`${command} ${rest}`);
  expect([command, status, status === 0 ? '' : err]).toEqual([command, 0, '']);
  expect(out).toContain(command === 'represent' ? '128' : 'step6000');
});

describe('one of it', () => {
  it('keeps the name of the series, so that a RUN holds both together', async () => {
    const [all, one] = [await openSeries('sample:'), await openSeries('sample:sft-step20')];
    expect(all.entries).toHaveLength(20);
    expect(one).toMatchObject({ name: all.name, stages: [{ name: 'sft', count: 1 }] });
    expect(one.entries).toEqual(all.entries.filter(({ revision }) => revision === 'sft-step20'));
  });

  it('that is not there is named with the nearest; several are refused where one is meant', async () => {
    expect((await typed('inspect sample:step600')).err).toContain(
      'sample:step600: the sample has no such checkpoint (nearest: step6000, ',
    );
    const { status, err } = await typed('inspect sample:');
    expect([status, err]).toEqual([2, expect.stringContaining('sample:: got a series of 20 checkpoints') as string]);
    expect(err).toContain('(expected one checkpoint, such as sample:rlvr-step160)');
  });

  it('is not waited for', async () => {
    const { status, err } = await typed(`trace sample: ${sampling} --out {}/follow --follow`);
    expect([status, err]).toEqual([
      2,
      expect.stringContaining('--follow: can not follow the bundled sample') as string,
    ]);
  });
});
