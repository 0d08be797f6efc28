import { describe, expect, it } from 'vitest';
import { commands, run } from '../../src/cli/run.js';
import { EigentraceError, type ErrorCode } from '../../src/errors.js';
import { checkpoint, plan, traceResult, type, world, type Wishes } from './fakes.js';

const line = 'trace ckpts --corpus c.txt --out run';
const failing = (error: unknown): Wishes => ({
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
  library: { trace: () => Promise.reject(error) },
});
const ending = (...states: ('measured' | 'reused' | 'failed')[]): Wishes => ({
  library: {
    trace: () =>
      Promise.resolve(
        traceResult(
          states.map((state) => checkpoint({ state, ...(state === 'failed' ? { error: 'why', layers: {} } : {}) })),
        ),
      ),
  },
});

describe('exit statuses', () => {
  it.each([
    ['measured', 'reused', 0],
    ['measured', 'failed', 3],
    ['failed', 'failed', 1],
  ] as const)('%s and %s: %i', async (a, b, expected) => {
    expect((await type(line, ending(a, b))).status).toBe(expected);
  });

  it.each([
    ['usage', 2],
    ['input', 1],
    ['integrity', 4],
    ['environment', 1],
    ['interrupted', 130],
  ] as [ErrorCode, number][])('an error of kind %s: %i', async (code, expected) => {
    const { status, stderr, stdout } = await type(
      line,
      failing(new EigentraceError(code, 'corpus c.txt: no such file')),
    );
    expect([status, stderr.text, stdout.text]).toEqual([expected, 'eigentrace: corpus c.txt: no such file\n', '']);
  });

  it('interrupted: what is done is shown, 130', async () => {
    const { status, stdout, stderr } = await type(line, {
      library: { trace: () => Promise.resolve(traceResult([checkpoint()], true)) },
    });
    expect(status).toBe(130);
    expect(stdout.text).toContain('step512');
    expect(stderr.text).toContain('interrupted: the same command goes on from here\n');
  });

  it('a bug of ours says so, and shows its stack only on demand', async () => {
    const quiet = await type(line, failing(new TypeError('x is not a function')));
    expect(quiet.status).toBe(1);
    expect(quiet.stderr.text).toBe(
      'eigentrace: internal: x is not a function\n' +
        '  This is a fault of eigentrace, not of your data. EIGENTRACE_DEBUG=1 shows where it happened.\n',
    );
    const loud = await type(line, {
      ...failing(new Error('x', { cause: new Error('deeper') })),
      env: { EIGENTRACE_DEBUG: '1' },
    });
    expect(loud.stderr.text).toMatch(/internal: x\nError: x\n +at [^]*Error: deeper\n +at /);
    expect((await type(line, failing('a thrown text'))).stderr.text).toContain('internal: a thrown text\n');
  });
});

describe('words that are not known', () => {
  it('names the nearest three', async () => {
    const { status, stderr } = await type('tracee x');
    expect(status).toBe(2);
    // Which come second and third depends on what commands there are.
    expect(stderr.text).toMatch(
      /^eigentrace: unknown command, got tracee \(nearest: trace, \w+, \w+; all of them: eigentrace --help\)\n$/,
    );
    expect((await type('--jsn')).stderr.text).toBe(
      'eigentrace: unknown option, got --jsn (nearest: --help, --version; all of them: eigentrace --help)\n',
    );
  });

  it('shows the help on stderr when nothing was asked', async () => {
    const { status, stderr, stdout } = await type('');
    expect([status, stdout.text]).toEqual([2, '']);
    expect(stderr.text).toContain('Examples\n');
  });
});

