// Claim: `eigentrace --help` costs less than 150 ms more than bare `node -e 0`.
// usage: node bench/startup.mjs [runs]
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const runs = Number(process.argv[2] ?? 15);
const bin = fileURLToPath(new URL('../bin/eigentrace.js', import.meta.url));
const time = (...args) => {
  const start = performance.now();
  spawnSync(process.execPath, args, { stdio: 'ignore' });
  return performance.now() - start;
};
const bare = [];
const help = [];
for (let i = 0; i < runs; i++) {
  bare.push(time('-e', '0'));
  help.push(time(bin, '--help'));
}
const median = (xs) => xs.sort((a, b) => a - b)[xs.length >> 1];
const more = median(help.map((ms, i) => ms - bare[i]));
console.log(`node -e 0: ${median(bare).toFixed(0)} ms; eigentrace --help: ${more.toFixed(0)} ms more (claim < 150)`);
