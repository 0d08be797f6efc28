// Claim: `--precision int8` runs the blocks at least 1.3× as fast as float32 on a 160M- and a 1B-shaped model (2 threads,
// final states, sequences of 33 to 456 tokens), with less memory; on the trained sample RankMe and α move by less than 1 %,
// the likelihood by less than 0.1 %.
// usage: node bench/precision.mjs [MODEL_FOLDER…] [--rounds 5] [--threads 2] [--tokens 8000]   (default: the 160M, the 1B, the sample)
import { loadavg, tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openCheckpoint } from '../dist/checkpoints/index.js';
import { trace, traceDefaults } from '../dist/index.js';
import { Model } from '../dist/models/index.js';
import { ModelProcess, represent, roundWeights } from '../dist/runtime/index.js';
import { benchModel } from './model.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string', default: '2' },
    tokens: { type: 'string', default: '8000' },
  },
});
const [rounds, threads, wanted] = [values.rounds, values.threads, values.tokens].map(Number);
const median = (xs) => [...xs].sort((a, b) => a - b)[xs.length >> 1];
const range = (xs) => `${Math.min(...xs).toFixed(2)}–${Math.max(...xs).toFixed(2)}`;
const load = () => `load ${loadavg()[0].toFixed(1)}`;

/** Both ways, one after the other, again and again; the same child and the same order of batches. */
async function speed(folder) {
  const model = Model.read(await openCheckpoint(folder));
  let state = 7;
  const uniform = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const sequences = [];
  let tokens = 0;
  while (tokens < wanted) {
    const ids = Int32Array.from({ length: Math.round(33 * (456 / 33) ** uniform()) }, () =>
      Math.floor(uniform() * model.vocabulary),
    );
    sequences.push(ids);
    tokens += ids.length;
  }
  const before = performance.now();
  const rounded = await roundWeights(model, tmpdir());
  const rounding = (performance.now() - before) / 1000;
  const run = async (which, child, logprobs) => {
    const rows = new Map();
    const called = performance.now();
    let start = 0;
    const options = {
      layers: ['final'],
      position: 'last',
      logprobs,
      threads,
      onLoaded: () => (start = performance.now()),
    };
    await represent(child, which, sequences, options, { state: (_, index, row) => void rows.set(index, row.slice()) });
    const end = performance.now();
    return { load: (start - called) / 1000, seconds: (end - start) / 1000, rows };
  };
  const peaks = {};
  for (const [name, which] of [
    ['float32', model],
    ['int8', rounded.model],
  ]) {
    const child = ModelProcess.start();
    await run(which, child, false);
    peaks[name] = (await child.probe()).peak / 2 ** 20;
    child.kill(new Error('done'));
  }
  const child = ModelProcess.start();
  console.log(`${folder}: ${sequences.length} sequences, ${tokens} tokens, ${threads} threads, ${load()}`);
  for (const logprobs of [false, true]) {
    const found = { float32: [], int8: [] };
    for (let round = 0; round < rounds; round++) {
      for (const [name, which] of [
        ['float32', model],
        ['int8', rounded.model],
      ]) {
        found[name].push(await run(which, child, logprobs));
        await child.release();
      }
    }
    const seconds = Object.fromEntries(
      Object.entries(found).map(([name, runs]) => [name, runs.map((each) => each.seconds)]),
    );
    const ratios = seconds.float32.map((each, i) => each / seconds.int8[i]);
    const loads = Object.values(found).map((runs) => median(runs.map((each) => each.load)).toFixed(2));
    console.log(
      `  ${logprobs ? 'with likelihoods' : 'states'}: float32 ${(tokens / median(seconds.float32)).toFixed(0)} tokens/s, ` +
        `int8 ${(tokens / median(seconds.int8)).toFixed(0)}; of pairs ${median(ratios).toFixed(2)}× (${range(ratios)}); loads ${loads.join(' and ')} s`,
    );
    if (!logprobs)
      console.log(
        `  state error of the random model ${(100 * errorOf(found.float32[0].rows, found.int8[0].rows)).toFixed(2)} %`,
      );
  }
  child.kill(new Error('done'));
  await rounded.release();
  console.log(
    `  rounding ${rounding.toFixed(1)} s; peak of the child ${peaks.float32.toFixed(0)} and ${peaks.int8.toFixed(0)} MiB; ${load()}`,
  );
}

/** Root mean square of the difference, as a share of the rows' spread around their mean. */
function errorOf(a, b) {
  const d = a.get(0).length;
  const mean = new Float64Array(d);
  for (const row of a.values()) row.forEach((value, j) => (mean[j] += value / a.size));
  let [difference, spread] = [0, 0];
  for (const [index, row] of a) {
    row.forEach((value, j) => {
      difference += (value - b.get(index)[j]) ** 2;
      spread += (value - mean[j]) ** 2;
    });
  }
  return Math.sqrt(difference / spread);
}

/** What moves on a trained model: every checkpoint of the sample, both ways, as `trace` measures it. */
async function figures() {
  const series = fileURLToPath(new URL('../sample', import.meta.url));
  const out = mkdtempSync(join(tmpdir(), 'bench-precision-'));
  const request = { ...traceDefaults, series, corpus: 'sample:', errors: 'none', nll: true, threads };
  const found = {};
  for (const precision of ['float32', 'int8']) {
    const filter = { sequences: 15_000, minTokens: 32, maxTokens: 512 };
    const { results } = await trace({ ...request, ...filter, precision, out: join(out, precision) });
    found[precision] = results;
  }
  rmSync(out, { recursive: true });
  for (const name of ['rankme', 'alpha', 'nll']) {
    const moved = found.float32.map(({ layers, revision }, i) => {
      const [a, b] = [layers.final[name], found.int8[i].layers.final[name]];
      return { revision, share: Math.abs(b / a - 1) };
    });
    const worst = moved.reduce((most, each) => (each.share > most.share ? each : most));
    const middle = median(moved.map(({ share }) => share));
    console.log(
      `  ${name}: moves by ${(100 * middle).toFixed(3)} % (median of ${moved.length}), ${(100 * worst.share).toFixed(3)} % at most (${worst.revision})`,
    );
  }
}

const folders = positionals.length > 0 ? positionals : [benchModel('160m', 'float32'), benchModel('1b', 'float16')];
for (const folder of folders) await speed(folder);
if (positionals.length === 0) {
  console.log('the sample, all checkpoints:');
  await figures();
}
