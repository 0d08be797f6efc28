/**
 * A lock held for as long as work takes, on an open file: `flock(2)`, as Python's filelock takes it, so that both wait for
 * each other. Node can't call it, but a lock belongs to the open file, not to a process: `flock` (util-linux, busybox) or
 * `perl` is started for a moment with our descriptor, locks it and ends; the lock goes when we close the file or are killed.
 * Where neither program is there (Windows), a file beside it is created by whoever holds the lock and touched every few
 * seconds: processes of ours still wait for each other, Python does not see it. It is advisory.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { mkdir, open, readFile, rm, stat, utimes, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EigentraceError } from '../errors.js';
import { asInputError } from './file.js';

export interface FileLockOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called once when another holds it. */
  readonly onWait?: (() => void) | undefined;
  /** In place of waiting: the error where another holds it, from what that one said of itself (empty where nothing). */
  readonly refuse?: ((holder: string) => Error) | undefined;
  /** What is said of ourselves, in the file, while we hold it. */
  readonly holder?: string | undefined;
  /** For tests: programs that can lock, in order; default flock, then perl. */
  readonly lockers?: readonly Locker[];
}

/** A program that locks its descriptor 3 without waiting: status 0 when it could, 1 when another holds it. */
export interface Locker {
  readonly command: string;
  readonly args: readonly string[];
}

const defaults: readonly Locker[] = [
  { command: 'flock', args: ['-x', '-n', '3'] },
  {
    command: 'perl',
    args: ['-e', 'use Fcntl ":flock"; open(my $f, "+<&=", 3) or exit 9; exit(flock($f, LOCK_EX | LOCK_NB) ? 0 : 1)'],
  },
];

/** Milliseconds after which a file beside the lock that nobody touched is left behind, and between two touches. */
const stale = 30_000;
const beat = 5_000;

/**
 * Runs `action` while holding the lock at `path`. The file is left there, as filelock does; where the holder writes its name
 * into it, it goes with the lock.
 */
export async function withFileLock<T>(
  path: string,
  action: () => Promise<T>,
  options: FileLockOptions = {},
): Promise<T> {
  const release = await acquire(path, options);
  try {
    if (options.holder !== undefined) {
      await writeFile(path, options.holder).catch((error: unknown) => {
        throw asInputError(path, error);
      });
    }
    return await action();
  } finally {
    // While we hold it: who opened it meanwhile sees that it is gone, and looks again.
    if (options.holder !== undefined) await rm(path, { force: true });
    await release();
  }
}

async function acquire(path: string, options: FileLockOptions): Promise<() => Promise<void>> {
  let told = false;
  for (let wait = 50; ; wait = Math.min(1000, wait * 1.5)) {
    if (options.signal?.aborted) throw new EigentraceError('interrupted', 'interrupted');
    const release = await attempt(path, options.lockers ?? defaults);
    if (release) return release;
    // Not at the first attempt: what is left of one that ended is taken away by it.
    if (options.refuse && told) throw options.refuse(await readFile(path, 'utf8').catch(() => ''));
    if (!told) options.onWait?.();
    told = true;
    await sleep(wait * (0.5 + Math.random() / 2));
  }
}

/** Takes the lock; null when another holds it. */
async function attempt(path: string, lockers: readonly Locker[]): Promise<(() => Promise<void>) | null> {
  let handle: FileHandle | null = null;
  try {
    await mkdir(dirname(path), { recursive: true });
    handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o664);
    const locked = await lockByProgram(handle, lockers);
    if (locked === null) {
      await handle.close();
      return await beside(`${path}.held`);
    }
    // Whoever held it before may have removed the file: our lock would be on one that nobody else finds.
    if (locked && (await isStillThere(path, handle))) {
      const held = handle;
      return () => held.close();
    }
    await handle.close();
    return null;
  } catch (error) {
    await handle?.close().catch(() => undefined);
    throw asInputError(path, error);
  }
}

/** Null when no program is there, or none can lock on this file system. */
async function lockByProgram(handle: FileHandle, lockers: readonly Locker[]): Promise<boolean | null> {
  for (const { command, args } of lockers) {
    const status = await new Promise<number | null>((resolve) => {
      const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'ignore', handle.fd], windowsHide: true });
      child.once('error', () => resolve(null));
      child.once('exit', (code) => resolve(code));
    });
    if (status === 0) return true;
    if (status === 1) return false;
  }
  return null;
}

async function isStillThere(path: string, handle: FileHandle): Promise<boolean> {
  const own = await handle.stat();
  const there = await stat(path).catch(() => null);
  return there !== null && there.ino === own.ino && there.dev === own.dev;
}

/** The lock by a file's being there. */
async function beside(path: string): Promise<(() => Promise<void>) | null> {
  try {
    await (await open(path, 'wx')).close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const age = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > stale) await rm(path, { force: true });
    return null;
  }
  const heart = setInterval(() => {
    const now = new Date();
    void utimes(path, now, now).catch(() => undefined);
  }, beat);
  heart.unref();
  return async () => {
    clearInterval(heart);
    await rm(path, { force: true });
  };
}
