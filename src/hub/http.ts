/**
 * Requests to the Hub: through the proxy of the environment, tried again while that may help, redirects followed by hand, so
 * that the token is sent to the endpoint and to nobody else. The body is the caller's to read, and to read again from where
 * it was cut.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { EnvHttpProxyAgent, request, type Dispatcher } from 'undici';
import { agentOptions } from '../bytes/index.js';
import { EigentraceError, messageOf } from '../errors.js';
import { HubError, refused } from './refusals.js';
import { askedPause, backoff, firstPause, mayPass, patience, tries } from './retry.js';
import type { HubSettings } from './settings.js';

export interface HubRequest {
  readonly headers?: Record<string, string>;
  /** `org/name` for errors, and what of it is asked for. */
  readonly subject: string;
  readonly asked?: string | null;
  readonly signal?: AbortSignal | undefined;
}

export interface HubAnswer {
  readonly status: number;
  readonly headers: Record<string, string | undefined>;
  readonly body: Dispatcher.ResponseData['body'];
  /** Where it came from at last. */
  readonly url: string;
}

const redirects = 8;
const jsonLimit = 128 * 1024 * 1024;

export class HubHttp {
  readonly settings: HubSettings;
  readonly #agent: EnvHttpProxyAgent;
  readonly #firstPause: number;

