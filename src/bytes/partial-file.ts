/**
 * A file that grows by appending until it is whole: what is there is always a prefix of what it is to be, so that whoever
 * was killed, or another program with the same rule, can go on where it ends. It takes its final name when it is committed.
 */
import { constants } from 'node:fs';
import { mkdir, open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { asInputError } from './file.js';

export class PartialFile {
  readonly path: string;
  #length: number;
  readonly #handle: FileHandle;

  private constructor(path: string, length: number, handle: FileHandle) {
    this.path = path;
    this.#length = length;
    this.#handle = handle;
  }

  /** Opens it where it is there, else makes it; folders are made. */
  static async open(path: string): Promise<PartialFile> {
    try {
      await mkdir(dirname(path), { recursive: true });
      const handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o666);
      return new PartialFile(path, (await handle.stat()).size, handle);
    } catch (error) {
      throw asInputError(path, error);
    }
  }

  /** Bytes that are there. */
  get length(): number {
    return this.#length;
  }

  /** What is there, in chunks. */
  async *content(): AsyncGenerator<Uint8Array> {
    const buffer = Buffer.alloc(1 << 20);
    for (let at = 0; at < this.#length;) {
      const { bytesRead } = await this.#handle.read(buffer, 0, Math.min(buffer.length, this.#length - at), at);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
      at += bytesRead;
    }
  }

  async append(bytes: Uint8Array): Promise<void> {
    try {
      for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, this.#length);
        done += bytesWritten;
        this.#length += bytesWritten;
      }
    } catch (error) {
      throw asInputError(this.path, error);
    }
  }

  /** Cuts it to `length` bytes. */
  async cut(length: number): Promise<void> {
    try {
      await this.#handle.truncate(length);
      this.#length = length;
    } catch (error) {
      throw asInputError(this.path, error);
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  /** Flushes and closes it, and gives it its final name. */
  async commit(path: string): Promise<void> {
    try {
      await this.#handle.sync();
      await this.#handle.close();
      await rename(this.path, path);
    } catch (error) {
      throw asInputError(path, error);
    }
  }

  /** Closes and removes it. */
  async discard(): Promise<void> {
    await this.#handle.close();
    await rm(this.path, { force: true });
  }
}

/** Bytes of a regular file; null when there is none. Symlinks are followed. */
export async function sizeOf(path: string): Promise<number | null> {
  try {
    const info = await stat(path);
    return info.isFile() ? info.size : null;
  } catch {
    return null;
  }
}
