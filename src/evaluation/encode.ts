/**
 * Prompts as token ids, as the lm-evaluation-harness makes them: context and continuation are encoded together and cut where
 * the context alone ends; white space at the context's end goes to the continuation; an empty context is the token
 * that begins texts.
 */
import type { TwoWayTokenizer } from '../corpus/index.js';
import { EigentraceError } from '../errors.js';
import { trimEnd } from './python-text.js';

export interface EncodedPair {
  readonly context: Int32Array;
  readonly continuation: Int32Array;
}

export class Encoder {
  readonly tokenizer: TwoWayTokenizer;
  /** Stands before a text that has nothing before it. */
  readonly prefix: number;
  /** Ends a text; null where nothing says it. */
  readonly end: number | null;
  readonly #prefixText: string;
  /** The last context met: a question's answers share it. */
  #last: { text: string; ids: Int32Array } = { text: '', ids: new Int32Array(0) };

  /** `config`: the checkpoint's, which may name the tokens where the tokenizer's own files don't. */
  constructor(tokenizer: TwoWayTokenizer, config: Readonly<Record<string, unknown>>, checkpoint: string) {
    this.tokenizer = tokenizer;
    const told = (key: string): number | null => {
      const value = config[key];
      const first: unknown = Array.isArray(value) ? value[0] : value;
      return typeof first === 'number' && Number.isInteger(first) && first >= 0 ? first : null;
    };
    this.end = tokenizer.eos ?? told('eos_token_id');
    const prefix = tokenizer.bos ?? tokenizer.eos ?? told('bos_token_id') ?? told('eos_token_id');
    if (prefix === null) {
      throw new EigentraceError(
        'input',
        `checkpoint ${checkpoint}: no token begins a text, got neither bos_token nor eos_token in ` +
          'tokenizer_config.json or config.json (expected one)',
      );
    }
    this.prefix = prefix;
    this.#prefixText = tokenizer.spell(prefix);
  }

  /** A text with the tokenizer's own special tokens, unless it spells out the first of them. */
  text(text: string): Int32Array {
    const begun = this.#prefixText !== '' && text.startsWith(this.#prefixText);
    return begun ? this.tokenizer.encodePlain(text) : this.tokenizer.encode(text);
  }

  /** `place` names the question in errors. */
  pair(context: string, continuation: string, place: string): EncodedPair {
    const pair = context === '' ? this.#alone(continuation) : this.#after(context, continuation);
    if (pair.continuation.length > 0) return pair;
    throw new EigentraceError(
      'input',
      `${place}: adds no token to its context, got ${JSON.stringify(continuation)} (expected at least one token)`,
    );
  }

  #alone(continuation: string): EncodedPair {
    const ids = this.tokenizer.encodePlain(continuation);
    return ids[0] === this.prefix
      ? { context: ids.slice(0, 1), continuation: ids.slice(1) }
      : { context: Int32Array.of(this.prefix), continuation: ids };
  }

  #after(context: string, continuation: string): EncodedPair {
    const kept = trimEnd(context);
    // A context of nothing but white space has no tokens of its own.
    if (this.#last.text !== kept || kept === '') this.#last = { text: kept, ids: this.text(kept) };
    const { ids } = this.#last;
    const whole = this.text(context + continuation);
    return ids.length > 0
      ? { context: ids, continuation: whole.slice(ids.length) }
      : { context: Int32Array.of(this.prefix), continuation: whole };
  }

  /**
   * A text in windows of at most `limit` inputs, every token predicted once, with as much before it as fits: pairs whose
   * continuations are the text.
   */
  windows(text: string, limit: number): EncodedPair[] {
    const ids = this.text(text);
    const pairs: EncodedPair[] = [];
    for (let done = 0; done < ids.length;) {
      const count = Math.min(limit, ids.length - done);
      const end = done + count;
      const context = done === 0 ? Int32Array.of(this.prefix) : ids.slice(Math.max(0, end - limit - 1), done);
      pairs.push({ context, continuation: ids.slice(done, end) });
      done = end;
    }
    return pairs;
  }
}
