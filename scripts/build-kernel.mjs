// Compiles src/spectrum/kernel/*.as.ts, joined, to WebAssembly, once plain and once with fused multiply-adds (relaxed SIMD:
// Node 21 on, browsers), and writes both as base64 in a module (wasm.ts), which works the same from source, dist, a tarball and a browser. Does nothing when wasm.ts was made from the same source.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = new URL('../src/spectrum/kernel/', import.meta.url);
const parts = ['kernel', 'rows', 'matrices', 'householder', 'band', 'chase', 'ql'];
const source = parts.map((part) => readFileSync(new URL(`${part}.as.ts`, folder), 'utf8')).join('\n');
const target = fileURLToPath(new URL('wasm.ts', folder));

const { version } = JSON.parse(
  readFileSync(new URL('../node_modules/assemblyscript/package.json', import.meta.url), 'utf8'),
);
const options = [
  ...['-O3', '--enable', 'simd', '--enable', 'threads', '--runtime', 'stub', '--disableWarning'],
  // The host gives the memory: shared between the threads, at most 4 GiB.
  ...['--importMemory', '--sharedMemory', '--maximumMemory', '65536'],
];
const script = readFileSync(fileURLToPath(import.meta.url));
const stamp = createHash('sha256')
  .update(version)
  .update(script)
  .update(options.join(' '))
  .update(source)
  .digest('hex')
  .slice(0, 16);
const head = `// Made by scripts/build-kernel.mjs from *.as.ts ${stamp}: do not edit.\n`;
if (!existsSync(target) || !readFileSync(target, 'utf8').startsWith(head)) {
  // Loaded only when needed: the compiler takes a second to start.
  const { default: asc } = await import('assemblyscript/asc');
  const compile = async (...more) => {
    let binary = null;
    const { error, stderr } = await asc.main(['kernel.ts', '-o', 'kernel.wasm', ...options, ...more], {
      readFile: (name) => (name === 'kernel.ts' ? source : null),
      writeFile: (name, contents) => void (name === 'kernel.wasm' && (binary = contents)),
      listFiles: () => [],
    });
    if (error || !binary) {
      console.error(
        `${stderr.toString()}\nsrc/spectrum/kernel/*.as.ts, joined: does not compile (${error?.message ?? 'no output'})`,
      );
      process.exit(1);
    }
    return Buffer.from(binary).toString('base64');
  };
  const builds = { wasm: await compile(), wasmRelaxed: await compile('--enable', 'relaxed-simd') };
  const text = Object.entries(builds).map(([name, base64]) => `export const ${name} =\n  '${base64}';\n`);
  // Written aside and renamed: another build or a test may be reading it.
  writeFileSync(`${target}.${process.pid}`, head + text.join(''));
  renameSync(`${target}.${process.pid}`, target);
}
