/** How far a build is, and how long it still takes: tokenising by the bytes of the corpus, sorting by tokens. */

export interface BuildEvent {
  readonly type: 'progress';
  /** Share of the corpus's bytes that is tokenised, 0 … 1. */
  readonly tokenised: number;
  /** Tokens so far, of all shards, and how many of them are sorted. */
  readonly tokens: number;
  readonly sorted: number;
  /** The shard that is being sorted; null when none is. */
  readonly shard: number | null;
  /** Null until it can be told. */
  readonly secondsLeft: number | null;
}

/** Nanoseconds a token that sorting takes where nothing was sorted yet. */
const guess = 250;
const everyMs = 100;

export class BuildProgress {
  readonly #total: number;
  readonly #sizes: ReadonlyMap<string, number>;
  readonly #send: ((event: BuildEvent) => void) | undefined;
  readonly #start = performance.now();
  #path = '';
  #before = 0;
  #read = 0;
  /** Share that was read when the first new document came: documents of earlier shards are only skipped. */
  #skipped: number | null = null;
  #tokenisedAt = this.#start;
  #tokens = 0;
  #sorted = 0;
  #shard: number | null = null;
  #partly = 0;
  /** Tokens and milliseconds of sorting here. */
  #sortedHere = { tokens: 0, ms: 0, since: 0 };
  #sentAt = -Infinity;

  constructor(files: readonly { path: string; bytes: number }[], send?: (event: BuildEvent) => void) {
    this.#sizes = new Map(files.map(({ path, bytes }) => [path, bytes]));
    this.#total = files.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#send = send;
  }

  /** Shards of so many tokens were tokenised before. */
  goOnFrom(tokens: number): void {
    this.#tokens = tokens;
  }

  /** A document was read. */
  read(path: string, bytesRead: number): void {
    if (path !== this.#path) {
      this.#before += this.#sizes.get(this.#path) ?? 0;
      this.#path = path;
    }
    this.#read = this.#before + bytesRead;
  }

  /** A document was tokenised; whether it is time to let others run. */
  tokenised(tokens: number): boolean {
    if (this.#skipped === null) {
      this.#skipped = this.#share();
      this.#tokenisedAt = performance.now();
    }
    this.#tokens += tokens;
    return this.#report();
  }

  sorting(shard: number, tokens: number): void {
    if (this.#shard !== shard) {
      this.#shard = shard;
      this.#sortedHere.since = performance.now();
    }
    this.#partly = tokens;
    this.#report();
  }

  /** A shard is sorted, now or before. */
  sorted(tokens: number): void {
    if (this.#shard !== null) {
      this.#sortedHere.tokens += tokens;
      this.#sortedHere.ms += performance.now() - this.#sortedHere.since;
    }
    this.#sorted += tokens;
    this.#partly = 0;
    this.#shard = null;
    this.#report();
  }

  close(): void {
    this.#sentAt = -Infinity;
    this.#report();
  }

  #share(): number {
    return this.#total === 0 ? 1 : Math.min(1, this.#read / this.#total);
  }

  #report(): boolean {
    const now = performance.now();
    if (now - this.#sentAt < everyMs) return false;
    this.#sentAt = now;
    this.#send?.({
      type: 'progress',
      tokenised: this.#share(),
      tokens: this.#tokens,
      sorted: this.#sorted + this.#partly,
      shard: this.#shard,
      secondsLeft: this.#left(now),
    });
    return true;
  }

  #left(now: number): number | null {
    const share = this.#share();
    const skipped = this.#skipped ?? 0;
    const seen = share - skipped;
    const spent = (now - this.#tokenisedAt) / 1000;
    if (seen <= 0 || spent < 0.5) return null;
    const tokenising = (spent * (1 - share)) / seen;
    const { tokens, ms } = this.#sortedHere;
    const each = tokens > 0 ? ms / tokens / 1000 : guess / 1e9;
    const toSort = this.#tokens / Math.max(share, 1e-9) - this.#sorted - this.#partly;
    // Shards are sorted while others are tokenised: the slower of the two, and the last shard's sorting after it.
    return Math.max(tokenising, toSort * each) + (tokenising > 0 ? this.#lastShard() * each : 0);
  }

  #lastShard(): number {
    return Math.max(0, this.#tokens - this.#sorted - this.#partly);
  }
}
