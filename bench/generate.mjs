// Greedy generation against transformers with its cache, on the CPU: new tokens a second, batch 1 and 16, in turns.
// usage: PYTHON=… node bench/generate.mjs MODEL [--threads N] [--rounds N] [--new N]   (after npm run build; MODEL by bench/make-model.mjs)
import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { openCheckpoint } from '../dist/checkpoints/index.js';
import { complete } from '../dist/generation/index.js';
import { Model } from '../dist/models/index.js';
import { ModelProcess } from '../dist/runtime/index.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { threads: { type: 'string' }, rounds: { type: 'string' }, new: { type: 'string' } },
});
const folder = positionals[0];
const threads = Number(values.threads ?? availableParallelism());
const rounds = Number(values.rounds ?? 3);
const count = Number(values.new ?? 64);
const model = Model.read(await openCheckpoint(folder));
// Equal lengths, so that the peer needs no padding.
let state = 1;
const draw = () => (state = (state * 48271) % 2147483647) % model.vocabulary;
const sequences = Array.from({ length: 16 }, () => Int32Array.from({ length: 32 }, draw));
const ids = join(mkdtempSync(join(tmpdir(), 'bench-')), 'ids.json');
writeFileSync(ids, JSON.stringify(sequences.map((s) => [...s])));
const args = ['bench/peers/generate.py', folder, ids, String(threads), String(count)];
const python = spawn(process.env.PYTHON ?? 'python3', args, { stdio: ['pipe', 'pipe', 'inherit'] });
const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
const answer = async () => JSON.parse((await lines.next()).value);
const { torch, transformers } = await answer();
const peer = (batch) => {
  python.stdin.write(`${batch}\n`);
  return answer();
};

const child = ModelProcess.start();
const tokenizer = { decode: () => '' };
const ours = async (batch, maxNewTokens = count) => {
  let start = 0;
  const prompts = sequences.slice(0, batch).map((each) => ({ text: '', ids: each }));
  const options = { sampling: null, samples: 1, maxNewTokens, stop: [], ends: [], batch, threads };
  const found = await complete(child, model, tokenizer, prompts, {
    ...options,
    onLoaded: () => (start = performance.now()),
  });
  const tokensPerSecond = (batch * maxNewTokens * 1000) / (performance.now() - start);
  return { tokensPerSecond, tokens: found.map(([{ ids }]) => [...ids]) };
};
console.log(`${folder}: 32 + ${count} tokens, ${threads} threads; torch ${torch}, transformers ${transformers}`);
await ours(1, 2); // warm the page cache
const median = (xs) => [...xs].sort((a, b) => a - b)[xs.length >> 1];
for (const batch of [1, 16]) {
  const all = { ours: [], theirs: [] };
  let same = 0;
  for (let round = 0; round < rounds; round++) {
    const mine = await ours(batch);
    const other = await peer(batch);
    all.ours.push(mine.tokensPerSecond);
    all.theirs.push(other.tokensPerSecond);
    same = mine.tokens.filter((each, b) => each.every((token, i) => token === other.tokens[b][i])).length;
  }
  const [a, b] = [median(all.ours), median(all.theirs)];
  console.log(
    `batch ${batch}: ours ${a.toFixed(1)} tok/s, transformers ${b.toFixed(1)}: ${(a / b).toFixed(2)}× (claim ≥ 0.8); ${same} of ${batch} texts the same`,
  );
}
python.stdin.end();
child.kill(new Error('done'));
