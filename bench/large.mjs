// Claim: a checkpoint of 13.8 GB (float16, Pythia-6.9B's shape, random weights) is traced under --memory 6GiB: the largest
// resident sets (VmHWM) of both processes together stay below it, mapped pages of the weight files included.
// Also measured: anonymous and file pages (RssAnon, RssFile) of both, sampled; the time; with --reference FOLDER (what
// bench/peers/large-reference.py wrote) the largest difference of the states and of RankMe.
// usage: node bench/large.mjs [FOLDER] [--memory 6GiB] [--layers 32] [--ids FILE] [--reference FOLDER] [--nll] [--keep]
// Linux only (reads /proc). FOLDER holds the model, made when it isn't there; without it a temporary one is, and goes unless --keep.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readSafetensors } from '../dist/bytes/index.js';
import { openTokenizer, selectSequences } from '../dist/corpus/index.js';
import { config, writeModel } from './large-weights.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    memory: { type: 'string', default: '6GiB' },
    layers: { type: 'string', default: '32' },
    ids: { type: 'string' },
    reference: { type: 'string' },
    nll: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
});
const own = (path) => fileURLToPath(new URL(path, import.meta.url));
const temporary = mkdtempSync(join(tmpdir(), 'bench-'));
const folder = positionals[0] ?? join(temporary, 'model');
const made = !existsSync(join(folder, 'config.json'));
process.on('exit', () => {
  rmSync(temporary, { recursive: true, force: true });
  if (made && !values.keep && positionals[0]) rmSync(folder, { recursive: true, force: true });
});

if (made) {
  const start = Date.now();
  mkdirSync(folder, { recursive: true });
  const bytes = writeModel(folder, { ...config, num_hidden_layers: Number(values.layers) });
  console.log(`model: ${(bytes / 1e9).toFixed(1)} GB written in ${((Date.now() - start) / 1000).toFixed(0)} s`);
}
// The sample's tokenizer stands in: the weights are random anyway.
writeFileSync(join(folder, 'tokenizer.json'), readFileSync(own('../sample/series/tokenizer.json')));

// 64 passages of 23 to 64 tokens: beginnings of the sample's, of different lengths.
const corpus = join(temporary, 'corpus.jsonl');
const passages = readFileSync(own('../sample/corpus/heldout.jsonl'), 'utf8').trim().split('\n').slice(0, 64);
const texts = passages.map((line, k) => JSON.parse(line).text.slice(0, 70 + ((53 * k) % 128)));
writeFileSync(corpus, texts.map((text) => `${JSON.stringify({ text })}\n`).join(''));
const filter = { sequences: 64, minTokens: 8, maxTokens: 64, seed: null, rows: null };
const tokenizer = await openTokenizer(join(folder, 'tokenizer.json'), null);
const { ids, tokens } = await selectSequences({ corpus, field: 'text', ...filter, tokenizer, cacheFolder: null });
if (values.ids) writeFileSync(values.ids, ids.map((each) => `${JSON.stringify([...each])}\n`).join(''));

const out = join(temporary, 'run');
const options = [
  '--sequences',
  '64',
  '--min-tokens',
  '8',
  '--max-tokens',
  '64',
  '--memory',
  values.memory,
  '--save-features',
];
if (values.nll) options.push('--nll');
const args = ['trace', folder, '--corpus', corpus, '--out', out, ...options];
const env = { ...process.env, EIGENTRACE_CACHE: join(temporary, 'cache') };
const cli = own('../bin/eigentrace.js');
const plan = JSON.parse(
  spawnSync(process.execPath, [cli, ...args, '--dry-run', '--json'], { env, encoding: 'utf8', maxBuffer: 1 << 26 })
    .stdout,
);
console.log(`plan: peak memory ${mb(plan.peakMemory)}, ${plan.seconds?.toFixed(0)} s`);

