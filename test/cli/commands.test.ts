import { describe, expect, it } from 'vitest';
import type { ExportOptions, RepresentRequest, ServerOptions, TraceRequest } from '../../src/cli/library.js';
import { run } from '../../src/cli/run.js';
import { EigentraceError } from '../../src/errors.js';
import { diagnose } from '../../src/trace/doctor.js';
import { checkpoint, plan, traceResult, type, world, type Wishes } from './fakes.js';

describe('demo', () => {
  it('traces the bundled series into its folder and says what next', async () => {
    const { status, requests, stdout, stderr } = await type('demo --threads 1 --force');
    expect(status).toBe(0);
    expect(requests[0]).toMatchObject({
      corpus: 'sample:',
      out: './eigentrace-demo',
      threads: 1,
      force: true,
      sequences: 600,
    });
    expect(stdout.text).toMatch(/^revision +tokens/);
    expect(stderr.text).toMatch(/eigentrace export run --out figures\.csv/);
    expect(stderr.text).toContain('report: run/report.html (opens in a browser, offline)\n');
  });

  it('is not turned elsewhere by the variable of trace', async () => {
    const { requests } = await type('demo', { env: { EIGENTRACE_OUT: 'precious' } });
    expect(requests[0]?.out).toBe('./eigentrace-demo');
  });
});

describe('represent', () => {
  const asked = async (line: string, wishes: Wishes = {}) => {
    const requests: RepresentRequest[] = [];
    const library: Wishes['library'] = {
      represent: (request) => {
        requests.push(request);
        return Promise.resolve({ path: request.out, tensors: { final: [600, 128], lengths: [600] } });
      },
    };
    return { ...(await type(`represent ${line}`, { library, ...wishes })), represented: requests };
  };

  it('writes what was asked for and prints the shapes', async () => {
    const { represented, stdout } = await asked(
      'ckpt --corpus c.txt --out f.safetensors --preset pythia-script --position mean',
    );
    expect(represented[0]).toMatchObject({
      checkpoint: 'ckpt',
      corpus: 'c.txt',
      ids: null,
      position: 'mean',
      maxTokens: 128,
    });
    expect(stdout.text).toBe('f.safetensors\n  final [600, 128]\n  lengths [600]\n');
    const { stdout: asJson } = await asked('ckpt --corpus c.txt --out f.safetensors --json');
    expect(JSON.parse(asJson.text)).toEqual({ path: 'f.safetensors', tensors: { final: [600, 128], lengths: [600] } });
  });

  it('takes ids in place of a corpus, also over a corpus of the config file', async () => {
    const { represented } = await asked('ckpt --ids i.jsonl --out f.npy', { config: { corpus: 'c.txt' } });
    expect(represented[0]).toMatchObject({ corpus: null, ids: 'i.jsonl', out: 'f.npy' });
  });

  it.each([
    ['ckpt --out f.npy', '--corpus: is missing (expected a corpus, or token ids by --ids FILE)'],
    ['ckpt --ids i --corpus c --out f.npy', '--ids: given together with --corpus, got i and c (expected one of them)'],
    [
      'ckpt --corpus c --out f.npy --layers all',
      '--out: .npy holds one layer, got --layers all (expected a name ending in .safetensors)',
    ],
    [
      'ckpt --corpus c --out f.bin',
      '--out: unknown kind of file, got f.bin (expected a name ending in .safetensors or .npy)',
    ],
    [
      '--corpus c --out f.npy',
      'CHECKPOINT: is missing (expected a checkpoint folder, a .gguf file, org/name@revision, or sample:step6000)',
    ],
    ['ckpt --corpus c', '--out: is missing (expected a file ending in .safetensors or .npy)'],
  ])('%s', async (line, message) => {
    const { status, stderr, represented } = await asked(line);
    expect([status, stderr.text, represented.length]).toEqual([2, `eigentrace: ${message}\n`, 0]);
  });
});

