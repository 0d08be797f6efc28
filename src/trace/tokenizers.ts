/** Tokenizers of a series' checkpoints: the last one is kept, so that a series' own is parsed once. */
import type { Checkpoint } from '../checkpoints/index.js';
import { openTokenizer, type TwoWayTokenizer } from '../corpus/index.js';
import { EigentraceError } from '../errors.js';

export class Tokenizers {
  #last: { readonly place: string; readonly opened: TwoWayTokenizer } | null = null;

  /** The tokenizer of a checkpoint; throws `noTokenizer` where it has none. */
  async open(checkpoint: Pick<Checkpoint, 'name' | 'folder' | 'tokenizer'>): Promise<TwoWayTokenizer> {
    const { tokenizer } = checkpoint;
    if (!tokenizer) throw noTokenizer(checkpoint);
    const { path, configPath } = tokenizer;
    const place = JSON.stringify([path, configPath]);
    if (this.#last?.place !== place) this.#last = { place, opened: await openTokenizer(path, configPath) };
    return this.#last.opened;
  }
}

export function noTokenizer({ name, folder }: Pick<Checkpoint, 'name' | 'folder'>): EigentraceError {
  return new EigentraceError(
    'input',
    `checkpoint ${name}: no tokenizer.json in ${folder} or at the series' root ` +
      '(expected one; save it with `tokenizer.save_pretrained(FOLDER)` in Python)',
  );
}
