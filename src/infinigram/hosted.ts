/**
 * A hosted ∞-gram index: infini-gram's public service, or a server that speaks its protocol (JSON by POST: `index`,
 * `query_type`, `query_ids`). Every answer is kept on disk; what is kept is never asked again, and offline nothing is.
 *
 * The service takes at most 500 tokens a query, so a longer context is cut to its last 499: a suffix length of 499 means
 * "at least". It keeps no separators apart from the end-of-text id in next-token distributions, and looks at no more than
 * 1000 occurrences there.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { proxiedFetch } from '../bytes/index.js';
import { EigentraceError } from '../errors.js';
import { readCount, readInfgramNtd, readInfgramProb, readNtd, readProb, readTokens } from './hosted-answers.js';
import { AnswerCache } from './hosted-cache.js';
import { Service, type ServiceOptions } from './hosted-service.js';
import type {
  CountAnswer,
  InfgramNtdAnswer,
  InfgramProbAnswer,
  InfinigramIndex,
  InfinigramInfo,
  NtdAnswer,
  NtdOptions,
  ProbAnswer,
  TokenIds,
} from './infinigram.js';

export const hostedUrl = 'https://api.infini-gram.io/';

/** What the service accepts (its own limits). */
const longestQuery = 500;
const longestText = 1000;
const largestSupport = 1000;

export interface HostedOptions extends Partial<ServiceOptions> {
  /** Where the service is. Default infini-gram's own. */
  readonly url?: string;
  /** Folder of caches; answers go to `infinigram/` below it. */
  readonly cacheFolder: string;
  /** Ask nobody: what is not kept is an error. */
  readonly offline?: boolean;
}

/** Polite: infini-gram's documentation once asked for one request at a time, a tenth of a second apart. */
export const hostedDefaults = {
  concurrency: 4,
  perSecond: 10,
  tries: 8,
  firstWait: 1000,
  longestWait: 120_000,
  timeout: 60_000,
};

/** The client of one index of a service, by its name there. Nothing is asked yet. */
export function openHosted(name: string, options: HostedOptions): HostedIndex {
  if (!/^[\w.-]{1,200}$/.test(name)) {
    const message = `index hosted:${name}: is not the name of a hosted index (expected one such as hosted:v4_piletrain_llama)`;
    throw new EigentraceError('usage', message);
  }
  const url = options.url ?? hostedUrl;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new EigentraceError(
      'usage',
      `hosted index: its address is no URL, got ${url} (expected such as ${hostedUrl})`,
    );
  }
  return new HostedIndex(name, url, options);
}

export class HostedIndex implements InfinigramIndex {
  readonly info: InfinigramInfo;
  readonly #index: string;
  readonly #service: Service;
  readonly #cache: AnswerCache;
  readonly #offline: boolean;
  /** Queries under way: the same one is not asked twice. */
  readonly #asked = new Map<string, Promise<object>>();

  constructor(index: string, url: string, options: HostedOptions) {
    const name = `hosted:${index}`;
    // Nothing else of the address goes into records: it may hold a key.
    const place = new URL(url).host + new URL(url).pathname;
    const unknown = { tokens: null, documents: null, shards: null, dtype: null, tokenizerSha256: null };
    this.info = { ...unknown, name, identity: `hosted:${place}${index}` };
    this.#index = index;
    this.#service = new Service(`index ${name}`, url, { ...hostedDefaults, fetch: proxiedFetch, ...options });
    const folder = `${index}-${createHash('sha256').update(url).digest('hex').slice(0, 8)}`;
    this.#cache = new AnswerCache(join(options.cacheFolder, 'infinigram', folder));
    this.#offline = options.offline ?? false;
  }

  count(ids: TokenIds): Promise<CountAnswer> {
    return this.#ask('count', [...ids], {}, readCount);
  }

  prob(prompt: TokenIds, continuation: number): Promise<ProbAnswer> {
    return this.#ask('prob', [...prompt, continuation], {}, readProb);
  }

  infgramProb(prompt: TokenIds, continuation: number): Promise<InfgramProbAnswer> {
    const ids = [...last(prompt, longestQuery - 1), continuation];
    return this.#ask('infgram_prob', ids, {}, (json) => readInfgramProb(json, ids.length - 1));
  }

  ntd(prompt: TokenIds, options: NtdOptions = {}): Promise<NtdAnswer> {
    return this.#ask('ntd', [...prompt], supportOf(options), readNtd);
  }

  infgramNtd(prompt: TokenIds, options: NtdOptions = {}): Promise<InfgramNtdAnswer> {
    return this.#ask('infgram_ntd', [...last(prompt, longestQuery)], supportOf(options), readInfgramNtd);
  }

  /** Token ids of a text by the index's own tokenizer, without special tokens: for who has no file of it. */
  async tokenize(text: string): Promise<Int32Array> {
    // Those words are operators of the service's query language.
    const refused = text.length > longestText ? `${text.length} characters` : / (AND|OR) /.exec(text)?.[0].trim();
    if (refused !== undefined) {
      throw new EigentraceError(
        'input',
        `index ${this.info.name}: the service can't tokenise a text with ${refused} (expected at most ${longestText} ` +
          'characters without AND or OR); give the tokenizer of the index: --index-tokenizer FILE',
      );
    }
    const { token_ids: ids } = await this.#answer({ query_type: 'count', query: text }, readTokens);
    return Int32Array.from(ids);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #ask<T extends object>(
    type: string,
    ids: number[],
    more: object,
    read: (json: object) => T | null,
  ): Promise<T> {
    if (ids.length > longestQuery) {
      const message = `index ${this.info.name}: a query is too long, got ${ids.length} tokens (expected at most ${longestQuery})`;
      throw new EigentraceError('input', message);
    }
    return await this.#answer({ query_type: type, query_ids: ids, ...more }, read);
  }

  async #answer<T extends object>(query: object, read: (json: object) => T | null): Promise<T> {
    const kept = await this.#cache.get(query);
    const known = kept && read(kept);
    if (known) return known;
    if (this.#offline) {
      const message = `index ${this.info.name}: offline, and the answer to ${JSON.stringify(query).slice(0, 100)} is not in the cache`;
      throw new EigentraceError('environment', `${message}; run once without --offline`);
    }
    const key = JSON.stringify(query);
    let asked = this.#asked.get(key) as Promise<T> | undefined;
    if (!asked) {
      asked = this.#service.ask({ index: this.#index, ...query }, read).then(async (answer) => {
        await this.#cache.set(query, answer);
        return answer;
      });
      this.#asked.set(key, asked);
      const done = (): void => void this.#asked.delete(key);
      asked.then(done, done);
    }
    return await asked;
  }
}

const last = (ids: TokenIds, count: number): TokenIds => (ids.length > count ? ids.slice(-count) : ids);

function supportOf({ maxSupport = null }: NtdOptions): object {
  return { max_support: Math.min(largestSupport, maxSupport ?? largestSupport) };
}