describe('export', () => {
  const asked = async (line: string, wishes: Wishes = {}) => {
    const options: ExportOptions[] = [];
    const library: Wishes['library'] = {
      exportRun: (_, wanted) => {
        options.push(wanted);
        const content = wanted.out === null ? Buffer.from('step\r\n') : null;
        return Promise.resolve({ path: wanted.out, content, notes: ['one variant left out'] });
      },
    };
    return { ...(await type(`export ${line}`, { library, ...wishes })), options: options[0] };
  };

  it('puts the bytes on stdout, notes on stderr', async () => {
    const { stdout, stderr, options } = await asked('run');
    expect(options).toEqual({ format: 'csv', table: 'geometry', out: null });
    expect([Buffer.concat(stdout.bytes).toString(), stdout.text, stderr.text]).toEqual([
      'step\r\n',
      '',
      'note: one variant left out\n',
    ]);
  });

  it('takes the format from the file’s name unless one is given', async () => {
    expect((await asked('run --out a.parquet')).options?.format).toBe('parquet');
    expect((await asked('run --out a.parquet --format csv')).options?.format).toBe('csv');
    expect((await asked('run --out a.dat')).options?.format).toBe('csv');
    expect((await asked('run', { env: { EIGENTRACE_FORMAT: 'jsonl' } })).options?.format).toBe('jsonl');
  });

  it('--json is the table as JSON, or with a file says what was written', async () => {
    expect((await asked('run --json')).options?.format).toBe('json');
    const { stdout, options } = await asked('run --json --out a.csv');
    expect(options?.format).toBe('csv');
    expect(JSON.parse(stdout.text)).toEqual({ path: 'a.csv', format: 'csv', notes: ['one variant left out'] });
    expect((await asked('run --json --format csv')).stderr.text).toBe(
      'eigentrace: --json: stdout holds JSON alone, got --format csv (expected --out FILE as well)\n',
    );
  });

  it('keeps binary formats off the terminal', async () => {
    const { status, stderr } = await asked('run --format npy', { tty: true, env: { NO_COLOR: '1' } });
    expect([status, stderr.text]).toEqual([
      2,
      'eigentrace: --out: is missing, npy is not for a terminal (expected a file)\n',
    ]);
    expect((await asked('run --format npy')).status).toBe(0);
  });
});

describe('metrics', () => {
  it('prints the catalogue, or one entry, or JSON', async () => {
    const { stdout } = await type('metrics');
    expect(stdout.text).toBe(
      `rankme   RankMe
  formula  exp(−Σ p ln p)
  source   arXiv 2509.23024
  inputs   eigenvalues; rows
  range    [1, d]
  notes    Reads low when N is small.

mean_norm   norm of the mean
  formula  ‖x̄‖
  source   ours
  inputs   rows
  range    ≥ 0 (length)
`,
    );
    expect((await type('metrics mean_norm')).stdout.text).toMatch(/^mean_norm {3}norm of the mean\n/);
    expect(JSON.parse((await type('metrics rankme --json')).stdout.text)).toMatchObject({ id: 'rankme' });
    expect((await type('metrics rankmee')).stderr.text).toBe(
      'eigentrace: unknown definition, got rankmee (nearest: rankme, mean_norm; all of them: eigentrace metrics)\n',
    );
  });
});

