import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { resolve } from '../../src/cli/resolve.js';
import { generateSettings } from '../../src/cli/settings/generate.js';
import { presets } from '../../src/cli/settings/sampling.js';
import { traceSettings } from '../../src/cli/settings/trace.js';
import { presets as libraryPresets, traceDefaults } from '../../src/trace/request.js';
import { type } from './fakes.js';

const needed = 'trace ckpts --corpus c.txt --out run';

describe('defaults', () => {
  it('are the library’s', () => {
    expect(presets).toEqual(libraryPresets);
    for (const [key, value] of Object.entries(traceDefaults)) {
      expect([key, traceSettings[key as keyof typeof traceDefaults].initial()]).toEqual([key, value]);
    }
  });

  it('make a whole request', async () => {
    const { requests, status } = await type(needed);
    expect(status).toBe(0);
    expect(requests[0]).toEqual({
      ...{ series: 'ckpts', corpus: 'c.txt', out: 'run', ...traceDefaults },
      ...{ sequences: 15_000, minTokens: 32, maxTokens: 512, threads: availableParallelism() },
    });
  });
});

it('takes the precisions that are faster somewhere, and no other', async () => {
  for (const precision of ['float32', 'int8']) {
    const { requests } = await type(`${needed} --precision ${precision}`);
    expect(requests[0]).toMatchObject({ precision });
  }
  const { status, stderr } = await type(`${needed} --precision bfloat16`);
  expect([status, stderr.text]).toEqual([
    2,
    'eigentrace: --precision: is not a choice, got bfloat16 (expected one of float32, int8)\n',
  ]);
  const rows = await type("trace --features 'f/{revision}.npy' --out run --precision int8");
  expect([rows.status, rows.stderr.text.split(',')[0]]).toEqual([
    2,
    'eigentrace: --features: the representations are made already',
  ]);
});

it('reads sizes with their unit', async () => {
  const sizes = { '6GiB': 6 * 2 ** 30, '1.5gb': 1.5e9, '500MB': 5e8, '900mib': 900 * 2 ** 20, '2TB': 2e12, auto: null };
  for (const [size, memory] of Object.entries(sizes)) {
    const { requests } = await type(`${needed} --memory ${size}`);
    expect(requests[0]).toMatchObject({ memory });
  }
});

it('takes a text as it is typed, spaces and commas too, and several as several', () => {
  const given = { prompt: ['The cat ', ' 3, 4'], stop: ['\n'] };
  const { values } = resolve(generateSettings, given, {}, {});
  expect(values).toMatchObject({ prompt: ['The cat ', ' 3, 4'], stop: ['\n'] });
});

describe('precedence', () => {
  const config = { sequences: 100, seed: 1, layers: [0, 6], alphaRange: [11, 90], nll: true };
  const env = { EIGENTRACE_SEQUENCES: '200', EIGENTRACE_SEED: '2' };

  it('options > environment > config file > default', async () => {
    const { requests } = await type(`${needed} --sequences 300`, { env, config });
    expect(requests[0]).toMatchObject({
      ...{ sequences: 300, seed: 2, layers: '0,6', alphaRange: [11, 90], nll: true, position: 'last' },
    });
  });

  it('turns a switch of the config file off again', async () => {
    const { requests } = await type(`${needed} --no-nll`, { config });
    expect(requests[0]?.nll).toBe(false);
  });

  it('reads series, corpus and out from the config file too', async () => {
    const { requests } = await type('trace', { config: { series: 's', corpus: 'c', out: 'o' } });
    expect(requests[0]).toMatchObject({ series: 's', corpus: 'c', out: 'o' });
  });

  it('takes an empty variable as not set', async () => {
    const { requests } = await type(needed, { env: { EIGENTRACE_SEQUENCES: '' } });
    expect(requests[0]?.sequences).toBe(15_000);
  });

  it('prints where each value came from, and does nothing else', async () => {
    const { status, stdout, requests } = await type('trace ckpts --print-config --sequences all', {
      env: { ...env, EIGENTRACE_SEQUENCE: '7' },
      config,
    });
    expect([status, requests.length]).toEqual([0, 0]);
    const rows = stdout.text.split('\n').map((line) => line.split(/ {2,}/));
    expect(rows).toContainEqual(['series', 'ckpts', 'argument SERIES']);
    expect(rows).toContainEqual(['corpus', '–', 'not given']);
    expect(rows).toContainEqual(['sequences', 'all', 'option --sequences']);
    expect(rows).toContainEqual(['minTokens', '32', 'preset paper']);
    expect(rows).toContainEqual(['seed', '2', 'environment EIGENTRACE_SEED']);
    expect(rows).toContainEqual(['alphaRange', '11-90', 'eigentrace.config.json']);
    expect(rows).toContainEqual(['position', 'last', 'default']);
    expect(stdout.text).toContain('EIGENTRACE_SEQUENCE is set, but is no setting\n');
  });

  it('keeps a token to itself, and names several runs', async () => {
    const { stdout } = await type('serve a b --token 0123456789abcdef --print-config');
    expect(stdout.text).toContain('(given, not shown)');
    expect(stdout.text).toContain('a, b');
    expect(stdout.text).not.toContain('0123456789abcdef');
    expect((await type('serve a --print-config')).stdout.text).not.toContain('(given, not shown)');
  });

  it('prints the same as JSON', async () => {
    const { stdout } = await type('trace ckpts --print-config --json --seed 5');
    expect(JSON.parse(stdout.text)).toMatchObject({
      seed: { value: 5, origin: 'option --seed' },
      sequences: { value: 15_000, origin: 'preset paper' },
    });
  });
});

