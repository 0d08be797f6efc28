// How fast an ∞-gram index is built and asked beside the infini-gram package, in one run on the same tokens, and how much
// memory building takes. The corpus: tokens of the sample's training text (sample/corpus/train.txt.gz, its own tokenizer), read
// along 1,000 paths that at each token jump, one time in two, to another place where the same two tokens stand: so n-grams
// repeat as in text, and long repeats are there. A tenth of the documents is there twice.
//   npm run build; PYTHON=…/bin/python node bench/infinigram.mjs [--tokens 20000000] [--rounds 2] [--queries 5000]
// PYTHON has infini-gram installed (bench/peers/infinigram.py); without it only our own times are printed.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { FileSource, writeAtomic } from '../dist/bytes/index.js';
import { documents, openTokenizer } from '../dist/corpus/index.js';
import { openIndex, SuffixSorter } from '../dist/infinigram/index.js';

const options = { tokens: '20000000', rounds: '2', queries: '5000', sort: '' };
const { values: given } = parseArgs({
  options: Object.fromEntries(Object.keys(options).map((name) => [name, { type: 'string' }])),
});
const [tokens, rounds, asked] = ['tokens', 'rounds', 'queries'].map((name) => Number(given[name] ?? options[name]));

if (given.sort) {
  // A process of its own, so that its largest memory is that of building.
  const before = process.memoryUsage().rss;
  const start = performance.now();
  const source = await FileSource.open(join(given.sort, 'tokenized.0'));
  const sorter = new SuffixSorter(2);
  await sorter.sort(source, 2);
  await writeAtomic(join(given.sort, 'table.0'), sorter.table());
  const { user, system } = process.cpuUsage();
  const seconds = (performance.now() - start) / 1000;
  // Not maxRSS, which a process inherits from the one that started it.
  const most = 1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
  console.log(JSON.stringify({ seconds, cpu: (user + system) / 1e6, most, before }));
  await sorter.close();
  process.exit(0);
}

const folder = mkdtempSync(join(tmpdir(), 'infinigram-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const text = await makeCorpus();
const ends = [];
for (let i = 0; i < text.length; i++) if (text[i] === 65535) ends.push(BigInt(2 * i));
for (const name of ['ours', 'theirs']) {
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, 'tokenized.0'), text);
  writeFileSync(join(folder, name, 'offset.0'), BigUint64Array.from(ends));
}
console.log(`${tokens} tokens, ${ends.length} documents, u16`);

const python = process.env.PYTHON;
const peer = (...args) => run(python, [fileURLToPath(new URL('peers/infinigram.py', import.meta.url)), ...args]);
for (let round = 0; round < rounds; round++) {
  rmSync(join(folder, 'ours/table.0'), { force: true });
  const ours = run(process.execPath, [fileURLToPath(import.meta.url), '--sort', join(folder, 'ours')]);
  const memory = `${(ours.most / tokens).toFixed(1)} bytes a token at most (${((ours.most - ours.before) / tokens).toFixed(1)} without Node itself)`;
  console.log(
    `build, round ${round + 1}: ours ${ours.seconds.toFixed(1)} s (processor ${ours.cpu.toFixed(1)} s), ${memory}`,
  );
  if (!python) continue;
  rmSync(join(folder, 'theirs/table.0'), { force: true });
  const theirs = peer('index', join(folder, 'theirs'));
  const same = readFileSync(join(folder, 'ours/table.0')).equals(readFileSync(join(folder, 'theirs/table.0')));
  console.log(
    `  infini-gram ${theirs.seconds.toFixed(1)} s (processor ${theirs.cpu.toFixed(1)} s): ours takes ${(ours.seconds / theirs.seconds).toFixed(2)} of that; tables ${same ? 'the same' : 'DIFFER'}`,
  );
}

// Contexts of the text with one token in 16 replaced, as a model's questions would be: 24 tokens and a continuation.
const queries = Array.from({ length: asked }, () => {
  const at = Math.floor(Math.random() * (tokens - 30));
  return Array.from(text.subarray(at, at + 25), (id) =>
    Math.random() < 1 / 16 ? Math.floor(Math.random() * 4000) : id,
  );
});
writeFileSync(join(folder, 'queries'), queries.map((ids) => `${JSON.stringify(ids)}\n`).join(''));
const index = await openIndex(join(folder, 'ours'));
let answers;
const seconds = [];
for (let pass = 0; pass < 2; pass++) {
  const start = performance.now();
  answers = [];
  for (const ids of queries) answers.push(await index.infgramProb(ids.slice(0, -1), ids.at(-1)));
  seconds.push((performance.now() - start) / 1000);
}
await index.close();
const rate = (list) => list.map((s) => Math.round(asked / s)).join(', then ');
console.log(`∞-gram probabilities a second: ours ${rate(seconds)}`);
if (python) {
  copyFileSync(join(folder, 'ours/table.0'), join(folder, 'theirs/table.0'));
  const theirs = peer('query', join(folder, 'theirs'), join(folder, 'queries'));
  const mine = answers.map(({ suffix_len, prompt_cnt, cont_cnt }) => [suffix_len, prompt_cnt, cont_cnt]);
  const same = JSON.stringify(mine) === JSON.stringify(theirs.answers);
  console.log(`  infini-gram ${rate(theirs.seconds)}; answers ${same ? 'the same' : 'DIFFER'}`);
}

function run(command, args) {
  const { stdout, stderr, status } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

async function makeCorpus() {
  const path = (name) => fileURLToPath(new URL(`../sample/${name}`, import.meta.url));
  const tokenizer = await openTokenizer(path('series/tokenizer.json'));
  const ids = [];
  for await (const document of documents(path('corpus/train.txt.gz')))
    ids.push(65535, ...tokenizer.encodePlain(document.text));
  const places = new Map();
  for (let i = 0; i + 2 < ids.length; i++) {
    const key = ids[i] * 65536 + ids[i + 1];
    if (!places.has(key)) places.set(key, []);
    places.get(key).push(i);
  }
  const made = new Uint16Array(tokens);
  made[0] = 65535;
  let at = 0;
  let start = 0;
  for (let i = 1; i < tokens; i++) {
    if (i % Math.ceil(tokens / 1000) === 0) at = Math.floor(Math.random() * (ids.length - 3));
    made[i] = ids[at + 2];
    if (made[i] === 65535) {
      const length = i - start;
      if (Math.random() < 0.1 && i + length < tokens) {
        made.copyWithin(i, start, i);
        i += length;
        made[i] = 65535;
      }
      start = i;
    }
    const twins = places.get(ids[at + 1] * 65536 + ids[at + 2]);
    at = Math.random() < 0.5 && twins ? twins[Math.floor(Math.random() * twins.length)] : at + 1;
    if (at + 2 >= ids.length) at = 0;
  }
  return made;
}
