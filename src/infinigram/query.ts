/**
 * Queries by program: one JSON object in, one out, with the engine's field names. What is wrong with a query is its answer,
 * `{ "error": … }`, as the engine has it; what is wrong with the index rejects.
 */
import { openTokenizerAt, type TwoWayTokenizer } from '../corpus/index.js';
import { EigentraceError, messageOf, nearest } from '../errors.js';
import { find, searchDocuments } from './documents.js';
import { openIndex, type LocalIndex, type OpenIndexOptions } from './local.js';

export const queryTypes = ['count', 'prob', 'infgram_prob', 'ntd', 'infgram_ntd', 'find', 'documents'] as const;
export type QueryType = (typeof queryTypes)[number];

export interface Query {
  readonly type?: QueryType;
  /** For prob and infgram_prob the last one is the continuation, those before are the prompt. */
  readonly ids?: readonly number[];
  /** In place of ids, where a tokenizer was given. */
  readonly text?: string;
  /** Of ntd and infgram_ntd: most occurrences that are looked at. Default: all. */
  readonly max_support?: number;
  /** Of documents: how many (1), and most tokens of each (1000). */
  readonly maxnum?: number;
  readonly max_disp_len?: number;
}

export interface QueryOptions extends OpenIndexOptions {
  /** A tokenizer.json, for text; null: texts are refused. */
  readonly tokenizer?: string | null;
}

export class IndexQueries {
  readonly index: LocalIndex;
  readonly tokenizer: TwoWayTokenizer | null;

  constructor(index: LocalIndex, tokenizer: TwoWayTokenizer | null) {
    this.index = index;
    this.tokenizer = tokenizer;
  }

  /** The answer to one line. */
  async line(text: string): Promise<object> {
    let query: unknown;
    try {
      query = JSON.parse(text);
    } catch (error) {
      return { error: `is not JSON (${messageOf(error)})` };
    }
    return await this.answer(query);
  }

  async answer(query: unknown): Promise<object> {
    try {
      return await this.#answer(query);
    } catch (error) {
      if (error instanceof EigentraceError && (error.code === 'usage' || error.code === 'input')) {
        return { error: error.message };
      }
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.index.close();
  }

  async #answer(query: unknown): Promise<object> {
    if (typeof query !== 'object' || query === null || Array.isArray(query)) throw bad('is no JSON object', query);
    const { type = 'count', max_support, maxnum, max_disp_len } = query as Query;
    if (!queryTypes.includes(type)) {
      throw bad(
        'unknown type',
        type,
        `one of ${queryTypes.join(', ')}; nearest: ${nearest(type, queryTypes, 1).join('')}`,
      );
    }
    const ids = this.#ids(query);
    const support = max_support === undefined ? {} : { maxSupport: whole('max_support', max_support) };
    switch (type) {
      case 'count':
        return await this.index.count(ids);
      case 'prob':
        return await this.index.prob(...split(ids));
      case 'infgram_prob':
        return await this.index.infgramProb(...split(ids));
      case 'ntd':
        return await this.index.ntd(ids, support);
      case 'infgram_ntd':
        return await this.index.infgramNtd(ids, support);
      case 'find':
        return find(this.index, ids);
      case 'documents':
        return searchDocuments(this.index, ids, {
          ...(maxnum === undefined ? {} : { maxnum: whole('maxnum', maxnum) }),
          ...(max_disp_len === undefined ? {} : { maxDispLen: whole('max_disp_len', max_disp_len) }),
        });
    }
  }

  #ids({ ids, text }: Query): readonly number[] {
    if (text !== undefined && ids === undefined) {
      if (typeof text !== 'string') throw bad('text is no string', text);
      if (!this.tokenizer) throw bad('has text, and no tokenizer was given', text, '"ids", or --tokenizer FILE');
      return [...this.tokenizer.encodePlain(text)];
    }
    if (Array.isArray(ids)) return ids as readonly number[];
    throw bad('has no ids', ids, '{"ids": [12, 7, 99], "type": "count"}');
  }
}

/** Opens an index for queries; a tokenizer that the index was not made with is refused. */
export async function openQueries(folder: string, options: QueryOptions = {}): Promise<IndexQueries> {
  const index = await openIndex(folder, options);
  try {
    const path = options.tokenizer ?? null;
    if (path === null) return new IndexQueries(index, null);
    const tokenizer = await openTokenizerAt(path);
    const { tokenizerSha256: known, dtype } = index.info;
    if (known !== null && known !== tokenizer.sha256) {
      const message = `tokenizer ${path}: is not the one that index ${folder} was made with, got sha256 ${tokenizer.sha256} (expected ${known})`;
      throw new EigentraceError('input', message);
    }
    if (tokenizer.vocabularySize > 256 ** index.width - 1) {
      const message = `tokenizer ${path}: its vocabulary does not fit index ${folder}, got ${tokenizer.vocabularySize} ids (expected at most ${256 ** index.width - 1} of ${dtype}): the index was made with another`;
      throw new EigentraceError('input', message);
    }
    return new IndexQueries(index, tokenizer);
  } catch (error) {
    await index.close();
    throw error;
  }
}

function split(ids: readonly number[]): [readonly number[], number] {
  if (ids.length === 0) throw bad('has no continuation', ids, 'at least one id: the last is the continuation');
  return [ids.slice(0, -1), ids.at(-1)!];
}

function whole(name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value;
  throw bad(`${name} is not a positive integer`, value);
}

function bad(what: string, got: unknown, expected = '{"ids": […], "type": "…"}'): EigentraceError {
  const shown = JSON.stringify(got) as string | undefined;
  return new EigentraceError(
    'usage',
    `query: ${what}, got ${(shown ?? 'nothing').slice(0, 80)} (expected ${expected})`,
  );
}
