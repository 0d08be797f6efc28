// Claim: the forward pass in float32 is at least 2.2× transformers padded in corpus order (batches of 32), 1.05× the best
// transformers does in float32 without a cache, and 0.95 of the machine's GEMM peak measured beside it.
// usage: PYTHON=venv/bin/python node bench/forward.mjs [MODEL_FOLDER] [--rounds 3]   (requirements: bench/peers/requirements.txt)
import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { openCheckpoint } from '../dist/checkpoints/index.js';
import { Model } from '../dist/models/index.js';
import { ModelProcess, measureSpeed, represent } from '../dist/runtime/index.js';
import { benchModel } from './model.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '3' }, threads: { type: 'string', default: '2' } },
});
const rounds = Number(values.rounds);
const threads = Number(values.threads);
const folder = positionals[0] ?? benchModel('160m', 'float32');
const model = Model.read(await openCheckpoint(folder));

// 192 sequences of 33 to 456 tokens, log-uniform, in corpus (random) order; ids don't matter for the cost.
let state = 7;
const uniform = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
const lengths = Array.from({ length: 192 }, () => Math.round(33 * (456 / 33) ** uniform()));
const sequences = lengths.map((n) => Int32Array.from({ length: n }, () => Math.floor(uniform() * model.vocabulary)));
const tokens = lengths.reduce((a, b) => a + b, 0);

const ids = join(mkdtempSync(join(tmpdir(), 'bench-')), 'ids.json');
writeFileSync(ids, JSON.stringify(sequences.map((s) => [...s])));
const python = spawn(process.env.PYTHON ?? 'python3', ['bench/peers/forward.py', folder, ids, String(threads)], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
const answer = async () => JSON.parse((await lines.next()).value);
await answer(); // ready
const peer = async (how) => {
  python.stdin.write(`${how}\n`);
  return answer();
};

const child = ModelProcess.start();
let last;
const ours = async () => {
  let start = 0;
  last = new Map();
  const options = { layers: ['final'], position: 'last', threads, onLoaded: () => (start = performance.now()) };
  await represent(child, model, sequences, options, { state: (_, index, row) => void last.set(index, row.slice()) });
  const seconds = (performance.now() - start) / 1000;
  await child.release();
  return tokens / seconds;
};

const useful = 2 * model.parameters.nonEmbedding;
const { cost } = model.stateGraph({ layers: ['final'], position: 'last', everyToken: false, maxTokens: 512 });
const executed =
  cost.perToken * tokens + cost.perSequence * 192 + cost.perTokenPair * lengths.reduce((a, n) => a + n * n, 0);
console.log(
  `${folder}: ${tokens} tokens; useful ${((useful * tokens) / 1e12).toFixed(2)} TFLOP, executed ${(executed / 1e12).toFixed(2)}`,
);
const all = { ours: [], peak: [], padded: [], one: [], sorted: [] };
await ours(); // warm the page cache
for (let round = 0; round < rounds; round++) {
  for (const how of ['padded', 'one', 'sorted']) {
    all.ours.push(await ours());
    all.peak.push((await measureSpeed(child, threads, 1024, 60)).sustained);
    const { tokensPerSecond, error } = await peer(how);
    all[how].push(tokensPerSecond);
    const line = `round ${round + 1}: ours ${all.ours.at(-1).toFixed(0)} tok/s (${((all.ours.at(-1) * useful) / 1e9).toFixed(0)} GFLOP/s)`;
    console.log(
      `${line}; GEMM ${(all.peak.at(-1) / 1e9).toFixed(0)}; transformers ${how} ${tokensPerSecond.toFixed(0)} tok/s${error ?? ''}`,
    );
  }
}
const median = (xs) => [...xs].sort((a, b) => a - b)[xs.length >> 1];
const best = Math.max(median(all.one), median(all.sorted), median(all.padded));
const mine = median(all.ours);
console.log(`\nagainst padded in corpus order: ${(mine / median(all.padded)).toFixed(2)}× (claim ≥ 2.2)`);
console.log(`against the best of three:      ${(mine / best).toFixed(2)}× (claim ≥ 1.05)`);
console.log(`against the GEMM peak:          ${((mine * useful) / median(all.peak)).toFixed(2)} (claim ≥ 0.95)`);
python.stdin.end();
child.kill(new Error('done'));
