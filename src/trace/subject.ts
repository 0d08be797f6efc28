/**
 * A checkpoint with everything that determines its measurement: the model, the sequences in its tokenizer's ids,
 * and the key. Made before anything heavy runs, so that what is there already is reused and what can't work is
 * said at once. The corpus is tokenised once a tokenizer.
 */
import {
  findTokenizer,
  hashFiles,
  openEntry,
  type Checkpoint,
  type FileHashes,
  type Series,
  type SeriesEntry,
} from '../checkpoints/index.js';
import {
  checkIds,
  selectSequences,
  specialTokensOf,
  TokenizerError,
  type SelectProgress,
  type Sequences,
  type SpecialTokens,
} from '../corpus/index.js';
import { EigentraceError } from '../errors.js';
import type { FetchProgress } from '../hub/index.js';
import { Model, type Layer } from '../models/index.js';
import { canonicalSha256, type ControlRecord, type KeyParts } from '../record/index.js';
import { definitionsVersion } from '../spectrum/index.js';
import { hashCache, tokenCache, weightScratch } from './cache.js';
import { planMeasurement } from './memory-need.js';
import { refuseDamagedBlobs, type Places } from './places.js';
import type { TraceRequest } from './request.js';
import { Tokenizers } from './tokenizers.js';

/** A checkpoint whose headers were read and whose corpus is tokenised; its weights were not touched. */
export interface OpenedSubject {
  readonly kind: 'model';
  readonly entry: SeriesEntry;
  readonly checkpoint: Checkpoint;
  /** Its weight files, and their bytes. */
  readonly files: Checkpoint['files'];
  readonly bytes: number;
  readonly model: Model;
  readonly layers: readonly Layer[];
  readonly sequences: Sequences;
  /** What its tokenizer puts around every text. */
  readonly special: () => SpecialTokens;
  /** Of a null; null for the checkpoint as it is. */
  readonly control: ControlRecord | null;
  /** What a reader of its numbers must know. */
  readonly flags: readonly { readonly code: string; readonly message: string }[];
}

/** The same with its weights hashed, so that its key is known. */
export interface Subject extends OpenedSubject {
  /** Null where weights are drawn. */
  readonly weights: FileHashes | null;
  readonly keyParts: KeyParts;
}

export interface SubjectHooks {
  readonly signal?: AbortSignal | undefined;
  readonly onTokenize?: ((progress: SelectProgress) => void) | undefined;
  readonly onFetch?: ((progress: FetchProgress) => void) | undefined;
  readonly onHash?: ((done: number, of: number) => void) | undefined;
}

interface Tokenised {
  readonly sequences: Sequences;
  readonly special: () => SpecialTokens;
}

/** Opens subjects of one request; keeps the sequences of every tokenizer met. */
export class Subjects {
  readonly #request: TraceRequest;
  readonly #series: Series;
  readonly #cache: string;
  /** By tokenizer: the corpus in its ids, or why it has none. */
  readonly #tokenised = new Map<string, Tokenised | TokenizerError>();
  readonly #tokenizers = new Tokenizers();

  /** Brings checkpoints here that are on the Hub; null where all are on this machine. */
  readonly places: Places | null;

  constructor(request: TraceRequest, series: Series, cache: string, places: Places | null = null) {
    this.places = places;
    this.#request = request;
    this.#series = series;
    this.#cache = cache;
  }

  /** Why the corpus can't be read, whatever the tokenizer; it can't be for the next checkpoint either. */
  corpusError: unknown = null;

