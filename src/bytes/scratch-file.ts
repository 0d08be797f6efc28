/**
 * A scratch file that another process opens by its path, so that its name must stay while it is used. It goes when it is
 * removed or when this process ends; after a kill `sweepScratch` takes it away.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { asInputError } from './file.js';
import { removeAtExit } from './write.js';

/** A name for a scratch file in `folder`, which is made: absolute, symlinks resolved. Nothing is written. */
export async function scratchPath(folder: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true });
    return join(await realpath(folder), `.scratch-${process.pid}-${randomBytes(6).toString('hex')}`);
  } catch (error) {
    throw asInputError(folder, error);
  }
}

/** Writes the file; the result removes it. When writing fails nothing is left. */
export async function writeScratchFile(path: string, chunks: AsyncIterable<Uint8Array>): Promise<() => Promise<void>> {
  let forget = (): void => undefined;
  const remove = async (): Promise<void> => {
    forget();
    // Where a mapped file can't be removed it is swept later.
    await rm(path, { force: true }).catch(() => undefined);
  };
  try {
    const handle = await open(path, 'wx', 0o600);
    forget = removeAtExit(path);
    try {
      for await (const chunk of chunks) await handle.writeFile(chunk);
    } finally {
      await handle.close();
    }
    return remove;
  } catch (error) {
    await remove();
    throw asInputError(path, error);
  }
}
