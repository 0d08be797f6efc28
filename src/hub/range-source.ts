/** A file on the Hub as a ByteSource: read by ranges, with a little read ahead, since headers are read in small steps. */
import type { ByteSource } from '../bytes/index.js';
import { EigentraceError } from '../errors.js';
import type { HubHttp } from './http.js';
import { Ranges, RangeIgnored, type RemoteFile } from './ranges.js';

/** Bytes fetched at least, and stretches that are kept. */
const least = 64 * 1024;
const kept = 6;
/** Without ranges everything before a place comes along. */
const wholeLimit = 64 << 20;

export class RangeSource implements ByteSource {
  readonly name: string;
  readonly byteLength: number;
  readonly #ranges: Ranges;
  readonly #signal: AbortSignal | undefined;
  readonly #least: number;
  readonly #stretches: { start: number; bytes: Uint8Array }[] = [];

  /** `ahead`: bytes fetched at least. */
  constructor(http: HubHttp, file: RemoteFile, signal?: AbortSignal, ahead = least) {
    this.name = `${file.subject}/${file.asked}`;
    this.byteLength = file.size;
    this.#ranges = new Ranges(http, file);
    this.#signal = signal;
    this.#least = ahead;
  }

  async read(start: number, end: number): Promise<Uint8Array> {
    if (start < 0 || end < start || end > this.byteLength) {
      throw new EigentraceError(
        'input',
        `${this.name}: cannot read bytes ${start}..${end}, the file has ${this.byteLength}`,
      );
    }
    const held = this.#stretches.find((each) => each.start <= start && end <= each.start + each.bytes.length);
    if (held) return held.bytes.slice(start - held.start, end - held.start);
    const stop = Math.min(this.byteLength, Math.max(end, start + this.#least));
    const bytes = await this.#fetch(start, stop).catch(async (error: unknown) => {
      if (!(error instanceof RangeIgnored)) throw error;
      // Whole files only: what comes before is read too, which a header near the start allows.
      if (stop <= wholeLimit) return (await this.#fetch(0, stop)).subarray(start);
      const advice = 'download it (`hf download`) and give its path';
      throw new EigentraceError(
        'input',
        `${this.name}: can not be read in parts, the server sends whole files only; ${advice}`,
      );
    });
    this.#stretches.push({ start, bytes });
    if (this.#stretches.length > kept) this.#stretches.shift();
    return bytes.slice(0, end - start);
  }

  async #fetch(start: number, end: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(end - start);
    let at = 0;
    const take = (chunk: Uint8Array): void => {
      bytes.set(chunk, at);
      at += chunk.length;
    };
    await this.#ranges.read(start, end, take, { signal: this.#signal });
    return bytes;
  }
}
