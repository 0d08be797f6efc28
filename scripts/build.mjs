// Builds the package: the WebAssembly kernel, dist/ (plain tsc), the JSON Schemas, and the page (dist/web).
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);
process.chdir(root);

function run(...args) {
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

rmSync('dist', { recursive: true, force: true });
if (existsSync('scripts/build-kernel.mjs')) run('scripts/build-kernel.mjs');
run(require.resolve('typescript/bin/tsc'), '-p', 'tsconfig.build.json');
if (existsSync('scripts/build-schemas.mjs')) run('scripts/build-schemas.mjs');
if (existsSync('scripts/build-web.mjs')) run('scripts/build-web.mjs');
