/**
 * Files are written whole or not at all: to a temporary name in the same folder, flushed, renamed,
 * then the folder flushed, so that a kill or a power cut leaves the old file or the new one.
 */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { asInputError } from './file.js';

/** Temporary names start with this; a file of that name is never read as data. */
const temporaryPrefix = '.tmp-';

/** Writes `content` to `path` atomically; folders are made. */
export async function writeAtomic(
  path: string,
  content: Uint8Array | string | Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `${temporaryPrefix}${process.pid}-${randomBytes(6).toString('hex')}`);
  try {
    await mkdir(folder, { recursive: true });
    const handle = await open(temporary, 'wx');
    try {
      if (typeof content === 'string' || content instanceof Uint8Array) await handle.writeFile(content);
      else for await (const chunk of content) await handle.writeFile(chunk);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    await flushFolder(folder);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw asInputError(path, error);
  }
}

/** A rename is only durable once its folder is flushed; not every system lets a folder be opened. */
async function flushFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch {
    // Windows and some network file systems refuse: the rename itself is still atomic there.
  }
}

/** Removes temporary files older than `olderThanMs` that killed writers left in a folder. */
export async function sweepTemporary(folder: string, olderThanMs = 3_600_000): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    if (!name.startsWith(temporaryPrefix)) continue;
    const path = join(folder, name);
    const info = await stat(path).catch(() => null);
    if (info && Date.now() - info.mtimeMs > olderThanMs) await rm(path, { force: true });
  }
}

/** Makes a folder and those above it. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw asInputError(path, error);
  }
}

/** Removes a file or a folder with all that is in it; nothing there is no error. */
export async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}

/** Has a file removed when this process ends in any way but a kill; the result takes that back. */
export function removeAtExit(path: string): () => void {
  const atExit = (): void => rmSync(path, { force: true });
  process.on('exit', atExit);
  return () => process.off('exit', atExit);
}
