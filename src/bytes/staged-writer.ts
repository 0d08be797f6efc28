/**
 * A file that grows by appending, under a temporary name, and takes its place when it is committed: for whoever writes
 * several files at once from one stream. Writes are gathered into pieces of 1 MiB.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { asInputError } from './file.js';

const pieceBytes = 1 << 20;

export class StagedWriter {
  /** Where the file will be. */
  readonly path: string;
  /** Bytes given so far. */
  byteLength = 0;
  readonly #temporary: string;
  readonly #handle: FileHandle;
  #piece = Buffer.allocUnsafe(pieceBytes);
  #filled = 0;

  private constructor(path: string, temporary: string, handle: FileHandle) {
    this.path = path;
    this.#temporary = temporary;
    this.#handle = handle;
  }

  static async open(path: string): Promise<StagedWriter> {
    // `.tmp-` is what sweepTemporary removes when a writer was killed.
    const temporary = join(dirname(path), `.tmp-${process.pid}-${randomBytes(6).toString('hex')}`);
    try {
      await mkdir(dirname(path), { recursive: true });
      return new StagedWriter(path, temporary, await open(temporary, 'wx'));
    } catch (error) {
      throw asInputError(path, error);
    }
  }

  /** Appends; what is given may be used again as soon as this resolves. Nothing is to be awaited while there is room. */
  write(bytes: Uint8Array): Promise<void> | void {
    this.byteLength += bytes.length;
    if (this.#filled + bytes.length > pieceBytes) return this.#overflow(bytes);
    this.#piece.set(bytes, this.#filled);
    this.#filled += bytes.length;
  }

  /** Everything is on the disk, under the temporary name. */
  async finish(): Promise<void> {
    try {
      await this.#flush();
      await this.#handle.sync();
    } catch (error) {
      throw asInputError(this.path, error);
    } finally {
      await this.#handle.close();
    }
  }

  /** After `finish`: takes the place of what was there, atomically. */
  async commit(): Promise<void> {
    try {
      await rename(this.#temporary, this.path);
    } catch (error) {
      throw asInputError(this.path, error);
    }
  }

  /** Leaves no trace; after a commit it does nothing. */
  async discard(): Promise<void> {
    // Closed already where it was finished.
    await this.#handle.close().catch(() => undefined);
    await rm(this.#temporary, { force: true });
  }

  async #overflow(bytes: Uint8Array): Promise<void> {
    try {
      await this.#flush();
      if (bytes.length >= pieceBytes) await this.#handle.writeFile(bytes);
      else {
        this.#piece.set(bytes);
        this.#filled = bytes.length;
      }
    } catch (error) {
      throw asInputError(this.path, error);
    }
  }

  async #flush(): Promise<void> {
    await this.#handle.writeFile(this.#piece.subarray(0, this.#filled));
    this.#filled = 0;
  }
}
