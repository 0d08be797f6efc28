/**
 * `config.json` read so that nothing is ignored in silence: every key an architecture uses is asked for by name
 * and checked, keys that can't change a forward pass are known, and any other key with a value is refused by name.
 */
import { EigentraceError, nearest } from '../errors.js';

/** Keys that tell of training, generation, files or bookkeeping: they change nothing in a forward pass. */
const harmless = new Set([
  '_attn_implementation_autoset',
  '_commit_hash',
  '_name_or_path',
  'activation_dropout',
  'architectures',
  'attention_dropout',
  'attention_probs_dropout_prob',
  'attn_pdrop',
  'auto_map',
  'bad_words_ids',
  'cache_implementation',
  'chunk_size_feed_forward',
  'classifier_dropout',
  'decoder_start_token_id',
  'dropout',
  'dtype',
  'embd_pdrop',
  'finetuning_task',
  'gradient_checkpointing',
  'hidden_dropout',
  'hidden_dropout_prob',
  'id2label',
  'init_std',
  'initializer_range',
  'is_decoder',
  'is_encoder_decoder',
  'label2id',
  'layerdrop',
  'max_length',
  'max_position_embeddings',
  'min_length',
  'model_type',
  'output_attentions',
  'output_hidden_states',
  'prefix',
  'problem_type',
  'pretraining_tp',
  'resid_pdrop',
  'return_dict',
  'sep_token_id',
  'task_specific_params',
  'tokenizer_class',
  'torch_dtype',
  'torchscript',
  'transformers.js_config',
  'transformers_version',
  'unsloth_fixed',
  'unsloth_version',
  'use_bfloat16',
  'use_cache',
]);
/** The same, by form: token ids, and generation settings that old configs carry. */
const harmlessForms = [
  /_token_id$/,
  /^(do_sample|early_stopping|num_beams|num_beam_groups|num_return_sequences|temperature|top_[kp]|typical_p)$/,
  /^(length_penalty|diversity_penalty|repetition_penalty|exponential_decay_length_penalty|no_repeat_ngram_size)$/,
  /^(encoder_no_repeat_ngram_size|output_scores|return_dict_in_generate|remove_invalid_values|begin_suppress_tokens)$/,
  /^(suppress_tokens|forced_(bos|eos)_token_id|epsilon_cutoff|eta_cutoff|tf_legacy_loss|pruned_heads)$/,
];

export class Config {
  readonly checkpoint: string;
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #asked = new Set<string>();

  constructor(checkpoint: string, values: Readonly<Record<string, unknown>>) {
    this.checkpoint = checkpoint;
    this.#values = values;
  }

  /** An error about a key, in the usual form. */
  fault(key: string, got: unknown, expected: string): EigentraceError {
    const value = got === undefined ? 'nothing' : JSON.stringify(got);
    return new EigentraceError(
      'input',
      `checkpoint ${this.checkpoint}: config.json: ${key}: got ${value} (expected ${expected})`,
    );
  }

  /** The raw value of a key, undefined and null alike meaning absent. */
  raw(key: string): unknown {
    this.#asked.add(key);
    return this.#values[key] ?? undefined;
  }

  /** A whole number of at least 1, and at most 2^31, that sizes something. */
  size(key: string, fallback?: number): number {
    const value = this.raw(key) ?? fallback;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > 2 ** 31) {
      throw this.fault(key, value, 'a whole number of at least 1');
    }
    return value;
  }

  /** A positive finite number. */
  positive(key: string, fallback?: number): number {
    const value = this.raw(key) ?? fallback;
    if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) {
      throw this.fault(key, value, 'a positive number');
    }
    return value;
  }

  /** A positive finite number, or null where the key says null; absent means the fallback. */
  optional(key: string, fallback: number | null): number | null {
    if (this.raw(key) !== undefined) return this.positive(key);
    return this.#values[key] === null ? null : fallback;
  }

  /** A token id; null where the key says null (or −1, the same in old configs); absent means the fallback. */
  token(key: string, fallback: number | null): number | null {
    const value = this.raw(key);
    if (value === -1 || (value === undefined && this.#values[key] === null)) return null;
    if (value === undefined) return fallback;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
    throw this.fault(key, value, 'a token id');
  }

  flag(key: string, fallback: boolean): boolean {
    const value = this.raw(key) ?? fallback;
    if (typeof value !== 'boolean') throw this.fault(key, value, 'true or false');
    return value;
  }

  /** One of the values that are implemented. */
  choice<T extends string>(key: string, known: readonly T[], fallback?: T): T {
    const value = this.raw(key) ?? fallback;
    if (!known.includes(value as T)) {
      throw this.fault(key, value, `${known.join(', ')}; others are not implemented`);
    }
    return value as T;
  }

  /** A list of names; null when there is none. */
  names(key: string): string[] | null {
    const value = this.raw(key);
    if (value === undefined) return null;
    if (!Array.isArray(value) || value.some((name) => typeof name !== 'string')) {
      throw this.fault(key, value, 'a list of names');
    }
    return value as string[];
  }

  /** Keys that change nothing in this family, though they might in another. */
  ignore(...keys: string[]): void {
    for (const key of keys) this.#asked.add(key);
  }

  /** Refuses every key that has a value, was not asked for and isn't known to change nothing. */
  refuseUnknown(): void {
    for (const [key, value] of Object.entries(this.#values)) {
      if (value === null || value === false || this.#asked.has(key) || harmless.has(key)) continue;
      if (harmlessForms.some((form) => form.test(key))) continue;
      throw new EigentraceError(
        'input',
        `checkpoint ${this.checkpoint}: config.json: ${key}: unknown option, got ${JSON.stringify(value)}; ` +
          'it may change the mathematics, so it is refused; if it does not, remove it from config.json ' +
          `(known options with a similar name: ${nearest(key, this.#asked).join(', ')})`,
      );
    }
  }
}
