/**
 * Files as ByteSources, and what else is read from a disk. Node's `fs` appears only in this folder.
 */
import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { lstat, open, readdir, readFile, realpath, stat, type FileHandle } from 'node:fs/promises';
import { EigentraceError, messageOf } from '../errors.js';
import type { ByteSource } from './byte-source.js';

/** What tells one state of a file from another without reading it. Numbers are decimal strings (64-bit). */
export interface FileIdentity {
  /** The path with symlinks resolved. */
  readonly path: string;
  readonly size: number;
  readonly mtimeNs: string;
  readonly inode: string;
}

export class FileSource implements ByteSource {
  readonly name: string;
  readonly byteLength: number;
  readonly #handle: FileHandle;

  private constructor(name: string, byteLength: number, handle: FileHandle) {
    this.name = name;
    this.byteLength = byteLength;
    this.#handle = handle;
  }

  /** Opens a file for reading. Errors name the path and the reason. */
  static async open(path: string): Promise<FileSource> {
    try {
      const handle = await open(path, constants.O_RDONLY);
      const info = await handle.stat();
      if (!info.isFile()) {
        await handle.close();
        throw new EigentraceError('input', `${path}: not a regular file (expected a file)`);
      }
      return new FileSource(path, info.size, handle);
    } catch (error) {
      throw asInputError(path, error);
    }
  }

  async read(start: number, end: number): Promise<Uint8Array> {
    if (start < 0 || end < start || end > this.byteLength) {
      throw new EigentraceError(
        'input',
        `${this.name}: cannot read bytes ${start}..${end}, the file has ${this.byteLength} (truncated?)`,
      );
    }
    const bytes = new Uint8Array(end - start);
    let done = 0;
    while (done < bytes.length) {
      const { bytesRead } = await this.#handle.read(bytes, done, bytes.length - done, start + done);
      if (bytesRead === 0) {
        throw new EigentraceError('input', `${this.name}: ends at byte ${start + done}, it shrank while being read`);
      }
      done += bytesRead;
    }
    return bytes;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** The identity of a file now. */
export async function identify(path: string): Promise<FileIdentity> {
  try {
    const real = await realpath(path);
    const info = await stat(real, { bigint: true });
    return { path: real, size: Number(info.size), mtimeNs: String(info.mtimeNs), inode: String(info.ino) };
  } catch (error) {
    throw asInputError(path, error);
  }
}

/** `file`, `folder`, or null when there is nothing at the path. Symlinks are followed. */
export async function kindOf(path: string): Promise<'file' | 'folder' | null> {
  try {
    const info = await stat(path);
    return info.isDirectory() ? 'folder' : 'file';
  } catch {
    return null;
  }
}

/** Whether a regular file lies at the path: a pipe or a device would be read for ever. Symlinks are followed. */
export async function isRegularFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** Names in a folder, sorted by code unit, with their kind; broken links are left out. */
export async function list(folder: string): Promise<{ name: string; kind: 'file' | 'folder' }[]> {
  try {
    const names = (await readdir(folder)).sort();
    const kinds = await Promise.all(names.map((name) => kindOf(`${folder}/${name}`)));
    return names.flatMap((name, i) => (kinds[i] ? [{ name, kind: kinds[i] }] : []));
  } catch (error) {
    throw asInputError(folder, error);
  }
}

/** Symbolic links in a folder that can't be followed, each with why: they lead nowhere, or in a circle. */
export async function brokenLinks(folder: string): Promise<{ name: string; why: string }[]> {
  const names = await readdir(folder).catch((error: unknown) => Promise.reject(asInputError(folder, error) as Error));
  const broken = await Promise.all(names.sort().map((name) => brokenLink(`${folder}/${name}`)));
  return names.flatMap((name, i) => (broken[i] ? [{ name, why: broken[i] }] : []));
}

/** Why the symbolic link at a path can't be followed; null when it can, or when there is none. */
export async function brokenLink(path: string): Promise<string | null> {
  const info = await lstat(path).catch(() => null);
  if (info?.isSymbolicLink() !== true) return null;
  try {
    await stat(path);
    return null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ELOOP') return 'symbolic links that lead in a circle';
    return code === 'ENOENT' ? 'a symbolic link that leads nowhere' : null;
  }
}

/** A whole text file, refused when larger than `limit` bytes or not UTF-8. */
export async function readText(path: string, limit = 256 * 1024 * 1024): Promise<string> {
  const { size } = await identify(path);
  if (size > limit)
    throw new EigentraceError('input', `${path}: too large, got ${size} bytes (expected at most ${limit})`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  } catch (error) {
    if (error instanceof TypeError) throw new EigentraceError('input', `${path}: is not UTF-8 text`, { cause: error });
    throw asInputError(path, error);
  }
}

/** A whole JSON file of at most `limit` bytes (256 MiB). The error names the file and the place. */
export async function readJson(path: string, limit?: number): Promise<unknown> {
  const text = await readText(path, limit);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new EigentraceError('input', `${path}: is not JSON (${messageOf(error)})`, { cause: error });
  }
}

/** sha256 of a file in lower-case hex, streamed. */
export async function sha256File(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, ...(signal ? { signal } : {}) })) {
      hash.update(chunk as Buffer);
    }
  } catch (error) {
    if (signal?.aborted) throw new EigentraceError('interrupted', 'interrupted', { cause: error });
    throw asInputError(path, error);
  }
  return hash.digest('hex');
}

/** Bytes of a file as a stream of chunks of at most 1 MiB. */
export async function* streamFile(path: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) yield chunk as Buffer;
  } catch (error) {
    throw asInputError(path, error);
  }
}

const reasons: Record<string, string> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'is a folder (expected a file)',
  ENOTDIR: 'is not a folder',
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'disk quota exceeded',
  EROFS: 'the file system is read-only',
  ELOOP: 'too many symbolic links',
  EMFILE: 'too many open files',
};

/** Turns Node's file errors into ours; anything that is ours already passes. */
export function asInputError(path: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (error instanceof EigentraceError || code === undefined) return error;
  const kind = ['ENOSPC', 'EROFS', 'EDQUOT', 'EMFILE'].includes(code) ? 'environment' : 'input';
  return new EigentraceError(kind, `${path}: ${reasons[code] ?? messageOf(error)}`, { cause: error });
}
