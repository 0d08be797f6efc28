/**
 * A scratch file for what doesn't fit in memory: of a size told beforehand, gone when it is closed or when the
 * process dies (its name is removed as soon as it is open, where the system allows that).
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { EigentraceError } from '../errors.js';
import { asInputError } from './file.js';

const prefix = '.scratch-';

export class Scratch {
  readonly byteLength: number;
  readonly #path: string;
  readonly #handle: FileHandle;

  private constructor(path: string, handle: FileHandle, byteLength: number) {
    this.#path = path;
    this.#handle = handle;
    this.byteLength = byteLength;
  }

  /** A scratch file of `byteLength` bytes, all zero, in `folder`. */
  static async create(folder: string, byteLength: number): Promise<Scratch> {
    const path = join(folder, `${prefix}${process.pid}-${randomBytes(6).toString('hex')}`);
    try {
      await mkdir(folder, { recursive: true });
      const handle = await open(path, 'wx+', 0o600);
      await handle.truncate(byteLength);
      if (process.platform !== 'win32') await rm(path, { force: true });
      return new Scratch(path, handle, byteLength);
    } catch (error) {
      throw asInputError(path, error);
    }
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    this.#check(offset, offset + bytes.length);
    try {
      let done = 0;
      while (done < bytes.length) {
        const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, offset + done);
        done += bytesWritten;
      }
    } catch (error) {
      throw asInputError(this.#path, error);
    }
  }

  async read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    this.#check(start, end);
    const bytes = new Uint8Array(end - start);
    let done = 0;
    while (done < bytes.length) {
      const { bytesRead } = await this.#handle.read(bytes, done, bytes.length - done, start + done);
      if (bytesRead === 0) throw new EigentraceError('environment', `${this.#path}: the scratch file was cut short`);
      done += bytesRead;
    }
    return bytes;
  }

  async close(): Promise<void> {
    await this.#handle.close();
    await rm(this.#path, { force: true });
  }

  #check(start: number, end: number): void {
    if (start < 0 || end < start || end > this.byteLength) {
      throw new EigentraceError('internal', `internal: scratch range ${start}..${end} of ${this.byteLength} bytes`);
    }
  }
}

/** Removes scratch files of processes that are gone, where their names could not be removed at once. */
export async function sweepScratch(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : NaN;
    if (Number.isNaN(pid) || isAlive(pid)) continue;
    await rm(join(folder, name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
