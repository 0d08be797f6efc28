/** The text whose final states give eigen-directions, as `ablate` and `directions` take it: a corpus, or token ids. */
import { readIds, selectSequences, type Sequences } from '../corpus/index.js';
import { EigentraceError } from '../errors.js';
import type { Measurement } from '../record/index.js';
import { cacheFolder, tokenCache } from '../trace/cache.js';
import { corpusSha256 } from '../trace/recording.js';
import type { VisitSubject } from './request.js';

export interface BasisTextRequest {
  /** A corpus as in `trace`; null where `ids` is given. */
  readonly corpus: string | null;
  /** A file of token ids, one JSON array a line. */
  readonly ids: string | null;
  readonly field: string;
  readonly sequences: number | null;
  readonly minTokens: number;
  readonly maxTokens: number;
  readonly seed: number | null;
  readonly rows: string | null;
}

export class BasisText {
  readonly #request: BasisTextRequest;
  /** By tokenizer; the ids of a file stand under the empty name. */
  readonly #sequences = new Map<string, Promise<Sequences>>();

  constructor(request: BasisTextRequest) {
    this.#request = request;
  }

  /** Its sequences by a checkpoint's tokenizer, read once a tokenizer. */
  sequencesOf(subject: VisitSubject, signal: AbortSignal | undefined): Promise<Sequences> {
    const key = this.#request.ids === null ? subject.tokenizer().sha256 : '';
    let found = this.#sequences.get(key);
    if (!found) {
      found = this.#read(subject, signal);
      this.#sequences.set(key, found);
      // What failed is tried again at the next checkpoint.
      found.catch(() => this.#sequences.delete(key));
    }
    return found;
  }

  #read(subject: VisitSubject, signal: AbortSignal | undefined): Promise<Sequences> {
    const { ids, corpus, field, sequences, minTokens, maxTokens, seed, rows } = this.#request;
    if (ids !== null) return readIds(ids, signal);
    if (corpus === null) {
      throw new EigentraceError(
        'usage',
        '--corpus: is missing (expected the text that gives the directions, or --ids FILE)',
      );
    }
    return selectSequences({
      ...{ corpus, field, sequences, minTokens, maxTokens, seed, rows },
      ...{ tokenizer: subject.tokenizer(), cacheFolder: tokenCache(cacheFolder()), signal },
    });
  }

  /** What a finding's provenance says of it. */
  provenance({ name, sources, sha256, found, tokens }: Sequences): { corpus: Measurement['provenance']['corpus'] } {
    const { ids, rows, minTokens, maxTokens } = this.#request;
    return {
      corpus: {
        ...{ name, sha256: corpusSha256({ sources }), rows_sha256: sha256, sequences: found, tokens },
        min_tokens: ids === null && rows === null ? minTokens : null,
        max_tokens: ids === null ? maxTokens : null,
      },
    };
  }
}

/** `count`: directions that `option` asks for. */
export function refuseBeyondWidth({ model, entry }: VisitSubject, option: string, count: number): void {
  if (count <= model.width) return;
  throw new EigentraceError(
    'usage',
    `${option}: more directions than the states have, got ${count} ` +
      `(expected at most ${model.width}, the width of checkpoint ${entry.revision})`,
  );
}