describe('doctor', () => {
  it('exits 1 when something that is needed is missing, with the hint', async () => {
    const facts = [
      { name: 'node', value: '20.20.2', ok: true, hint: null },
      { name: 'onnxruntime', value: 'cannot be loaded', ok: false, hint: 'run `npm ci` again' },
    ];
    const { status, stdout } = await type('doctor', {
      library: { diagnose: () => Promise.resolve({ facts, ready: false }) },
    });
    expect(status).toBe(1);
    expect(stdout.text).toBe(
      'ok  node          20.20.2\nno  onnxruntime   cannot be loaded\n                  run `npm ci` again\n',
    );
  });

  it('finds what this machine has, and never shows the token', async () => {
    const before = process.env.HF_TOKEN;
    process.env.HF_TOKEN = 'hf_secret';
    const { facts, ready } = await diagnose().finally(() => {
      if (before === undefined) delete process.env.HF_TOKEN;
      else process.env.HF_TOKEN = before;
    });
    const value = (name: string) => facts.find((f) => f.name === name)?.value;
    expect(value('node')).toBe(process.versions.node);
    expect(value('onnxruntime')).toBe('1.30.0');
    expect(value('execution providers')).toMatch(/\bcpu\b/);
    expect(value('WebAssembly SIMD')).toBe('yes');
    expect(value('WebAssembly threads')).toBe('yes');
    expect(value('memory')).toMatch(/^\d+\.\d GiB available of \d+\.\d GiB$/);
    expect(value('HF_TOKEN')).toBe('set');
    expect(JSON.stringify(facts)).not.toContain('hf_secret');
    expect(ready).toBe(true);
  });
});

describe('the trace’s request', () => {
  it('has every option', async () => {
    const { requests } = await type(
      'trace s --corpus c --out o --field body --tokens-per-step 4096 --revisions paper --sequences 9 --min-tokens 8 --max-tokens 7 --seed 6 --rows r.txt ' +
        '--position all --layers 0,2 --errors none --alpha-range 11..99 --nll --save-features --device cuda --memory 6GiB --precision int8 --threads 3 --force --skip-flagged',
    );
    expect(requests[0]).toEqual({
      ...{
        series: 's',
        corpus: 'c',
        features: null,
        out: 'o',
        field: 'body',
        revisions: 'paper',
        tokensPerStep: 4096,
        sequences: 9,
        minTokens: 8,
        maxTokens: 7,
      },
      ...{ seed: 6, rows: 'r.txt', position: 'all', layers: '0,2', errors: 'none', alphaRange: [11, 99], nll: true },
      ...{
        saveFeatures: true,
        device: 'cuda',
        memory: 6 * 2 ** 30,
        precision: 'int8',
        threads: 3,
        force: true,
        control: [],
        controlSeed: 0,
      },
      skipFlagged: true,
      keep: 'all',
    } satisfies TraceRequest);
  });

  it('says what --skip-flagged left out and why', async () => {
    const flags = [{ code: 'identical-weights', message: 'the weights of step143000' }];
    const skipped = ['step1', 'step2', 'step3', 'step4', 'step5'].map((revision) => ({
      ...{ stage: 'pretrain', revision, step: 1, tokens: null, flags },
    }));
    const library = { trace: () => Promise.resolve({ ...traceResult([checkpoint()]), skipped }) };
    const { status, stdout, stderr } = await type('trace s --corpus c --out o --skip-flagged', { library });
    expect(status).toBe(0);
    expect(stdout.text).toMatch(
      /\n\nskipped step1, step2, step3 and 2 others: the weights of step143000 \(identical-weights\)\n$/,
    );
    expect(stderr.text).toContain('1 measured, 0 reused, 0 failed, 5 skipped;');
    const dry = await type('trace s --corpus c --out o --skip-flagged --dry-run', {
      library: { planTrace: () => Promise.resolve({ ...plan(), skipped }) },
    });
    expect(dry.stdout.text).toContain(
      'Left out by --skip-flagged\n  step1, step2, step3 and 2 others: the weights of step143000 (identical-weights)\n',
    );
  });

  it('shows what is reused quietly', async () => {
    const results = [checkpoint({ state: 'reused' }), checkpoint({ revision: 'step1000' })];
    const { stdout } = await type('trace s --corpus c --out o', {
      library: { trace: () => Promise.resolve(traceResult(results)) },
      env: { FORCE_COLOR: '1' },
    });
    expect(stdout.text).toContain('\u001b[2mreused\u001b[22m\n');
  });
});

