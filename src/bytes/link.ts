/** A second name for a file: a relative symlink, or where those can't be made (Windows without the right, some mounts) a copy. */
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, rename, rm, symlink } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { asInputError, identify } from './file.js';

/**
 * Gives `target` the further name `path`; what was there is replaced, folders are made. Without symlinks the file is moved
 * there when `move` allows it, else copied.
 */
export async function linkFile(
  target: string,
  path: string,
  options: { symlinks?: boolean; move?: boolean } = {},
): Promise<'link' | 'move' | 'copy'> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    if (options.symlinks !== false) {
      try {
        await symlink(relative(dirname(path), target), temporary);
        await rename(temporary, path);
        return 'link';
      } catch (error) {
        await rm(temporary, { force: true });
        if (!['EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'EISDIR'].includes(codeOf(error)))
          throw error;
        // Something else (a server's own reason) may still have made it.
        if ((await realPath(path)) === (await realPath(target))) return 'link';
      }
    }
    if (options.move) {
      await rename(target, path);
      return 'move';
    }
    await copyFile(target, temporary);
    await rename(temporary, path);
    return 'copy';
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw asInputError(path, error);
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

async function realPath(path: string): Promise<string | null> {
  return identify(path).then(
    (identity) => identity.path,
    () => null,
  );
}
