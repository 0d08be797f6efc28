/**
 * A file that is written in full and flushed under a temporary name, and takes its place only when it is committed.
 * Several of them make a change of several files that a full disk or a cancelled job leaves untouched: everything is
 * staged first, and what remains are renames.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { asInputError } from './file.js';

export interface StagedFile {
  /** Where the file will be. */
  readonly path: string;
  readonly byteLength: number;
  /** Takes the place of what was there, atomically; the folder is flushed. */
  commit(): Promise<void>;
  /** Leaves no trace; after a commit it does nothing. */
  discard(): Promise<void>;
}

/** Writes `content` beside `path`, which stays as it is until `commit`. Folders are made. Errors name the path. */
export async function stageFile(
  path: string,
  content: Uint8Array | string | Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<StagedFile> {
  const folder = dirname(path);
  // `.tmp-` is what sweepTemporary removes when a writer was killed.
  const temporary = join(folder, `.tmp-${process.pid}-${randomBytes(6).toString('hex')}`);
  const discard = () => rm(temporary, { force: true });
  try {
    await mkdir(folder, { recursive: true });
    const handle = await open(temporary, 'wx');
    let byteLength = 0;
    try {
      const chunks =
        typeof content === 'string' ? [Buffer.from(content)] : content instanceof Uint8Array ? [content] : content;
      for await (const chunk of chunks) {
        await handle.writeFile(chunk);
        byteLength += chunk.byteLength;
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    return { path, byteLength, commit: () => commit(temporary, path), discard };
  } catch (error) {
    await discard().catch(() => undefined);
    throw asInputError(path, error);
  }
}

async function commit(temporary: string, path: string): Promise<void> {
  try {
    await rename(temporary, path);
  } catch (error) {
    throw asInputError(path, error);
  }
  try {
    const folder = await open(dirname(path), 'r');
    await folder.sync().finally(() => folder.close());
  } catch {
    // A rename is durable once its folder is flushed; Windows and some network file systems refuse to open one.
  }
}