describe('help', () => {
  it('lists examples first, then every option with default, variable and meaning', async () => {
    for (const { name, settings } of commands) {
      const { status, stdout, stderr } = await type(`${name} --help`);
      expect([status, stderr.text]).toEqual([0, '']);
      const blocks = stdout.text.split('\n\n').map((block) => block.split('\n')[0]);
      expect(blocks.slice(1, 3)).toEqual(['Examples', 'Usage']);
      for (const { flag } of Object.values(settings)) expect(stdout.text).toMatch(new RegExp(`^  ${flag}\\b`, 'm'));
      expect(stdout.text).toBe((await type(`help ${name}`)).stdout.text);
      for (const never of ['undefined', '[object', '\u001b']) expect(stdout.text).not.toContain(never);
    }
  });

  it('of the program lists every command, after the examples', async () => {
    const { stdout } = await type('--help');
    expect(stdout.text.indexOf('Examples')).toBeLessThan(stdout.text.indexOf('Commands'));
    for (const { name, summary } of commands)
      expect(stdout.text).toMatch(new RegExp(`^  ${name} +${summary}$`.replace(/[.()]/g, '\\$&'), 'm'));
    expect((await type('help')).stdout.text).toBe(stdout.text);
  });

  it('keeps to the width of the terminal, and has colour only there', async () => {
    const { stdout } = await type('trace --help', { tty: true, columns: 72 });
    expect(stdout.text).toContain('\u001b[1mOptions\u001b[22m');
    // eslint-disable-next-line no-control-regex
    const plain = stdout.text.replace(/\u001b\[\d+m/g, '').split('\n');
    for (const words of plain.filter((l) => !/^ {2}(eigentrace|#)/.test(l)))
      expect(words.length).toBeLessThanOrEqual(72);
  });

  it('prints the version', async () => {
    const { status, stdout } = await type('--version');
    expect([status, stdout.text]).toEqual([0, '1.2.3\n']);
  });

  it('loads no library', async () => {
    const w = { ...world(), library: () => Promise.reject(new Error('loaded')) };
    expect(await run(['--help'], w, '1')).toBe(0);
    expect(await run(['trace', '--help'], w, '1')).toBe(0);
    expect(await run(['--version'], w, '1')).toBe(0);
  });
});

describe('colour', () => {
  const coloured = async (wishes: Wishes) =>
    (await type(line, { ...ending('measured', 'failed'), ...wishes })).stdout.text.includes('\u001b');
  it('is for terminals, unless the environment says otherwise', async () => {
    expect(await coloured({})).toBe(false);
    expect(await coloured({ tty: true })).toBe(true);
    expect(await coloured({ tty: true, env: { NO_COLOR: '1' } })).toBe(false);
    expect(await coloured({ tty: true, env: { TERM: 'dumb' } })).toBe(false);
    expect(await coloured({ env: { FORCE_COLOR: '1' } })).toBe(true);
    expect(await coloured({ tty: true, env: { FORCE_COLOR: '0' } })).toBe(false);
  });
});

describe('streams', () => {
  it('--json puts the result on stdout and nothing else', async () => {
    const { stdout, stderr } = await type(`${line} --json`, ending('measured', 'failed'));
    expect(JSON.parse(stdout.text)).toMatchObject({
      run: 'run',
      results: [{ state: 'measured' }, { state: 'failed', error: 'why' }],
    });
    expect(stderr.text).toMatch(/^2 checkpoints: 1 measured, 0 reused, 1 failed; 0:00; in run\n/);
    const dry = await type(`${line} --dry-run --json`);
    expect(JSON.parse(dry.stdout.text)).toEqual(plan());
  });

  it('--quiet leaves stderr empty', async () => {
    const library: Wishes['library'] = {
      trace: (_, hooks) => {
        hooks?.onEvent?.({ type: 'note', message: 'said' });
        return Promise.resolve(traceResult([checkpoint()]));
      },
    };
    expect((await type(`${line} --quiet`, { library })).stderr.text).toBe('');
    expect((await type(line, { library })).stderr.text).toContain('note: said\n');
  });
});

describe('the plan', () => {
  it('reads well', async () => {
    const { stdout, status } = await type(`${line} --dry-run`);
    expect(status).toBe(0);
    expect(stdout.text).toBe(`series       checkpoints
run          run
checkpoints  4: 2 to measure, 1 reused, 1 with problems
corpus       512 sequences of 600 asked, 34.5k tokens, from heldout.jsonl
operations   63.5 GFLOP a checkpoint: forward 62.1 GFLOP, spectrum 1.40 GFLOP
             127 GFLOP in all
to read      2.00 MiB of weights
peak memory  1.50 GiB
time         about 0:42

revision  tokens      weights
step0          0     1.00 MiB  reused
step512    1.07B     1.00 MiB
step1000       –     1.00 MiB
step2000       –          0 B  no weights

Not reusable, because these differ from what is there
  filter.maxTokens: 512 → 128

Notes
  folder logs: no config.json, skipped

Nothing was computed or written: this is the plan of --dry-run.
`);
  });
});

describe('Ctrl-C', () => {
  /** A trace that ends as interrupted once its signal is aborted, or when `finish` is called. */
  function waiting(): { wishes: Wishes; finish: () => void } {
    let finish: () => void = () => undefined;
    const library: Wishes['library'] = {
      trace: (_, hooks) =>
        new Promise((resolve) => {
          hooks?.signal?.addEventListener('abort', () => {
            finish = () => resolve(traceResult([checkpoint()], true));
          });
        }),
    };
    return { wishes: { library }, finish: () => finish() };
  }

  it.each(['SIGINT', 'SIGTERM'] as const)('%s once: asks to stop and waits for it', async (signal) => {
    const { wishes, finish } = waiting();
    const w = world(wishes);
    const status = run(line.split(' '), w, '1');
    await new Promise((resolve) => setImmediate(resolve));
    w.signals.emit(signal);
    expect(w.stderr.text).toMatch(/^stopping: .* press again to stop at once\n$/);
    expect(w.exits).toEqual([]);
    finish();
    expect(await status).toBe(130);
    expect([w.signals.listenerCount('SIGINT'), w.signals.listenerCount('SIGTERM')]).toEqual([0, 0]);
  });

  it('twice: ends at once', async () => {
    const { wishes, finish } = waiting();
    const w = world(wishes);
    const status = run(line.split(' '), w, '1');
    await new Promise((resolve) => setImmediate(resolve));
    w.signals.emit('SIGINT');
    w.signals.emit('SIGINT');
    expect(w.exits).toEqual([130]);
    finish();
    await status;
  });
});
