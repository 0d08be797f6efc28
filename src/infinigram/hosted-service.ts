/**
 * One service that answers queries over HTTP: POST with a JSON body, asked again after a growing wait (or the one that
 * `Retry-After` asks for) where a fault may pass: 408, 425, 429, 5xx, a gateway's message, a cut or timed-out connection,
 * a reply that is no answer. The answer of the last try counts like any other.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { EigentraceError, messageOf } from '../errors.js';
import { Pace, type PaceOptions } from './hosted-pace.js';
import { readReply, retryAfter, type Reply } from './hosted-reply.js';

export interface ServiceOptions extends PaceOptions {
  /** How often a query is sent at most. */
  readonly tries: number;
  /** Milliseconds before the second try; doubled for each further one, and spread by half to either side. */
  readonly firstWait: number;
  /** Longest wait between two tries in milliseconds; a `Retry-After` beyond it ends the query. */
  readonly longestWait: number;
  /** Milliseconds until a request without an answer counts as failed. */
  readonly timeout: number;
  readonly fetch: typeof fetch;
  readonly signal?: AbortSignal | undefined;
}

/** Largest body that is read: a next-token distribution of the service's largest support has some 100 kB. */
const bodyLimit = 16 * 1024 * 1024;

interface Attempt {
  readonly reply: Reply;
  /** What `Retry-After` asked for, in milliseconds. */
  readonly after: number | null;
}

export class Service {
  readonly #name: string;
  readonly #url: string;
  readonly #options: ServiceOptions;
  readonly #pace: Pace;

  /** `name` is what errors call it. */
  constructor(name: string, url: string, options: ServiceOptions) {
    this.#name = name;
    this.#url = url;
    this.#options = options;
    this.#pace = new Pace(options);
  }

  /** The answer to a query, read by `read`, which may refuse it (then it is asked again). */
  async ask<T>(query: object, read: (json: object) => T | null): Promise<T> {
    return await this.#pace.place(async () => {
      const { tries, longestWait } = this.#options;
      let reason = '';
      for (let n = 1; n <= tries; n++) {
        const { reply, after } = await this.#try(JSON.stringify(query));
        if (reply.kind === 'answer') {
          const answer = read(reply.json);
          if (answer !== null) return answer;
          reason = `a reply without the fields of an answer, ${JSON.stringify(reply.json).slice(0, 120)}`;
        } else {
          reason = reply.reason;
          if (reply.kind === 'refused') throw this.#error('input', `refused the query, got ${reason}`);
        }
        if (after !== null && after > longestWait) {
          const message = `asks to wait ${Math.ceil(after / 1000)} s, got ${reason}; try again then`;
          throw this.#error('environment', `${message}: what was answered so far is kept`);
        }
        if (n < tries) await this.#wait(n, after);
      }
      throw this.#error(
        'environment',
        `no answer in ${tries} tries, got ${reason} (expected an answer); what was answered so far is kept, and the ` +
          'same command goes on from there',
      );
    });
  }

  async #try(body: string): Promise<Attempt> {
    const { timeout, signal } = this.#options;
    await this.#interruptible(() => this.#pace.start(signal));
    const late = AbortSignal.timeout(timeout);
    try {
      const response = await this.#options.fetch(this.#url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json', 'user-agent': 'eigentrace' },
        body,
        signal: signal ? AbortSignal.any([late, signal]) : late,
      });
      const reply = readReply(response.status, await this.#textOf(response));
      return { reply, after: retryAfter(response.headers.get('retry-after')) };
    } catch (error) {
      if (signal?.aborted) throw new EigentraceError('interrupted', 'interrupted', { cause: error });
      if (error instanceof EigentraceError) throw error;
      const cause = (error as { cause?: unknown }).cause;
      const why = late.aborted
        ? `no answer in ${timeout / 1000} s`
        : `${messageOf(error)}${cause === undefined ? '' : ` (${messageOf(cause)})`}`;
      return { reply: { kind: 'retry', reason: why }, after: null };
    }
  }

  async #textOf(response: Response): Promise<string> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    if (response.body) {
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        length += chunk.length;
        if (length > bodyLimit) throw this.#error('input', `a reply of over ${bodyLimit} bytes (expected an answer)`);
        chunks.push(chunk);
      }
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  /** After try `n`. A pause that was asked for holds for all queries. */
  async #wait(n: number, after: number | null): Promise<void> {
    const { firstWait, longestWait, signal } = this.#options;
    const grown = Math.min(longestWait, firstWait * 2 ** (n - 1));
    // `Retry-After: 0` of a service in trouble is no reason to storm it.
    if (after !== null && after >= grown) {
      this.#pace.pause(after);
      return;
    }
    await this.#interruptible(() => sleep(grown * (0.5 + Math.random()), undefined, signal ? { signal } : {}));
  }

  async #interruptible(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw new EigentraceError('interrupted', 'interrupted', { cause: error });
    }
  }

  #error(code: 'input' | 'environment', message: string): EigentraceError {
    return new EigentraceError(code, `${this.#name}: ${message}`);
  }
}
