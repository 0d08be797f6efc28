// Compiles the AssemblyScript kernels, each from its *.as.ts files joined, to WebAssembly, and writes each as base64 in a
// module (wasm.ts), which works the same from source, dist, a tarball and a browser. The spectrum's is compiled twice, plain and
// with fused multiply-adds (relaxed SIMD: Node 21 on, browsers). Does nothing where wasm.ts was made from the same source.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const kernels = [
  {
    folder: 'src/spectrum/kernel/',
    parts: ['kernel', 'rows', 'matrices', 'householder', 'band', 'chase', 'ql'],
    builds: { wasm: [], wasmRelaxed: ['--enable', 'relaxed-simd'] },
  },
  { folder: 'src/infinigram/kernel/', parts: ['suffixes'], builds: { wasm: [] } },
];

const options = [
  ...['-O3', '--enable', 'simd', '--enable', 'threads', '--runtime', 'stub', '--disableWarning'],
  // The host gives the memory: shared between the threads, at most 4 GiB.
  ...['--importMemory', '--sharedMemory', '--maximumMemory', '65536'],
];
const { version } = JSON.parse(
  readFileSync(new URL('../node_modules/assemblyscript/package.json', import.meta.url), 'utf8'),
);
const script = readFileSync(fileURLToPath(import.meta.url));

for (const { folder, parts, builds } of kernels) {
  const base = new URL(`../${folder}`, import.meta.url);
  const source = parts.map((part) => readFileSync(new URL(`${part}.as.ts`, base), 'utf8')).join('\n');
  const target = fileURLToPath(new URL('wasm.ts', base));
  const stamp = createHash('sha256')
    .update(version)
    .update(script)
    .update(options.join(' '))
    .update(source)
    .digest('hex')
    .slice(0, 16);
  const head = `// Made by scripts/build-kernel.mjs from *.as.ts ${stamp}: do not edit.\n`;
  if (existsSync(target) && readFileSync(target, 'utf8').startsWith(head)) continue;
  // Loaded only when needed: the compiler takes a second to start.
  const { default: asc } = await import('assemblyscript/asc');
  const compile = async (more) => {
    let binary = null;
    const { error, stderr } = await asc.main(['kernel.ts', '-o', 'kernel.wasm', ...options, ...more], {
      readFile: (name) => (name === 'kernel.ts' ? source : null),
      writeFile: (name, contents) => void (name === 'kernel.wasm' && (binary = contents)),
      listFiles: () => [],
    });
    if (error || !binary) {
      console.error(`${stderr.toString()}\n${folder}*.as.ts: does not compile (${error?.message ?? 'no output'})`);
      process.exit(1);
    }
    return Buffer.from(binary).toString('base64');
  };
  const text = [];
  for (const [name, more] of Object.entries(builds)) text.push(`export const ${name} =\n  '${await compile(more)}';\n`);
  // Written aside and renamed: another build or a test may be reading it.
  writeFileSync(`${target}.${process.pid}`, head + text.join(''));
  renameSync(`${target}.${process.pid}`, target);
}
