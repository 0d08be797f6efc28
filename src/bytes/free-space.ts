/** Bytes that may still be written in the file system of a folder, which need not be there yet; null where that isn't told. */
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

export async function freeSpace(folder: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    const parent = dirname(folder);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === folder) return null;
    return freeSpace(parent);
  }
}