describe('presets', () => {
  const filter = async (line: string, wishes = {}) => {
    const { requests } = await type(`${needed} ${line}`, wishes);
    return [requests[0]?.sequences, requests[0]?.minTokens, requests[0]?.maxTokens];
  };

  it('give what is not given', async () => {
    expect(await filter('--preset pythia-script')).toEqual([15_000, 10, 128]);
    expect(await filter('--preset pythia-script --max-tokens 64')).toEqual([15_000, 10, 64]);
  });

  it('asked for as an option win over single values of the config file, not the other way round', async () => {
    expect(await filter('--preset pythia-script', { config: { maxTokens: 7 } })).toEqual([15_000, 10, 128]);
    expect(await filter('', { config: { maxTokens: 7, preset: 'pythia-script' } })).toEqual([15_000, 10, 7]);
    expect(await filter('--max-tokens 64', { config: { preset: 'pythia-script' } })).toEqual([15_000, 10, 64]);
  });
});

describe('wrong values', () => {
  const cases: [string, object, string][] = [
    ['--sequences abc', {}, '--sequences: is not a number of sequences, got abc (expected a whole number ≥ 1, or all)'],
    ['--sequences 0', {}, '--sequences: is not a number of sequences, got 0 (expected a whole number ≥ 1, or all)'],
    ['--min-tokens -1', {}, '--min-tokens: is not a number of tokens, got -1 (expected a whole number ≥ 0)'],
    ['--threads 1.5', {}, '--threads: is not a number of threads, got 1.5 (expected a whole number ≥ 1)'],
    ['--seed 1e3', {}, '--seed: is not a seed, got 1e3 (expected a whole number ≥ 0, or none)'],
    ['--position first', {}, '--position: is not a choice, got first (expected one of last, mean, all)'],
    [
      '--layers 3-5',
      {},
      '--layers: is not a choice of layers, got 3-5 (expected final, all, or block numbers such as 0,6,12)',
    ],
    [
      '--alpha-range 100-12',
      {},
      '--alpha-range: is not a range of ranks, got 100-12 (expected FROM-TO with 1 ≤ FROM < TO, such as 12-100)',
    ],
    [
      '--alpha-range 0-12',
      {},
      '--alpha-range: is not a range of ranks, got 0-12 (expected FROM-TO with 1 ≤ FROM < TO, such as 12-100)',
    ],
    ...['8', '8G', 'lots', '0GiB', '-1GiB', '8GiB/s'].map((size): [string, object, string] => [
      `--memory=${size}`,
      {},
      `--memory: is not a size, got ${size} (expected a number with its unit, such as 8GiB or 500MB, or auto)`,
    ]),
    [
      '--revisions=',
      {},
      '--revisions: is empty (expected all, log:24, every:10, 1000..20000:1000, a comma list, a glob, or paper)',
    ],
    [
      '',
      { env: { EIGENTRACE_SEED: 'x' } },
      'EIGENTRACE_SEED: is not a seed, got x (expected a whole number ≥ 0, or none)',
    ],
    [
      '',
      { env: { EIGENTRACE_NLL: 'maybe' } },
      'EIGENTRACE_NLL: is neither on nor off, got maybe (expected true or false)',
    ],
    [
      '',
      { config: { seed: {} } },
      'eigentrace.config.json: seed: is not a seed, got {} (expected a whole number ≥ 0, or none)',
    ],
    [
      '',
      { config: { sequence: 3 } },
      'eigentrace.config.json: unknown key, got sequence (nearest: sequences, device, seed)',
    ],
    ['', { config: [] }, 'eigentrace.config.json: is not an object (expected { "sequences": 600, … })'],
    ['--seed --nll', {}, '--seed: needs a value, got the option --nll'],
    ['--seed', {}, '--seed: needs a value (see eigentrace trace --help)'],
    ['more', {}, 'trace: too many arguments, got ckpts more (see eigentrace trace --help)'],
    [
      '--sequenecs 3',
      {},
      'unknown option, got --sequenecs (nearest: --sequences, --features, --quiet; all of them: eigentrace trace --help)',
    ],
  ];
  it.each(cases)('%s %j', async (line, wishes, message) => {
    const { status, stderr, stdout, requests } = await type(`${needed} ${line}`, wishes);
    expect(stderr.text).toBe(`eigentrace: ${message}\n`);
    expect([status, stdout.text, requests.length]).toEqual([2, '', 0]);
  });

  it('says what is missing', async () => {
    const missing = async (line: string) => (await type(line)).stderr.text;
    expect(await missing('trace')).toBe(
      'eigentrace: SERIES: is missing (expected a folder of checkpoints, a series.json, a Hub id such as EleutherAI/pythia-160m, or sample:)\n',
    );
    expect(await missing('trace s --out r')).toBe(
      'eigentrace: --corpus: is missing (expected a file, a folder, a glob, or sample:)\n',
    );
    expect(await missing('trace s --corpus c')).toBe('eigentrace: --out: is missing (expected a folder)\n');
  });

  it('knows no option of what is not built', async () => {
    for (const option of ['--chat', '--dtype int8']) {
      const { status, stderr } = await type(`${needed} ${option}`);
      expect([status, stderr.text.split(' (')[0]]).toEqual([
        2,
        `eigentrace: unknown option, got ${option.split(' ')[0]}`,
      ]);
    }
  });
});
