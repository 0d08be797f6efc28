/**
 * Which files of a commit are fetched: the weights in one format, as `checkpoints/weights` would choose them in a folder
 * (safetensors first), an adapter's own, config and tokenizer. No README, ONNX, msgpack, h5, optimizer states.
 */
import { EigentraceError } from '../errors.js';
import type { HubFile } from './repository.js';

export interface Choice {
  /** Small: they are read as text before any weight is. */
  readonly small: readonly HubFile[];
  /** In order of name. Of shards: all whose names fit; the index says which are meant. */
  readonly weights: readonly HubFile[];
  /** `model.safetensors.index.json`, where there are shards. */
  readonly index: HubFile | null;
}

const smallFiles =
  /^(config|generation_config|adapter_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab|chat_template)\.json$|^(merges|vocab)\.txt$|^(tokenizer|spiece|sentencepiece(\.bpe)?)\.model$|^chat_template\.jinja$/;
/** A config or a tokenizer of more bytes would be something else. */
const smallLimit = 128 * 1024 * 1024;
const notWeights =
  /^(training_args|optimizer|scheduler|rng_state.*|trainer_state|adapter_model|consolidated.*|tf_model|flax_model|rust_model)\.|^tokenizer/;
const kinds = [
  { single: 'model.safetensors', index: 'model.safetensors.index.json', shard: /^model-.*\.safetensors$/ },
  { single: 'pytorch_model.bin', index: 'pytorch_model.bin.index.json', shard: /^pytorch_model-.*\.bin$/ },
] as const;

/** Chooses among the files of a commit; an error where it holds no weights that can be read. */
export function chooseFiles(subject: string, all: readonly HubFile[]): Choice {
  const root = all.filter(({ path }) => !path.includes('/'));
  const named = (name: string): HubFile | undefined => root.find(({ path }) => path === name);
  const small = root.filter(({ path, size }) => smallFiles.test(path) && size <= smallLimit);
  if (named('adapter_config.json')) {
    const adapter = named('adapter_model.safetensors') ?? named('adapter_model.bin');
    if (adapter) return { small, weights: [adapter], index: null };
  }
  for (const { single, index, shard } of kinds) {
    const whole = named(single);
    if (whole) return { small, weights: [whole], index: null };
    const list = named(index);
    if (list) return { small: [...small, list], weights: root.filter(({ path }) => shard.test(path)), index: list };
  }
  for (const ending of [/\.safetensors$/, /\.(bin|pt|pth)$/, /\.gguf$/]) {
    const others = root.filter(({ path }) => ending.test(path) && !notWeights.test(path));
    if (others.length === 1) return { small, weights: others, index: null };
    if (others.length > 1) {
      const names = others.slice(0, 3).map(({ path }) => path);
      throw new EigentraceError(
        'input',
        `${subject}: which file holds the weights is unclear, got ${others.length} files (${names.join(', ')}${others.length > 3 ? ', …' : ''})`,
      );
    }
  }
  const names = root.slice(0, 4).map(({ path }) => path);
  const got =
    all.length === 0
      ? 'an empty repository'
      : `${all.length} files (${names.join(', ')}${all.length > names.length ? ', …' : ''})`;
  throw new EigentraceError(
    'input',
    `${subject}: no weights that can be read, got ${got} (expected model.safetensors, pytorch_model.bin, their shards, an adapter or a .gguf file)`,
  );
}
