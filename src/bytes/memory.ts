import { EigentraceError } from '../errors.js';
import type { ByteSource } from './byte-source.js';

/** A ByteSource over a buffer; counts its reads, for tests that hold how much is read. */
export class MemorySource implements ByteSource {
  readonly name: string;
  readonly byteLength: number;
  /** Every range that was asked for, in order. */
  readonly reads: { start: number; end: number }[] = [];
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, name = 'memory') {
    this.#bytes = bytes;
    this.byteLength = bytes.byteLength;
    this.name = name;
  }

  read(start: number, end: number): Promise<Uint8Array> {
    if (start < 0 || end < start || end > this.byteLength) {
      const message = `${this.name}: cannot read bytes ${start}..${end}, got ${this.byteLength} bytes in all`;
      return Promise.reject(new EigentraceError('input', message));
    }
    this.reads.push({ start, end });
    return Promise.resolve(this.#bytes.slice(start, end));
  }
}
