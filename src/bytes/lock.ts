/**
 * A lock between processes: a small file that only one of them can create. It names its holder (process, host, a
 * token), so that a lock whose holder was killed is taken over: at once where the process can be seen to be gone,
 * else when it has not changed for `patience` (measured by the waiter's own clock; clocks of machines differ).
 * Meant for actions of milliseconds, such as read, merge, rename. It is advisory.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { asInputError } from './file.js';

export interface LockOptions {
  /** Milliseconds after which an unchanged lock of a holder that can't be asked counts as left behind. Default 15,000. */
  patience?: number;
}

/**
 * Runs `action` while holding the lock file at `path`; folders are made. Waits as long as another holds it.
 * Throws what the action throws, and an error naming the path when the lock can't be created (not writable).
 */
export async function withLock<T>(path: string, action: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  const token = await acquire(path, options.patience ?? 15_000);
  try {
    return await action();
  } finally {
    // Only our own: if we were taken for dead, the lock is another's by now.
    if ((await read(path)) === token) await rm(path, { force: true });
  }
}

async function acquire(path: string, patience: number): Promise<string> {
  const token = JSON.stringify({ pid: process.pid, host: hostname(), token: randomBytes(8).toString('hex') });
  try {
    await mkdir(dirname(path), { recursive: true });
    let seen: string | null = null;
    let since = performance.now();
    while (!(await create(path, token))) {
      const holder = await read(path);
      if (holder !== seen) {
        seen = holder;
        since = performance.now();
      }
      if (holder !== null && (isGone(holder) || performance.now() - since > patience)) await takeAway(path, holder);
      else await sleep(5 + Math.random() * 20);
    }
    return token;
  } catch (error) {
    throw asInputError(path, error);
  }
}

/** False when the lock is another's. */
async function create(path: string, token: string): Promise<boolean> {
  try {
    const handle = await open(path, 'wx');
    await handle.writeFile(token).finally(() => handle.close());
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** What the lock says; null when it is gone. */
async function read(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** A process of this machine that no longer exists. Of other machines, and of a half-written lock, we know nothing. */
function isGone(holder: string): boolean {
  try {
    const { pid, host } = JSON.parse(holder) as { pid?: unknown; host?: unknown };
    if (host !== hostname() || typeof pid !== 'number' || pid <= 0) return false;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Moves a dead holder's lock aside. If another waiter did so first and holds the lock by now, it is given back. */
async function takeAway(path: string, holder: string): Promise<void> {
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  const taken = await read(aside);
  if (taken !== holder && taken !== null) await create(path, taken).catch(() => false);
  await rm(aside, { force: true });
}
