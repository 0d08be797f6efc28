// Claim: greedy and drawn texts are written at least 0.8× as fast as by transformers on CPU with its cache, batch 1 and 16, and
// greedy ones are the same. Both from the loaded model, in turns; tokens a second are medians, and beside them stand
// milliseconds of processor time a token (of all threads and both our processes; Linux), which a busy machine moves less.
// usage: PYTHON=… node bench/generate.mjs MODEL [--threads N] [--rounds N] [--new N]   (after npm run build; MODEL by bench/make-model.mjs)
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
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
const peer = (batch, mode) => {
  python.stdin.write(`${JSON.stringify({ batch, mode })}\n`);
  return answer();
};

const child = ModelProcess.start();
const tokenizer = { decode: () => '' };
/** Seconds of processor time of this process and the child; NaN where the system doesn't say. */
const cpu = () => {
  const { user, system } = process.cpuUsage();
  try {
    const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (user + system) / 1e6 + (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return NaN;
  }
};
const drawn = { temperature: 0.8, topK: null, topP: 0.95, seed: 0 };
const ours = async (batch, mode, maxNewTokens = count) => {
  let [start, before] = [0, 0];
  const prompts = sequences.slice(0, batch).map((each) => ({ text: '', ids: each }));
  const options = { samples: 1, maxNewTokens, stop: [], ends: [], batch, threads };
  const found = await complete(child, model, tokenizer, prompts, {
    ...options,
    sampling: mode === 'greedy' ? null : drawn,
    onLoaded: () => ([start, before] = [performance.now(), cpu()]),
  });
  const tokens = batch * maxNewTokens;
  const seconds = (performance.now() - start) / 1000;
  return { tokensPerSecond: tokens / seconds, cpu: (cpu() - before) / tokens, texts: found.map(([{ ids }]) => ids) };
};
const load = loadavg()[0].toFixed(1);
console.log(
  `${folder}: 32 + ${count} tokens, ${threads} threads, load ${load}; torch ${torch}, transformers ${transformers}`,
);
await ours(1, 'greedy', 2); // warm the page cache
const median = (all, key) => all.map((each) => each[key]).sort((a, b) => a - b)[all.length >> 1];
let holds = true;
for (const mode of ['greedy', 'drawn']) {
  for (const batch of [1, 16]) {
    const all = { ours: [], theirs: [] };
    let same = batch;
    for (let round = 0; round < rounds; round++) {
      const mine = await ours(batch, mode);
      const other = await peer(batch, mode);
      all.ours.push(mine);
      all.theirs.push(other);
      same = Math.min(same, mine.texts.filter((each, b) => each.every((id, i) => id === other.tokens[b][i])).length);
    }
    const [a, b] = [median(all.ours, 'tokensPerSecond'), median(all.theirs, 'tokensPerSecond')];
    const [c, d] = [median(all.ours, 'cpu'), median(all.theirs, 'cpu')].map((s) => (s * 1000).toFixed(1));
    holds &&= a / b >= 0.8;
    console.log(
      `${mode}, batch ${batch}: ours ${a.toFixed(1)} tok/s, transformers ${b.toFixed(1)}: ${(a / b).toFixed(2)}×; ` +
        `processor time ${c} and ${d} ms a token${mode === 'greedy' ? `; ${same} of ${batch} texts the same` : ''}`,
    );
  }
}
console.log(holds ? 'the claim holds' : 'the claim does NOT hold');
python.stdin.end();
child.kill(new Error('done'));
process.exit(holds ? 0 : 1);
