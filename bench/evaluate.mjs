// Claim: SciQ is scored at least 3× as fast as by lm-evaluation-harness's `hf` model on CPU in float32 with its best batch
// size, and every choice's log-likelihood agrees within 3e-4. Ours is timed whole, starting the process, loading and
// tokenisation too; the harness from its loaded model, so without loading ours is shown beside. Its `auto` is left out: on
// CPU it begins with a batch of 64 full-length sequences. Loading takes a second: it shows where questions are few.
// usage: PYTHON=venv/bin/python node bench/evaluate.mjs [MODEL] --tokenizer tokenizer.json --data sciq.jsonl [--limit 100] [--rounds 2]
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, symlinkSync, mkdtempSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { evaluate, evaluateDefaults } from '../dist/evaluation/index.js';
import { visitDefaults } from '../dist/visit/index.js';
import { benchModel } from './model.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tokenizer: { type: 'string', default: '../shared/data/tokenizers/gpt-neox-20b.json' },
    data: { type: 'string', default: '../shared/data/tasks/sciq.jsonl' },
    limit: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '2' },
    threads: { type: 'string', default: '2' },
    batches: { type: 'string', default: '1,8,32' },
  },
});
const limit = Number(values.limit);
const threads = Number(values.threads);
for (const file of [values.tokenizer, values.data]) {
  if (existsSync(file)) continue;
  console.error(`${file}: no such file (expected --tokenizer tokenizer.json and --data sciq.jsonl)`);
  process.exit(2);
}
const model = positionals[0] ?? benchModel('160m', 'float32');
// The model with its tokenizer, in a folder of its own.
const folder = mkdtempSync(join(tmpdir(), 'bench-evaluate-'));
for (const file of ['config.json', 'model.safetensors']) symlinkSync(join(model, file), join(folder, file));
copyFileSync(values.tokenizer, join(folder, 'tokenizer.json'));
const token = '<|endoftext|>';
writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify({ bos_token: token, eos_token: token }));

const python = spawn(
  process.env.PYTHON ?? 'python3',
  ['bench/peers/evaluate.py', folder, values.tokenizer, values.data, String(limit), String(threads)],
  { stdio: ['pipe', 'pipe', 'ignore'] },
);
const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
const answer = async () => JSON.parse((await lines.next()).value);
const versions = await answer();
const peer = async (batch) => {
  python.stdin.write(`${batch}\n`);
  return answer();
};
const ours = async () => {
  const start = performance.now();
  const times = {};
  const request = {
    ...{ ...visitDefaults, ...evaluateDefaults, series: folder, out: null, threads, limit },
    ...{ tasks: ['sciq'], data: [values.data] },
  };
  const { results } = await evaluate(request, {
    onEvent: ({ type, phase }) => {
      if (type === 'progress') times[phase] ??= performance.now();
    },
  });
  const seconds = (performance.now() - start) / 1000;
  const loading = (times.score - times.load) / 1000;
  const [{ finding, error }] = results;
  if (error) throw new Error(error);
  return { seconds, loading, acc: finding.values[0].value, items: finding.detail.items.map((i) => i.loglikelihoods) };
};

console.log(
  `torch ${versions.torch}, transformers ${versions.transformers}; ${limit} questions, ${threads} threads, load ${loadavg()[0].toFixed(1)}`,
);
const best = { ours: Infinity, loaded: Infinity, harness: Infinity };
let difference = 0;
for (let round = 0; round < Number(values.rounds); round++) {
  const own = await ours();
  best.ours = Math.min(best.ours, own.seconds);
  best.loaded = Math.min(best.loaded, own.seconds - own.loading);
  const loading = `${own.loading.toFixed(1)} s of it loading`;
  console.log(`round ${round + 1}: ours ${own.seconds.toFixed(1)} s, ${loading}, acc ${own.acc}`);
  for (const batch of values.batches.split(',')) {
    const theirs = await peer(batch);
    best.harness = Math.min(best.harness, theirs.seconds);
    own.items.forEach((item, i) =>
      item.forEach((value, c) => (difference = Math.max(difference, Math.abs(value - theirs.items[i][c])))),
    );
    console.log(
      `round ${round + 1}: harness, batch ${batch}: ${theirs.seconds.toFixed(1)} s, acc ${theirs.acc}, ` +
        `${theirs.tokens} tokens forwarded; ours is ${(theirs.seconds / own.seconds).toFixed(2)}× as fast`,
    );
  }
}
python.stdin.end();
const ratio = best.harness / best.ours;
console.log(
  `best of each: ${ratio.toFixed(2)}× the harness's best batch size, ${(best.harness / best.loaded).toFixed(2)}× without ` +
    `loading; largest difference ${difference.toExponential(1)}`,
);
const holds = ratio >= 3 && difference < 3e-4;
console.log(holds ? 'the claim holds' : 'the claim does NOT hold');
process.exit(holds ? 0 : 1);
