/**
 * A file that is read in many small places: pages of 4 KiB, of which a bounded number stay in memory, shared by several
 * files. Reads are synchronous: a page that the system has is there in microseconds, where a promise would cost tens.
 * The page longest unused goes first, nearly (the clock's second chance).
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { EigentraceError } from '../errors.js';
import { asInputError } from './file.js';

const pageBits = 12;
const pageSize = 1 << pageBits;
const pageMask = pageSize - 1;

/** Room for pages of any number of files. */
export class PageCache {
  readonly pages: Uint8Array;
  readonly #owners: ({ file: PagedFile; page: number } | null)[];
  readonly #used: Uint8Array;
  #hand = 0;
  #count = 0;

  /** `bytes` is at least 16 pages. */
  constructor(bytes = 64 * 1024 * 1024) {
    const slots = Math.max(16, Math.floor(bytes / pageSize));
    // Memory that is touched only as pages come.
    this.pages = new Uint8Array(slots * pageSize);
    this.#owners = Array<null>(slots).fill(null);
    this.#used = new Uint8Array(slots);
  }

  touch(slot: number): void {
    this.#used[slot] = 1;
  }

  /** A free slot for a page, taken from one that was not used lately. */
  take(file: PagedFile, page: number): number {
    const slots = this.#owners.length;
    let slot = this.#count;
    if (slot < slots) this.#count++;
    else {
      while (this.#used[this.#hand] === 1) {
        this.#used[this.#hand] = 0;
        this.#hand = (this.#hand + 1) % slots;
      }
      slot = this.#hand;
      this.#hand = (slot + 1) % slots;
      const owner = this.#owners[slot];
      if (owner) owner.file.forget(owner.page);
    }
    this.#owners[slot] = { file, page };
    this.#used[slot] = 1;
    return slot;
  }

  /** Gives a slot back that could not be filled. */
  free(slot: number): void {
    this.#owners[slot] = null;
    this.#used[slot] = 0;
  }
}

export class PagedFile {
  readonly name: string;
  readonly byteLength: number;
  /** Pages that were read from the file so far. */
  reads = 0;
  readonly #cache: PageCache;
  readonly #slots = new Map<number, number>();
  readonly #descriptor: number;

  private constructor(name: string, byteLength: number, descriptor: number, cache: PageCache) {
    this.name = name;
    this.byteLength = byteLength;
    this.#descriptor = descriptor;
    this.#cache = cache;
  }

  static open(path: string, cache: PageCache): PagedFile {
    let descriptor: number;
    try {
      descriptor = openSync(path, 'r');
    } catch (error) {
      throw asInputError(path, error);
    }
    const info = fstatSync(descriptor);
    if (info.isFile()) return new PagedFile(path, info.size, descriptor, cache);
    closeSync(descriptor);
    throw new EigentraceError('input', `${path}: not a regular file (expected a file)`);
  }

  byte(offset: number): number {
    return this.#cache.pages[this.#at(offset)]!;
  }

  /** `width` bytes at `offset` as a little-endian number, exact up to 6 bytes. */
  number(offset: number, width: number): number {
    const { pages } = this.#cache;
    if ((offset & pageMask) + width <= pageSize) {
      const at = this.#at(offset);
      if (width === 2) return pages[at]! | (pages[at + 1]! << 8);
      if (width === 3) return pages[at]! | (pages[at + 1]! << 8) | (pages[at + 2]! << 16);
      if (width === 4)
        return (pages[at]! | (pages[at + 1]! << 8) | (pages[at + 2]! << 16) | (pages[at + 3]! << 24)) >>> 0;
    }
    let value = 0;
    for (let i = width - 1; i >= 0; i--) value = value * 256 + this.byte(offset + i);
    return value;
  }

  /**
   * How the bytes at `offset` compare with `wanted` from its byte `from`: negative when they come before, 0 when they are
   * equal, or when `wanted` ends first. A file that ends before `wanted` does comes before.
   */
  compare(offset: number, wanted: Uint8Array, from = 0): number {
    const { pages } = this.#cache;
    let i = from;
    let place = offset + from;
    while (i < wanted.length) {
      if (place >= this.byteLength) return -1;
      let at = this.#at(place);
      const stop = Math.min(wanted.length, i + pageSize - (place & pageMask), i + this.byteLength - place);
      place += stop - i;
      for (; i < stop; i++, at++) {
        const difference = pages[at]! - wanted[i]!;
        if (difference !== 0) return difference;
      }
    }
    return 0;
  }

  /** A copy of bytes [start, end). */
  bytes(start: number, end: number): Uint8Array<ArrayBuffer> {
    if (start < 0 || end < start || end > this.byteLength) throw this.#outside(start, end);
    const copy = new Uint8Array(end - start);
    for (let place = start; place < end;) {
      const at = this.#at(place);
      const count = Math.min(end - place, pageSize - (place & pageMask));
      copy.set(this.#cache.pages.subarray(at, at + count), place - start);
      place += count;
    }
    return copy;
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  /** For the cache: the page's slot is another's now. */
  forget(page: number): void {
    this.#slots.delete(page);
  }

  /** Where in the cache the byte at `offset` lies; its page is read when it is not there. */
  #at(offset: number): number {
    if (!(offset >= 0 && offset < this.byteLength)) throw this.#outside(offset, offset + 1);
    // Offsets may be past 2³²: no shift.
    const page = Math.floor(offset / pageSize);
    const slot = this.#slots.get(page) ?? this.#load(page);
    this.#cache.touch(slot);
    return slot * pageSize + (offset & pageMask);
  }

  #load(page: number): number {
    const slot = this.#cache.take(this, page);
    const start = page * pageSize;
    const end = Math.min(this.byteLength, start + pageSize);
    let done = 0;
    try {
      while (done < end - start) {
        const at = slot * pageSize + done;
        const count = readSync(this.#descriptor, this.#cache.pages, at, end - start - done, start + done);
        if (count === 0) {
          const message = `${this.name}: ends at byte ${start + done}, it shrank while being read`;
          throw new EigentraceError('input', message);
        }
        done += count;
      }
    } catch (error) {
      this.#cache.free(slot);
      throw asInputError(this.name, error);
    }
    this.reads++;
    this.#slots.set(page, slot);
    return slot;
  }

  #outside(start: number, end: number): EigentraceError {
    const message = `${this.name}: cannot read bytes ${start}..${end}, the file has ${this.byteLength} (truncated?)`;
    return new EigentraceError('input', message);
  }
}
