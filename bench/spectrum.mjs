// How fast the spectrum of N × d rows is beside Python's two ways, in one run, alternating on the same rows:
// scikit-learn's full-SVD PCA (the published way) and NumPy's cov + eigvalsh. Prints seconds and ratios of medians.
//   npm run build; PYTHON=…/bin/python node bench/spectrum.mjs [--n 10000] [--d 2048] [--rounds 3] [--threads 2]
// PYTHON has bench/peers/requirements.txt installed; without it only our own times are printed.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureRows, openKernel, spectrumFlops } from '../dist/spectrum/index.js';
import { startThread } from '../dist/trace/kernel-threads.js';

const options = { n: '10000', d: '2048', rounds: '3', threads: '2' };
const { values: given } = parseArgs({
  options: Object.fromEntries(Object.keys(options).map((name) => [name, { type: 'string' }])),
});
const [n, d, rounds, threads] = Object.keys(options).map((name) => Number(given[name] ?? options[name]));

// Rows with variances i^−0.8 and a mean, as representations have.
const rows = new Float32Array(n * d);
const deviations = Float64Array.from({ length: d }, (_, j) => (j + 1) ** -0.4);
for (let i = 0; i < rows.length; i++) {
  rows[i] = 0.2 + deviations[i % d] * (Math.random() + Math.random() + Math.random() - 1.5);
}
const source = { n, d, read: (start, end) => rows.subarray(start * d, end * d) };

const peer = process.env.PYTHON ? await startPeer() : null;
const kernel = openKernel({ startThread, threads });
const times = { ours: [], svd: [], cov: [] };
// Seconds of processor time, all threads: what is left to compare where other processes share the machine.
const cpu = { ours: [], svd: [], cov: [] };
let rankme;
for (let round = 0; round < rounds; round++) {
  const start = performance.now();
  const before = process.cpuUsage();
  rankme = (await measureRows(source, { kernel, errors: 'none' })).figures.rankme;
  times.ours.push((performance.now() - start) / 1000);
  const { user, system } = process.cpuUsage(before);
  cpu.ours.push((user + system) / 1e6);
  for (const name of peer ? ['cov', 'svd'] : []) {
    const answer = await peer.ask(name);
    times[name].push(answer.seconds);
    cpu[name].push(answer.cpu);
    // float32 SVD of rows with a mean is worth about six digits.
    if (Math.abs(answer.rankme / rankme - 1) > 1e-3) throw new Error(`RankMe ${rankme}, ${name} says ${answer.rankme}`);
  }
  report(`round ${round + 1}`, (list) => list.at(-1));
}
const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
report('median', median);
const start = performance.now();
await measureRows(source, { kernel, errors: 'jackknife' });
const withErrors = (performance.now() - start) / 1000;
const counted = spectrumFlops(n, d, { errors: 'jackknife' }) / spectrumFlops(n, d, { errors: 'none' });
const factor = (withErrors / median(times.ours)).toFixed(1);
console.log(`with errors ${withErrors.toFixed(2)} s: ${factor} times (${counted.toFixed(1)} times the operations)`);
await kernel.close();
peer?.end();

function report(title, of) {
  const line = (what, lists) => {
    const ours = of(lists.ours);
    const others = peer
      ? ['svd', 'cov'].map(
          (name) => `${name} ${of(lists[name]).toFixed(2)} s (${(of(lists[name]) / ours).toFixed(2)}×)`,
        )
      : [];
    console.log(
      [`${title}, ${what}: ${n} × ${d}, ${threads} threads: ours ${ours.toFixed(2)} s`, ...others].join(', '),
    );
  };
  line('wall', times);
  line('processor', cpu);
}

async function startPeer() {
  const cache = fileURLToPath(new URL('.cache/', import.meta.url));
  mkdirSync(cache, { recursive: true });
  writeFileSync(`${cache}spectrum.f32`, rows);
  const script = fileURLToPath(new URL('peers/spectrum.py', import.meta.url));
  const child = spawn(process.env.PYTHON, [script, `${cache}spectrum.f32`, n, d], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error('the Python peer ended (is bench/peers/requirements.txt installed for PYTHON?)');
    return JSON.parse(value);
  };
  console.log(`NumPy ${(await answer()).numpy}`);
  return {
    ask: (name) => {
      child.stdin.write(`${name}\n`);
      return answer();
    },
    end: () => child.stdin.end(),
  };
}
