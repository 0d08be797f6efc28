// Claim: tracing a checkpoint of W bytes of float16 weights peaks below 2.2·W + 1 GiB (resident set of both processes,
// VmHWM: mapped pages of the weight file are in the figure), errors included.
// usage: node bench/memory.mjs [160m|1b]…     Linux only (reads /proc)
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { benchModel } from './model.mjs';

const sample = fileURLToPath(new URL('../sample/series/tokenizer.json', import.meta.url));
for (const shape of process.argv.slice(2).length ? process.argv.slice(2) : ['160m', '1b']) {
  const folder = benchModel(shape, 'float16');
  // The sample's tokenizer stands in: the model's weights are random anyway.
  writeFileSync(join(folder, 'tokenizer.json'), readFileSync(sample));
  const W = statSync(join(folder, 'model.safetensors')).size;
  const temporary = mkdtempSync(join(tmpdir(), 'bench-'));
  const out = join(temporary, 'run');
  // d+1 rows at least, so that the d×d path with errors is the one measured.
  const sequences = shape === '1b' ? '2304' : '1500';
  const args = ['trace', folder, '--corpus', 'sample:', '--out', out, '--sequences', sequences, '--min-tokens', '4'];
  const child = spawn(
    process.execPath,
    // Short sequences: a batch holds as many tokens as ever, and the bench ends in minutes.
    [fileURLToPath(new URL('../bin/eigentrace.js', import.meta.url)), ...args, '--max-tokens', '3'],
    { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, EIGENTRACE_CACHE: join(temporary, 'cache') } },
  );
  const peaks = new Map();
  let together = 0;
  const timer = setInterval(() => {
    let now = 0;
    for (const pid of [child.pid, ...childrenOf(child.pid)]) {
      const { rss, peak } = statusOf(pid);
      now += rss;
      peaks.set(pid, Math.max(peaks.get(pid) ?? 0, peak));
    }
    together = Math.max(together, now);
  }, 20);
  const code = await new Promise((resolve) => child.on('exit', resolve));
  clearInterval(timer);
  const sum = [...peaks.values()].reduce((a, b) => a + b, 0);
  const bound = 2.2 * W + 2 ** 30;
  const mb = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;
  console.log(
    `${shape}: W ${mb(W)}, exit ${code}; peak of both at once ${mb(together)} (sampled), sum of both peaks ${mb(sum)}, ` +
      `bound ${mb(bound)}: ${(together / bound).toFixed(2)} and ${(sum / bound).toFixed(2)} of it`,
  );
}

function statusOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    const of = (key) => Number(new RegExp(`${key}:\\s+(\\d+) kB`).exec(text)?.[1] ?? 0) * 1024;
    return { rss: of('VmRSS'), peak: of('VmHWM') };
  } catch {
    return { rss: 0, peak: 0 };
  }
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
