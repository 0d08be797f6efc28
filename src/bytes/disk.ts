/** Room on a disk. */
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Bytes that may be written below a folder, which need not be there yet; null where the system can't tell. */
export async function freeBytes(folder: string): Promise<number | null> {
  for (let place = folder; ; place = dirname(place)) {
    try {
      const { bavail, bsize } = await statfs(place);
      return bavail * bsize;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(place) === place) return null;
    }
  }
}
