/** What callers of this room give and get: hooks, progress, sizes. */

export interface FetchProgress {
  /** Bytes that are there, of all the bytes that this checkpoint needs. */
  readonly done: number;
  readonly of: number;
  /** Bytes a second over the last seconds; null before the first arrived. */
  readonly bytesPerSecond: number | null;
  /** Null while the rate is not known. */
  readonly secondsLeft: number | null;
}

export interface FetchHooks {
  readonly signal?: AbortSignal | undefined;
  /** At most ten times a second. */
  readonly onProgress?: ((progress: FetchProgress) => void) | undefined;
}

/** What a checkpoint needs on disk: its weights in one format, config and tokenizer. */
export interface HubSize {
  /** Of all its files. */
  readonly bytes: number;
  /** Of those, what is in the cache already; a part of a file counts. */
  readonly cached: number;
}

export interface HubSeriesOptions {
  /** Also the revisions whose names give no step, such as `main`: entries with a null step. Default false. */
  readonly others?: boolean;
  /** Tokens a training step of pretraining. Default: unknown. */
  readonly tokensPerStep?: number | null;
  readonly signal?: AbortSignal | undefined;
  /** Default `process.env`: HF_ENDPOINT, HF_TOKEN, HF_HOME, HF_HUB_CACHE, HF_HUB_OFFLINE, HTTPS_PROXY, NO_PROXY, … */
  readonly env?: NodeJS.ProcessEnv;
}