describe('report', () => {
  it('writes one page of all the runs and says where and how large', async () => {
    const asked: unknown[] = [];
    const library = {
      writeReport: (...words: unknown[]) => {
        asked.push(words);
        return Promise.resolve({ path: 'r.html', bytes: 654_321, notes: ['left out: x'] });
      },
    } as Wishes['library'];
    const line = 'report run-a run-b --out r.html --log a.csv --log sft=b.csv --evaluations results --title T';
    const { status, stdout, stderr } = await type(line, { library: library! });
    expect([status, stdout.text]).toEqual([0, '']);
    expect(stderr.text).toBe('written: r.html (639 KiB)\nnote: left out: x\n');
    expect(asked).toEqual([
      [['run-a', 'run-b'], 'r.html', { evaluations: ['results'], logs: ['a.csv', 'sft=b.csv'], title: 'T' }],
    ]);
    const asJson = await type('report run --json --quiet', { library: library! });
    expect(JSON.parse(asJson.stdout.text)).toEqual({ path: 'r.html', bytes: 654_321, notes: ['left out: x'] });
    expect(asJson.stderr.text).toBe('');
  });

  it('refuses what it can not use', async () => {
    expect((await type('report')).stderr.text).toContain('RUN: is missing (expected the folder of a run');
    expect((await type('report run --out r.pdf')).stderr.text).toContain('expected a file ending in .html');
    expect((await type('report run --log --title x')).stderr.text).toContain(
      '--log: needs a value, got the option --title',
    );
  });

  it('of a trace lies in its run, and a failure to write it loses nothing', async () => {
    const line = 'trace series --corpus c.txt --out run --report';
    expect((await type(line)).stderr.text).toContain('report: run/report.html');
    const refreshReport = () => Promise.reject(new Error('no space left'));
    const { status, stderr } = await type(line, { library: { refreshReport } });
    expect([status, stderr.text.includes('the report could not be written: no space left')]).toEqual([0, true]);
    expect((await type('trace series --corpus c.txt --out run')).stderr.text).not.toContain('report');
  });
});

describe('serve', () => {
  it('prints the address, serves until Ctrl-C, then closes', async () => {
    const w = world();
    const log: string[] = [];
    const library = await w.library();
    const startServer = (runs: readonly string[], { port, host, token }: ServerOptions) => {
      log.push(`${runs.join('+')} ${host} ${port} ${token}`);
      return Promise.resolve({
        ...{ url: 'http://127.0.0.1:7000/', port: 7000 },
        close: () => Promise.resolve(void log.push('closed')),
      });
    };
    const context = { ...w, library: () => Promise.resolve({ ...library, startServer }) };
    const done = run(['serve', 'a', 'b', '--port', '7000', '--json'], context, '1.2.3');
    while (w.stdout.text === '') await new Promise((resolve) => setTimeout(resolve, 1));
    expect(JSON.parse(w.stdout.text)).toEqual({ url: 'http://127.0.0.1:7000/', port: 7000 });
    expect(log).toEqual(['a+b 127.0.0.1 7000 null']);
    w.signals.emit('SIGINT');
    expect(await done).toBe(0);
    expect(log.at(-1)).toBe('closed');
  });

  it('takes any free port where nobody asked for one and ours is taken', async () => {
    const ports: number[] = [];
    const startServer = (_: readonly string[], { port }: ServerOptions) => {
      ports.push(port);
      return Promise.reject(new EigentraceError('environment', `--port: is in use, got ${port}`));
    };
    expect((await type('serve run', { library: { startServer } })).status).toBe(1);
    expect(ports).toEqual([6116, 0]);
    expect((await type('serve run --port 80', { library: { startServer } })).status).toBe(1);
    expect(ports).toEqual([6116, 0, 80]);
  });
});
