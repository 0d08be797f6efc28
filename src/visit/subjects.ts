/** Opens the checkpoints of a series for a job: config, headers and tokenizer, then the hashes of the weights. */
import { hashFiles, openEntry, type Series, type SeriesEntry } from '../checkpoints/index.js';
import type { TwoWayTokenizer } from '../corpus/index.js';
import { Model } from '../models/index.js';
import { cacheFolder, hashCache, weightScratch } from '../trace/cache.js';
import { withRandomWeights } from '../trace/random-init.js';
import { needsHub, Places } from '../trace/places.js';
import { noTokenizer, Tokenizers } from '../trace/tokenizers.js';
import type { VisitSubject } from './request.js';

/** What is visited: a checkpoint, or the shape of one with weights drawn by a seed. */
export interface Place {
  readonly entry: SeriesEntry;
  readonly control: { readonly kind: 'random-init'; readonly seed: number } | null;
}

export class VisitSubjects {
  readonly #series: Series;
  readonly #tokenizers = new Tokenizers();
  /** Brings checkpoints here that are on the Hub; null where all are on this machine. */
  readonly #places: Places | null;

  constructor(series: Series) {
    this.#series = series;
    this.#places = needsHub(series) ? new Places() : null;
  }

  /** Stops what is fetched. */
  async close(): Promise<void> {
    await this.#places?.close();
  }

  /** `onHash` is told of bytes that are fetched, too. */
  async open(
    { entry, control }: Place,
    hooks: { signal?: AbortSignal | undefined; onHash: (done: number, of: number) => void },
  ): Promise<VisitSubject> {
    const cache = cacheFolder();
    const scratchFolder = weightScratch(cache);
    const there = await this.#places?.fetch(entry, {
      signal: hooks.signal,
      onProgress: ({ done, of }) => hooks.onHash(done, of),
    });
    const opened = await openEntry(this.#series, there ?? entry, { scratchFolder });
    const named = { ...opened, name: entry.revision };
    const asStored = {
      ...{ entry, checkpoint: named, model: Model.read(named), files: named.files, bytes: named.bytes },
      ...{ control: null, flags: [] },
    };
    const subject = control === null ? asStored : await withRandomWeights(asStored, control.seed, scratchFolder);
    const tokenizer: TwoWayTokenizer | null = named.tokenizer ? await this.#tokenizers.open(named) : null;
    const weights =
      control === null
        ? await hashFiles(subject.files, {
            cacheFolder: hashCache(cache),
            ...(hooks.signal ? { signal: hooks.signal } : {}),
            onProgress: hooks.onHash,
          })
        : null;
    return {
      ...{ series: this.#series, entry: subject.entry, checkpoint: subject.checkpoint, model: subject.model },
      ...{ weights, control: subject.control, tokenizerSha256: tokenizer?.sha256 ?? null },
      tokenizer: () => {
        if (tokenizer === null) throw noTokenizer(named);
        return tokenizer;
      },
    };
  }
}