const start = Date.now();
const child = spawn(process.execPath, [cli, ...args], { env, stdio: ['ignore', 'inherit', 'inherit'] });
/** By process: largest VmHWM, and largest anonymous and file pages at a sample. */
const peaks = new Map();
let together = 0;
const timer = setInterval(() => {
  let now = 0;
  for (const pid of [child.pid, ...childrenOf(child.pid)]) {
    const status = statusOf(pid);
    now += status.VmRSS;
    const peak = peaks.get(pid) ?? { VmHWM: 0, RssAnon: 0, RssFile: 0 };
    for (const key of Object.keys(peak)) peak[key] = Math.max(peak[key], status[key]);
    peaks.set(pid, peak);
  }
  together = Math.max(together, now);
}, 20);
const code = await new Promise((resolve) => child.on('exit', resolve));
clearInterval(timer);
const seconds = (Date.now() - start) / 1000;
for (const [pid, peak] of peaks) {
  const what = Object.entries(peak).map(([key, bytes]) => `${key} ${mb(bytes)}`);
  console.log(`${pid === child.pid ? 'parent' : 'child '}: ${what.join(', ')}`);
}
const sum = [...peaks.values()].reduce((total, { VmHWM }) => total + VmHWM, 0);
const [, size, unit] = /^([\d.]+)\s*(\w+)$/.exec(values.memory);
const budget = size * { GiB: 2 ** 30, MiB: 2 ** 20, GB: 1e9, MB: 1e6 }[unit];
console.log(
  `exit ${code}, ${seconds.toFixed(0)} s, ${tokens} tokens (${(tokens / seconds).toFixed(1)} a second in all); both processes: ` +
    `VmHWM ${mb(sum)}, largest resident set at one time ${mb(together)} (sampled), budget ${mb(budget)}: ${(sum / budget).toFixed(2)} of it`,
);

const stored = readdirSync(out, { recursive: true }).map((name) => join(out, name));
const measurement = stored.find((name) => name.includes('geometry') && name.endsWith('.json'));
if (measurement) {
  const { layers, nll } = JSON.parse(readFileSync(measurement, 'utf8'));
  console.log(
    `rankme ${layers.final.rankme}, alpha ${layers.final.alpha}, mean norm ${layers.final.mean_norm}, nll ${nll?.value ?? null}`,
  );
  const { tensors } = await readSafetensors(measurement.replace(/json$/, 'safetensors'));
  const rows = tensors.get('features.final').data;
  if (values.reference) compare(rows, layers.final.rankme);
}
process.exitCode = code === 0 && sum <= budget ? 0 : 1;

/** Against the states that transformers computes from the same generator on another machine. */
function compare(rows, rankme) {
  const reference = JSON.parse(readFileSync(join(values.reference, 'reference.json'), 'utf8'));
  const npy = readFileSync(join(values.reference, 'final.npy'));
  const from = 10 + npy.readUInt16LE(8);
  const expected = new Float32Array(npy.buffer.slice(npy.byteOffset + from, npy.byteOffset + npy.length));
  if (expected.length !== rows.length) throw new Error(`${rows.length} values here, ${expected.length} there`);
  let difference = 0;
  let scale = 0;
  expected.forEach((value, i) => {
    difference = Math.max(difference, Math.abs(value - rows[i]));
    scale = Math.max(scale, Math.abs(value));
  });
  const relative = Math.abs(rankme - reference.rankme) / reference.rankme;
  console.log(
    `against transformers ${reference.transformers} on ${reference.device}: states differ by ${(difference / scale).toExponential(2)} ` +
      `of the largest, RankMe ${reference.rankme} by ${relative.toExponential(2)}`,
  );
}

function mb(bytes) {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

function statusOf(pid) {
  const keys = ['VmRSS', 'VmHWM', 'RssAnon', 'RssFile'];
  let text = '';
  try {
    text = readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    // It has just ended.
  }
  return Object.fromEntries(
    keys.map((key) => [key, Number(new RegExp(`${key}:\\s+(\\d+) kB`).exec(text)?.[1] ?? 0) * 1024]),
  );
}

function childrenOf(pid) {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1).split(' ')[1] === String(pid);
    } catch {
      return false;
    }
  });
}
