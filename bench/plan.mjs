// Plan against truth: what `trace --dry-run` says a job will take, and what it takes, as ratios (plan / truth; 1 is right).
// Each round plans and then traces into a new folder, so that both meet the same machine; beside other work quote the medians.
// usage: node bench/plan.mjs [--rounds 3] [--only NAME,…] [--sequences N] [--revisions WHICH] [--bench DIR]
//   DIR: a folder for the 160M model, made there when it is missing (node bench/make-model.mjs); without it that case is left out
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    sequences: { type: 'string', default: '192' },
    bench: { type: 'string' },
    revisions: { type: 'string', default: 'all' },
  },
});
const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'bin/eigentrace.js');
const sample = [
  ...['--revisions', values.revisions],
  'sample/series.json',
  '--corpus',
  'sample:',
  '--sequences',
  '1500',
  '--min-tokens',
  '0',
  '--max-tokens',
  '128',
];
const cases = {
  sample,
  'sample --layers all': [...sample, '--layers', 'all'],
  'sample --nll': [...sample, '--nll'],
  'sample --errors none': [...sample, '--errors', 'none'],
  'sample --control': [...sample, '--control', 'shuffled-tokens,random-init,gaussian', '--revisions', 'log:4'],
};
if (values.bench) {
  const model = join(values.bench, 'checkpoint-1');
  if (!existsSync(join(model, 'config.json'))) {
    mkdirSync(values.bench, { recursive: true });
    spawnSync(process.execPath, ['bench/make-model.mjs', model, '--shape', '160m', '--vocabulary', '50304'], {
      cwd: root,
      stdio: 'inherit',
    });
    for (const name of ['tokenizer.json', 'tokenizer_config.json'])
      cpSync(join(root, 'sample/series', name), join(values.bench, name));
  }
  const text = ['--corpus', 'sample:', '--sequences', values.sequences, '--min-tokens', '32', '--max-tokens', '512'];
  cases['160M'] = [values.bench, ...text];
  cases['160M --nll'] = [values.bench, ...text, '--sequences', String(Math.ceil(values.sequences / 4)), '--nll'];
}
const wanted = values.only?.split(',') ?? Object.keys(cases);
const folder = mkdtempSync(join(tmpdir(), 'eigentrace-plan-'));
const cache = join(folder, 'cache');

function eigentrace(args) {
  const start = performance.now();
  const env = { ...process.env, EIGENTRACE_CACHE: cache };
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, 'trace', ...args, '--json'], {
    cwd: root,
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`status ${status}: ${stderr}`);
  return { json: JSON.parse(stdout), stderr, seconds: (performance.now() - start) / 1000 };
}
const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
/** What the records of a run took, by part. */
function parts(results) {
  const sum = { forward: 0, spectrum: 0, total: 0 };
  for (const { path } of results) {
    const { seconds } = JSON.parse(readFileSync(path, 'utf8')).provenance;
    for (const key of Object.keys(sum)) sum[key] += seconds[key] ?? 0;
  }
  return sum;
}
const two = (x) => x.toFixed(2);
try {
  for (const name of wanted) {
    const ratios = [];
    for (let round = 0; round < Number(values.rounds); round++) {
      const out = join(folder, `${name.replaceAll(/\W/g, '-')}-${round}`);
      const plan = eigentrace([...cases[name], '--out', out, '--dry-run']);
      const truth = eigentrace([...cases[name], '--out', out]);
      const took = parts(truth.json.results);
      // Without what Node itself takes to start, which is in no plan.
      const ratio = plan.json.seconds / truth.seconds;
      ratios.push(ratio);
      const { start, hash, load, forward, spectrum, store } = plan.json.time;
      console.log(
        `${name}, round ${round + 1}: plan ${two(plan.json.seconds)} s, truth ${two(truth.seconds)} s, ratio ${two(ratio)}; ` +
          `forward with load ${two((load + forward) / took.forward)} (${two(load)} + ${two(forward)} : ${two(took.forward)}), ` +
          `spectrum ${two(spectrum / took.spectrum)} (${two(spectrum)} : ${two(took.spectrum)}), ` +
          `rest ${two(start + hash + store)} : ${two(truth.seconds - took.forward - took.spectrum)}; ` +
          `the dry run took ${two(plan.seconds)} s; load ${two(loadavg()[0])}`,
      );
      rmSync(out, { recursive: true, force: true });
    }
    console.log(`${name}: median ${two(median(ratios))}, ${two(Math.min(...ratios))} to ${two(Math.max(...ratios))}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
