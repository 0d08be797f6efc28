// Claim: a Llama-shaped model is no slower per FLOP than GPT-NeoX. Both 160M-shaped with random weights, the same sequences,
// alternating; per executed FLOP and per useful one (2 · non-embedding parameters · real tokens).
//   npm run build; node bench/families.mjs [--rounds 5] [--sequences 64] [--threads 2]
import { parseArgs } from 'node:util';
import { openCheckpoint } from '../dist/checkpoints/index.js';
import { Model } from '../dist/models/index.js';
import { ModelProcess, represent } from '../dist/runtime/index.js';
import { benchModel } from './model.mjs';

const options = { rounds: '5', sequences: '64', threads: '2' };
const { values: given } = parseArgs({
  options: Object.fromEntries(Object.keys(options).map((name) => [name, { type: 'string' }])),
});
const [rounds, count, threads] = Object.keys(options).map((name) => Number(given[name] ?? options[name]));

// 33 to 456 tokens, log-uniform, as in forward.mjs; ids don't matter for the cost.
let state = 7;
const uniform = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
const lengths = Array.from({ length: count }, () => Math.round(33 * (456 / 33) ** uniform()));
const sequences = lengths.map((n) => Int32Array.from({ length: n }, () => Math.floor(uniform() * 50000)));
const tokens = lengths.reduce((a, b) => a + b, 0);

const child = ModelProcess.start();
const families = ['gpt_neox', 'llama'];
const models = {};
const rates = {};
for (const family of families) {
  const model = Model.read(await openCheckpoint(benchModel('160m', 'float32', family)));
  const { cost } = model.stateGraph({ layers: ['final'], position: 'last', everyToken: false, maxTokens: 512 });
  const pairs = lengths.reduce((a, n) => a + n * n, 0);
  const executed = cost.perToken * tokens + cost.perSequence * count + cost.perTokenPair * pairs;
  models[family] = { model, executed, useful: 2 * model.parameters.nonEmbedding * tokens };
  rates[family] = { executed: [], useful: [] };
}
for (let round = -1; round < rounds; round++) {
  for (const family of families) {
    const { model, executed, useful } = models[family];
    let start = 0;
    const how = { layers: ['final'], position: 'last', threads, onLoaded: () => (start = performance.now()) };
    await represent(child, model, sequences, how, { state: () => undefined });
    const seconds = (performance.now() - start) / 1000;
    await child.release();
    if (round < 0) continue; // warms the page cache
    rates[family].executed.push(executed / seconds / 1e9);
    rates[family].useful.push(useful / seconds / 1e9);
  }
  if (round < 0) continue;
  const [a, b] = families.map((family) => rates[family].executed.at(-1));
  console.log(
    `round ${round + 1}: gpt_neox ${a.toFixed(1)}, llama ${b.toFixed(1)} GFLOP/s executed (${(b / a).toFixed(2)}×)`,
  );
}
child.kill(new Error('done'));
const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
for (const what of ['executed', 'useful']) {
  const [a, b] = families.map((family) => median(rates[family][what]));
  console.log(`median, ${what}: gpt_neox ${a.toFixed(1)}, llama ${b.toFixed(1)} GFLOP/s (${(b / a).toFixed(2)}×)`);
}
