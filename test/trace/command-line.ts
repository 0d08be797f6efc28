/** The built command line as a user starts it, in a process of its own, and what these tests look at besides. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { listMeasurements, openRun, tableRows, type TableRow } from '../../src/record/index.js';
import type { TraceResult } from '../../src/trace/index.js';

export const bin = fileURLToPath(new URL('../../bin/eigentrace.js', import.meta.url));
export const sample = fileURLToPath(new URL('../../sample', import.meta.url));
export const sampleSeries = join(sample, 'series.json');

/** A new folder in the system's temporary one. */
export const temporary = (): Promise<string> => mkdtemp(join(tmpdir(), 'eigentrace-e2e-'));

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Wall-clock seconds. */
  readonly seconds: number;
}

export interface Started {
  readonly child: ChildProcess;
  readonly pid: number;
  /** What stderr says so far. */
  readonly stderr: () => string;
  readonly ended: Promise<Ended>;
}

/** A test that runs out of time must not leave its process behind. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts `eigentrace …` with a cache folder of its own, as the leader of a process group, as a terminal would. */
export function start(args: readonly string[], cache: string, env: Record<string, string> = {}): Started {
  const before = performance.now();
  const child = spawn(process.execPath, [bin, ...args], {
    env: { ...process.env, EIGENTRACE_CACHE: cache, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  running.add(child);
  child.once('close', () => running.delete(child));
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(child, 'close').then(([status, signal]) => ({
    ...{ status: status as number | null, signal: signal as NodeJS.Signals | null, stdout, stderr },
    seconds: (performance.now() - before) / 1000,
  }));
  return { child, pid: child.pid!, stderr: () => stderr, ended };
}

/** Runs it to its end. */
export const eigentrace = (args: readonly string[], cache: string, env: Record<string, string> = {}): Promise<Ended> =>
  start(args, cache, env).ended;

/** The object that `--json` printed. */
export const resultOf = (ended: Ended): TraceResult => JSON.parse(ended.stdout) as TraceResult;

/** Waits until `condition` holds; false when it doesn't within `seconds`. */
export async function until(condition: () => boolean | Promise<boolean>, seconds: number): Promise<boolean> {
  const end = performance.now() + seconds * 1000;
  while (!(await condition())) {
    if (performance.now() > end) return false;
    await sleep(20);
  }
  return true;
}

/** Resident bytes of a process; null where it is gone, or only waits for its parent to look (or there is no /proc). */
async function resident(pid: number): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  if (status === '' || /^State:\s+[ZX]/m.test(status)) return null;
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024;
}

/** Whether a process still lives. */
export const lives = async (pid: number): Promise<boolean> => (await resident(pid)) !== null;

/** A process and all below it that live now, with their resident bytes. Empty where there is no /proc. */
export async function family(pid: number): Promise<{ pid: number; resident: number }[]> {
  const own = await resident(pid);
  if (own === null) return [];
  const members = [{ pid, resident: own }];
  for (const thread of await readdir(`/proc/${pid}/task`).catch(() => [])) {
    const children = await readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '');
    for (const child of children.split(' ').filter(Boolean)) members.push(...(await family(Number(child))));
  }
  return members;
}

/** A folder of checkpoints: copies of the sample's under names of our own, and its tokenizer at the root. */
export async function copySeries(folder: string, checkpoints: Readonly<Record<string, string>>): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const file of ['tokenizer.json', 'tokenizer_config.json']) {
    await cp(join(sample, 'series', file), join(folder, file));
  }
  for (const [name, original] of Object.entries(checkpoints)) {
    await cp(join(sample, 'series', original), join(folder, name), { recursive: true });
  }
  return folder;
}

/** Every file below a folder, hidden ones too: path → what changes when it is written again. */
export async function filesOf(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) continue;
    const { mtimeNs, ino, size } = await stat(path, { bigint: true });
    found[path.slice(folder.length + 1)] = `${mtimeNs} ${ino} ${size}`;
  }
  return found;
}

/** The table of a run without what no two runs share, and what a reader was told beside it. */
export async function tableOf(folder: string): Promise<{ rows: Omit<TableRow, 'seconds'>[]; notes: string[] }> {
  const { rows, notes } = tableRows(await listMeasurements(await openRun(folder)));
  return { rows: rows.map(({ seconds: _, ...row }) => row), notes };
}
