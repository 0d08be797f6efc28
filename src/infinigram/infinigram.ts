/**
 * An ∞-gram index, whoever answers: the local files (`openIndex`) or a hosted one. Fields are named as infini-gram's engine
 * names them, so that an answer may go out as it came.
 *
 * P∞(w | context) = count(s·w)/count(s) for the longest suffix s of the context with count(s) > 0 (definitions §8). The
 * empty suffix counts every position, document separators included; count(s) includes an occurrence at the very end of
 * the text, which nothing follows.
 */

/** Token ids. A separator is the largest id of the index's dtype (65535 in u16) and may occur in a query. */
export type TokenIds = readonly number[] | Int32Array | Uint32Array;

export interface CountAnswer {
  /** Positions at which the ids occur, over all shards. */
  readonly count: number;
  /** Whether the count is an estimate. Never from local files. */
  readonly approx: boolean;
}

export interface ProbAnswer {
  /** count(prompt): the denominator. */
  readonly prompt_cnt: number;
  /** count(prompt · continuation): the numerator; it may be 0. */
  readonly cont_cnt: number;
  /** cont_cnt / prompt_cnt; −1 when the prompt never occurs (`prob` only: the empty suffix always does). */
  readonly prob: number;
}

export interface InfgramProbAnswer extends ProbAnswer {
  /** Tokens of the longest suffix of the prompt that occurs: prompt_cnt and cont_cnt are of that suffix. */
  readonly suffix_len: number;
}

export interface NtdAnswer {
  readonly prompt_cnt: number;
  /**
   * What follows the prompt, by token id, in rising order. An occurrence at the very end of a shard has no continuation
   * and is in no entry: their counts then add up to less than prompt_cnt. The separator has an entry of its own.
   */
  readonly result_by_token_id: Readonly<Record<number, { readonly cont_cnt: number; readonly prob: number }>>;
  /** Whether counts are estimates from a sample of the occurrences. */
  readonly approx: boolean;
}

export interface InfgramNtdAnswer extends NtdAnswer {
  readonly suffix_len: number;
}

/** What an index says of itself; null where whoever answers doesn't tell. */
export interface InfinigramInfo {
  /** The folder, or `hosted:NAME`. */
  readonly name: string;
  /** Positions, separators included. */
  readonly tokens: number | null;
  readonly documents: number | null;
  readonly shards: number | null;
  readonly dtype: 'u8' | 'u16' | 'u32' | null;
  /** Of the tokenizer.json that the corpus was tokenised with, lower-case hex. */
  readonly tokenizerSha256: string | null;
  /** What tells this index from another in keys of records: equal content, equal text. */
  readonly identity: string;
}

export interface NtdOptions {
  /** Most occurrences that are looked at; more are sampled evenly, and the answer is `approx`. Null: all. Default null. */
  readonly maxSupport?: number | null;
}

export interface InfinigramIndex {
  readonly info: InfinigramInfo;
  count(ids: TokenIds): Promise<CountAnswer>;
  prob(prompt: TokenIds, continuation: number): Promise<ProbAnswer>;
  infgramProb(prompt: TokenIds, continuation: number): Promise<InfgramProbAnswer>;
  ntd(prompt: TokenIds, options?: NtdOptions): Promise<NtdAnswer>;
  infgramNtd(prompt: TokenIds, options?: NtdOptions): Promise<InfgramNtdAnswer>;
  /** Files, sockets. Nothing is asked afterwards. */
  close(): Promise<void>;
}
