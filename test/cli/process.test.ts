/** The built program as a process: statuses, pipes, and what its start costs. Skipped before `npm run build`. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const bin = `${root}/bin/eigentrace.js`;
const node = (...words: string[]) =>
  spawnSync(process.execPath, words, { encoding: 'utf8', env: { ...process.env, FORCE_COLOR: undefined } });

describe.skipIf(!existsSync(`${root}/dist/cli/main.js`))('the program', () => {
  it('gives help, version and statuses', () => {
    const { version } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { version: string };
    expect(node(bin, '--version')).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: '' });
    expect(node(bin, 'trace', '--help')).toMatchObject({ status: 0, stderr: '' });
    expect(node(bin, 'tracee')).toMatchObject({ status: 2, stdout: '' });
  });

  it('is quiet when its reader has seen enough', () => {
    const { stdout, stderr } = spawnSync('sh', ['-c', `"${process.execPath}" "${bin}" metrics | head -n 1`], {
      encoding: 'utf8',
    });
    expect([stdout.split('\n').length, stderr]).toEqual([2, '']);
  });

  it('loads commander alone of all packages to show its help', () => {
    const hook = 'export async function load(u, c, next) { process._rawDebug(u); return next(u, c); }';
    const register = `import { register } from 'node:module'; register('data:text/javascript,${encodeURIComponent(hook)}');`;
    const { stderr } = node('--import', `data:text/javascript,${encodeURIComponent(register)}`, bin, '--help');
    const packages = [...stderr.matchAll(/node_modules\/((?:@[^/]+\/)?[^/]+)\//g)].map(([, name]) => name);
    expect([...new Set(packages)]).toEqual(['commander']);
    expect(stderr).not.toMatch(/dist\/(index|trace|runtime|record)/);
  });
});