  /** Reads config, headers and corpus; a model that isn't supported or doesn't fit the corpus is an error. */
  async open(entry: SeriesEntry, hooks: SubjectHooks = {}): Promise<OpenedSubject> {
    const { entry: there, remote } = (await this.places?.outline(entry, hooks)) ?? { entry, remote: null };
    const own = await openEntry(this.#series, there, { scratchFolder: weightScratch(this.#cache), remote });
    const { tokenizer = null } = this.#request;
    const named = tokenizer === null ? {} : { tokenizer: await namedTokenizer(tokenizer) };
    const checkpoint = { ...own, ...named, name: entry.revision };
    const model = Model.read(checkpoint);
    const layers = model.parseLayers(this.#request.layers);
    const { sequences, special } = await this.#tokenise(checkpoint, hooks);
    checkIds(sequences, model.vocabulary, `checkpoint ${entry.revision}`);
    const { files, bytes } = checkpoint;
    const flags = flagsOf(model, checkpoint, sequences);
    const subject = { entry, checkpoint, files, bytes, model, layers, sequences, special, control: null, flags };
    const opened: OpenedSubject = { kind: 'model', ...subject };
    // Too little memory is said before anything is written.
    if (this.#request.memory !== null)
      planMeasurement({ model, layers, lengths: sequences.ids.map(({ length }) => length) }, this.#request);
    return opened;
  }

  /** Adds the hashes of the weights, from the cache where their files are unchanged, and the key. */
  async identify(opened: OpenedSubject, hooks: SubjectHooks = {}): Promise<Subject> {
    if (opened.files.length === 0) return { ...opened, weights: null, keyParts: this.keyParts(opened, null) };
    const weights = await hashFiles(opened.checkpoint.files, {
      cacheFolder: hashCache(this.#cache),
      ...(hooks.signal ? { signal: hooks.signal } : {}),
      ...(hooks.onHash ? { onProgress: hooks.onHash } : {}),
    });
    refuseDamagedBlobs(opened.checkpoint.files, weights.files);
    return { ...opened, weights, keyParts: this.keyParts(opened, weights.sha256) };
  }

  /** Everything that determines the numbers. */
  keyParts(opened: OpenedSubject, weights: string | null): KeyParts {
    return keyPartsOf(this.#request, opened, weights);
  }

  async #tokenise(checkpoint: Checkpoint, hooks: SubjectHooks): Promise<Tokenised> {
    const opened = await this.#tokenizers.open(checkpoint);
    const known = this.#tokenised.get(opened.sha256);
    if (known instanceof TokenizerError) throw known;
    if (known) return known;
    const { corpus, field, minTokens, maxTokens, seed, rows } = this.#request;
    if (corpus === null) throw new EigentraceError('usage', '--corpus: is missing (expected a corpus)');
    try {
      const sequences = await selectSequences({
        ...{ corpus, field, minTokens, maxTokens, seed, rows },
        sequences: this.#request.sequences,
        tokenizer: opened,
        cacheFolder: tokenCache(this.#cache),
        signal: hooks.signal,
        onProgress: hooks.onTokenize,
      });
      const tokenised = { sequences, special: () => specialTokensOf(opened) };
      this.#tokenised.set(opened.sha256, tokenised);
      return tokenised;
    } catch (error) {
      // Another checkpoint's tokenizer may do; the corpus isn't read again for the same one.
      if (error instanceof TokenizerError) this.#tokenised.set(opened.sha256, error);
      else if (this.#tokenised.size === 0) this.corpusError = error;
      throw error;
    }
  }
}

/** The tokenizer that the request names. */
async function namedTokenizer(place: string): Promise<NonNullable<Checkpoint['tokenizer']>> {
  const found = await findTokenizer([place]);
  if (found) return found;
  throw new EigentraceError(
    'usage',
    `--tokenizer: no tokenizer.json, got ${place} (expected a tokenizer.json or a folder that holds one)`,
  );
}

/** Everything that determines the numbers of a subject under a request. */
export function keyPartsOf(
  request: TraceRequest,
  { checkpoint, sequences, layers, control }: OpenedSubject,
  weights: string | null,
): KeyParts {
  return {
    weights,
    config: canonicalSha256(checkpoint.config),
    tokenizer: sequences.tokenizerSha256,
    corpus: sequences.sha256,
    filter: {
      sequences: request.sequences,
      minTokens: request.minTokens,
      maxTokens: request.maxTokens,
      seed: request.seed,
    },
    position: request.position,
    layers: layers.map(String),
    precision: request.precision ?? 'float32',
    errors: request.errors,
    alphaRange: request.alphaRange,
    nll: request.nll,
    definitions: definitionsVersion,
    // Measurements made on the CPU keep the key they have always had.
    ...(request.device === 'cpu' ? {} : { device: request.device }),
    ...(control ? { control } : {}),
  };
}

function flagsOf(model: Model, checkpoint: Checkpoint, sequences: Sequences): OpenedSubject['flags'] {
  const flags = sequences.flags.map(({ code, message }) => ({ code, message }));
  for (const message of [...checkpoint.notes, ...model.notes]) flags.push({ code: 'note', message });
  const longest = sequences.ids.reduce((most, ids) => Math.max(most, ids.length), 0);
  if (model.positions !== null && longest > model.positions) {
    flags.push({
      code: 'beyond-positions',
      message: `sequences of up to ${longest} tokens, the model was made for ${model.positions}; lower --max-tokens`,
    });
  }
  return flags;
}
