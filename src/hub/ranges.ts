/**
 * Ranges of one file on the Hub. What was cut on the way is asked for again from the byte where it ended. The address that
 * the endpoint redirects to (a storage host, signed for some minutes) is used again, so that a file of many ranges costs the
 * endpoint one request; when it has run out, the endpoint is asked anew.
 */
import { EigentraceError } from '../errors.js';
import { interrupted, unreachable, type HubAnswer, type HubHttp } from './http.js';
import { HubError } from './refusals.js';
import { tries } from './retry.js';

export interface RemoteFile {
  readonly url: string;
  /** `org/name`, and the file's path, for errors. */
  readonly subject: string;
  readonly asked: string;
  readonly size: number;
}

/** The server sends whole files only. */
export class RangeIgnored extends Error {}

export class Ranges {
  readonly file: RemoteFile;
  readonly #http: HubHttp;
  #address: string;

  constructor(http: HubHttp, file: RemoteFile) {
    this.#http = http;
    this.file = file;
    this.#address = file.url;
  }

  /** Gives the bytes [start, end) to `take` as they come. Throws RangeIgnored before any where the server can't. */
  async read(
    start: number,
    end: number,
    take: (bytes: Uint8Array) => Promise<void> | void,
    options: { signal?: AbortSignal | undefined; onAnswer?: () => void } = {},
  ): Promise<void> {
    const { size } = this.file;
    const isWhole = start === 0 && end === size;
    let at = start;
    for (let attempt = 1; at < end; attempt++) {
      const headers: Record<string, string> = isWhole && at === 0 ? {} : { range: `bytes=${at}-${end - 1}` };
      const answer = await this.#get(headers, options.signal);
      const from = this.#startOf(answer, at);
      options.onAnswer?.();
      const before = at;
      at = await this.#drain(answer, from, at, end, take, options.signal, attempt);
      if (at > before) attempt = 0;
      if (at < end) await this.#http.backOff(attempt + 1, options.signal);
    }
  }

  /**
   * The same from a server that sends whole files only: everything comes again after every cut, and what is there already
   * is passed over.
   */
  async readWhole(start: number, take: (bytes: Uint8Array) => Promise<void>, signal?: AbortSignal): Promise<void> {
    const { size } = this.file;
    let at = start;
    for (let attempt = 1; at < size; attempt++) {
      const answer = await this.#get({}, signal);
      this.#startOf(answer, 0);
      const before = at;
      at = await this.#drain(answer, 0, at, size, take, signal, attempt);
      if (at > before) attempt = 0;
      if (at < size) await this.#http.backOff(attempt + 1, signal);
    }
  }

  async #get(headers: Record<string, string>, signal: AbortSignal | undefined): Promise<HubAnswer> {
    const { subject, asked, url } = this.file;
    try {
      const answer = await this.#http.get(this.#address, { headers, subject, asked, signal });
      this.#address = answer.url;
      return answer;
    } catch (error) {
      const ranOut = error instanceof HubError && error.reason === 'Storage' && this.#address !== url;
      if (!ranOut) throw error;
      this.#address = url;
      return this.#http.get(url, { headers, subject, asked, signal });
    }
  }

  /** The byte that an answer begins with; refused where it is of a file of another size. */
  #startOf({ status, headers, body }: HubAnswer, at: number): number {
    const { size, subject, asked } = this.file;
    const refuse = (got: string): EigentraceError => {
      body.destroy();
      return new EigentraceError(
        'integrity',
        `${subject}: ${asked} is another file than was listed, got ${got} (expected ${size} bytes)`,
      );
    };
    if (status === 206) {
      const [, from, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers['content-range'] ?? '') ?? [];
      if (total !== undefined && total !== '*' && Number(total) !== size) throw refuse(`${total} bytes`);
      if (Number(from) !== at) throw refuse(`a range from byte ${from ?? '?'}, not ${at}`);
      return at;
    }
    const length = headers['content-length'];
    const isPlain = headers['content-encoding'] === undefined || headers['content-encoding'] === 'identity';
    if (isPlain && length !== undefined && Number(length) !== size) throw refuse(`${length} bytes`);
    if (at > 0) {
      body.destroy();
      throw new RangeIgnored(asked);
    }
    return 0;
  }

  /** Takes what an answer gives of [at, end); the byte where it ended, or was cut. */
  async #drain(
    { body, url }: HubAnswer,
    from: number,
    at: number,
    end: number,
    take: (bytes: Uint8Array) => Promise<void> | void,
    signal: AbortSignal | undefined,
    attempt: number,
  ): Promise<number> {
    let came = from;
    let next = at;
    const chunks = (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    while (next < end) {
      let chunk: Uint8Array;
      try {
        const step = await chunks.next();
        if (step.done) break;
        chunk = step.value;
      } catch (error) {
        if (signal?.aborted) throw interrupted();
        if (next === at && attempt >= tries) throw unreachable(this.file.subject, url, error);
        break;
      }
      const isNew = came + chunk.length > next;
      const bytes = isNew ? chunk.subarray(Math.max(0, next - came), end - came) : null;
      came += chunk.length;
      if (bytes) {
        next += bytes.length;
        await take(bytes);
      }
    }
    body.destroy();
    if (next === at && attempt >= tries) {
      throw new EigentraceError(
        'environment',
        `${this.file.subject}: ${this.file.asked} ends at byte ${at} of ${this.file.size}, ${attempt} times; try again later`,
      );
    }
    return next;
  }
}
