/** Opens the checkpoints of a series for a job: config, headers and tokenizer, then the hashes of the weights. */
import { hashFiles, openEntry, rememberedHashes, type Series, type SeriesEntry } from '../checkpoints/index.js';
import type { TwoWayTokenizer } from '../corpus/index.js';
import { Model } from '../models/index.js';
import { cacheFolder, hashCache, weightScratch } from '../trace/cache.js';
import { withRandomWeights } from '../trace/random-init.js';
import { Places, refuseDamagedBlobs } from '../trace/places.js';
import type { SubjectHooks } from '../trace/subject.js';
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

  /** Brings checkpoints here that are on the Hub. */
  readonly places: Places;

  constructor(series: Series, keep?: 'none' | 'last' | 'all') {
    this.#series = series;
    this.places = new Places(keep);
  }

  /** The same subject with its weights on this machine. */
  async bring(subject: VisitSubject, place: Place, hooks: SubjectHooks): Promise<VisitSubject> {
    // Of weights that are drawn, headers are all that is used.
    if (!subject.checkpoint.isRemote || place.control !== null) return subject;
    await this.places.fetch(place.entry, { signal: hooks.signal, onProgress: hooks.onFetch });
    return this.open(place, hooks);
  }

  async open({ entry, control }: Place, hooks: SubjectHooks): Promise<VisitSubject> {
    const cache = cacheFolder();
    const scratchFolder = weightScratch(cache);
    const looked = await this.places.outline(entry, hooks);
    const promised = looked.remote === null || [...looked.remote.files.values()].every(({ sha256 }) => sha256 !== null);
    // Without a promised hash the key is known only once the weights are here.
    const { entry: there, remote } = promised
      ? looked
      : { entry: await this.places.fetch(entry, { signal: hooks.signal, onProgress: hooks.onFetch }), remote: null };
    const opened = await openEntry(this.#series, there, { scratchFolder, remote });
    const named = { ...opened, name: entry.revision };
    const asStored = {
      ...{ entry, checkpoint: named, model: Model.read(named), files: named.files, bytes: named.bytes },
      ...{ control: null, flags: [] },
    };
    const subject = control === null ? asStored : await withRandomWeights(asStored, control.seed, scratchFolder);
    const tokenizer: TwoWayTokenizer | null = named.tokenizer ? await this.#tokenizers.open(named) : null;
    const weights =
      control === null
        ? ((remote && (await rememberedHashes(subject.files, hashCache(cache)))) ??
          (await hashFiles(subject.files, {
            cacheFolder: hashCache(cache),
            ...(hooks.signal ? { signal: hooks.signal } : {}),
            ...(hooks.onHash ? { onProgress: hooks.onHash } : {}),
          })))
        : null;
    if (weights) refuseDamagedBlobs(subject.files, weights.files);
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