  /** `pause`: milliseconds of the first pause between two tries, at most. */
  constructor(settings: HubSettings, pause = firstPause) {
    this.#firstPause = pause;
    this.settings = settings;
    const { timeout, proxy } = settings;
    this.#agent = new EnvHttpProxyAgent({
      ...agentOptions(proxy),
      ...{ headersTimeout: timeout, bodyTimeout: timeout, connect: { timeout }, connections: 16 },
    });
  }

  /** An answer of 2xx. Anything else is an error that says what to do, after as many tries as make sense. */
  async get(url: string, options: HubRequest): Promise<HubAnswer> {
    if (this.settings.offline) throw offline(options.subject);
    for (let attempt = 1; ; attempt++) {
      let answer: HubAnswer;
      try {
        answer = await this.#follow(url, options);
      } catch (error) {
        if (options.signal?.aborted) throw interrupted();
        if (error instanceof EigentraceError) throw error;
        if (attempt >= triesOf(error)) throw unreachable(this.settings.endpoint, url, error);
        await this.backOff(attempt, options.signal);
        continue;
      }
      const { status, headers } = answer;
      if (status >= 200 && status < 300) return answer;
      await answer.body.dump().catch(() => undefined);
      if (!mayPass(status)) throw this.#refusal(answer, options);
      const asked = askedPause(headers);
      if (attempt >= tries || (asked ?? 0) > patience) throw this.#busy(answer, options, attempt, asked);
      if (asked === null) await this.backOff(attempt, options.signal);
      else await this.#pause(asked + Math.random() * 250, options.signal);
    }
  }

  /** Parsed JSON of an answer, and its headers. A body that was cut is asked for again. */
  async json(url: string, options: HubRequest): Promise<{ json: unknown; headers: HubAnswer['headers'] }> {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.get(url, { ...options, headers: { accept: 'application/json', ...options.headers } });
      try {
        const chunks: Uint8Array[] = [];
        let length = 0;
        for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
          chunks.push(chunk);
          length += chunk.length;
          if (length > jsonLimit)
            throw new EigentraceError('input', `${options.subject}: ${url} is too large, got over ${jsonLimit} bytes`);
        }
        return { json: JSON.parse(Buffer.concat(chunks).toString('utf8')), headers: answer.headers };
      } catch (error) {
        if (options.signal?.aborted) throw interrupted();
        if (error instanceof EigentraceError) throw error;
        if (error instanceof SyntaxError) {
          throw new EigentraceError(
            'input',
            `${options.subject}: ${url} is no JSON (${error.message}); is HF_ENDPOINT a Hub?`,
          );
        }
        if (attempt >= tries) throw unreachable(this.settings.endpoint, url, error);
        await this.backOff(attempt, options.signal);
      }
    }
  }

  /** Waits before the next try. */
  backOff(attempt: number, signal: AbortSignal | undefined): Promise<void> {
    return this.#pause(backoff(attempt, this.#firstPause), signal);
  }

  async #pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
    try {
      await sleep(milliseconds, undefined, signal ? { signal } : {});
    } catch {
      throw interrupted();
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #follow(start: string, { headers = {}, signal, subject }: HubRequest): Promise<HubAnswer> {
    const { endpoint, token } = this.settings;
    let url = start;
    for (let hop = 0; hop <= redirects; hop++) {
      const own = new URL(url).origin === new URL(endpoint).origin;
      const answer = await request(url, {
        dispatcher: this.#agent,
        headers: {
          'user-agent': 'eigentrace; node',
          // What is compressed on the way can't be asked for by ranges.
          'accept-encoding': 'identity',
          ...headers,
          ...(own && token !== null ? { authorization: `Bearer ${token}` } : {}),
        },
        ...(signal ? { signal } : {}),
      });
      const flat: HubAnswer['headers'] = {};
      for (const [name, value] of Object.entries(answer.headers))
        flat[name] = Array.isArray(value) ? value.join(', ') : value;
      const { location } = flat;
      if (answer.statusCode < 300 || answer.statusCode >= 400 || answer.statusCode === 304 || location === undefined) {
        return { status: answer.statusCode, headers: flat, body: answer.body, url };
      }
      await answer.body.dump().catch(() => undefined);
      if (!URL.canParse(location, url))
        throw new EigentraceError('input', `${subject}: redirected to no address, got ${location}`);
      const next = new URL(location, url);
      if (!/^https?:$/.test(next.protocol))
        throw new EigentraceError('input', `${subject}: redirected to ${next.protocol} (expected https)`);
      url = next.href;
    }
    throw new EigentraceError('input', `${subject}: redirected more than ${redirects} times, at last to ${url}`);
  }

  #refusal({ status, headers, url }: HubAnswer, { subject, asked }: HubRequest): HubError {
    const { endpoint, token } = this.settings;
    if (new URL(url).origin !== new URL(endpoint).origin) {
      // A storage host knows no repositories: an address that ran out, most often.
      return new HubError(
        'input',
        `${subject}: ${new URL(url).host} answered ${status} for ${asked ?? url}`,
        status,
        'Storage',
      );
    }
    return refused({ status, headers, subject, asked: asked ?? null, endpoint, hasToken: token !== null });
  }

  #busy(
    { status, headers, url }: HubAnswer,
    { subject, asked }: HubRequest,
    attempt: number,
    pause: number | null,
  ): HubError {
    const said = headers['x-error-message'] ? ` (${headers['x-error-message'].slice(0, 200)})` : '';
    const times = attempt === 1 ? 'once' : `${attempt} times`;
    const wait = pause === null ? 'try again later' : `it asks to wait ${Math.ceil(pause / 1000)} s`;
    const host = new URL(url).host;
    const what = status === 429 ? `${host} says too many requests` : `${host} answers with an error`;
    return new HubError(
      'input',
      `${subject}: ${what}, got ${status}${said} ${times} for ${asked ?? url}; ${wait}`,
      status,
      null,
    );
  }
}

/** A name that is not known, or a port where nobody listens, seldom changes within seconds. */
function triesOf(error: unknown): number {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return ['ENOTFOUND', 'ECONNREFUSED', 'ERR_INVALID_URL', 'UND_ERR_INVALID_ARG', 'CERT_HAS_EXPIRED'].includes(code)
    ? 2
    : tries;
}

export function unreachable(endpoint: string, url: string, error: unknown): EigentraceError {
  const code = (error as NodeJS.ErrnoException).code;
  const why = [code, messageOf(error)].filter((part) => part && part !== code).join(': ') || String(code);
  const host = URL.canParse(url) ? new URL(url).host : endpoint;
  return new EigentraceError(
    'environment',
    `${host}: can not be reached (${why}); check the network, HTTPS_PROXY and HF_ENDPOINT. With HF_HUB_OFFLINE=1 only the cache is used`,
    { cause: error },
  );
}

export function offline(subject: string): EigentraceError {
  return new EigentraceError(
    'input',
    `${subject}: is not in the cache, and HF_HUB_OFFLINE is set (expected it there; unset it to download)`,
  );
}

export function interrupted(): EigentraceError {
  return new EigentraceError('interrupted', 'interrupted');
}
