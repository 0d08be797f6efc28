/**
 * Text → token ids by a `tokenizer.json` of Hugging Face's tokenizers, in JavaScript. Special tokens are those that
 * the tokenizer adds by its own default, as Python's AutoTokenizer does; truncation and padding set in the file are
 * ignored, as there. The ids are Python's except where Node's Unicode tables differ (`process.versions.unicode`).
 */
import { createHash } from 'node:crypto';
import * as library from '@huggingface/tokenizers';
import * as z from 'zod';
import { readText } from '../bytes/index.js';
import { EigentraceError, messageOf } from '../errors.js';

/** What is used of the library; its own types do not resolve in Node's modules (they import without endings). */
interface Library {
  readonly model: { clear_cache?: () => void } | null;
  encode(text: string, options?: { add_special_tokens: boolean }): { ids: (number | undefined)[]; tokens: string[] };
  decode(ids: number[], options: { skip_special_tokens: boolean }): string;
  token_to_id(token: string): number | undefined;
}
const { Tokenizer: Library } = library as unknown as { Tokenizer: new (tokenizer: object, config: object) => Library };

export interface Tokenizer {
  /** What errors call it: the path of its file. */
  readonly name: string;
  /** One more than the largest id, added tokens included. */
  readonly vocabularySize: number;
  /** Lower-case hex: of `tokenizer.json`, or of both files' hashes where a `tokenizer_config.json` was given. */
  readonly sha256: string;
  /** Ids of a text, with the tokenizer's own default special tokens. Blocks. */
  encode(text: string): Int32Array;
}

/** One that also goes back, and knows the tokens that begin and end a text. */
export interface TwoWayTokenizer extends Tokenizer {
  /** Ids of a text without special tokens, but for those that it spells out. */
  encodePlain(text: string): Int32Array;
  /** The text of ids, special tokens left out; bytes that are no UTF-8 become U+FFFD. */
  decode(ids: ArrayLike<number>): string;
  /** The text of one id as it is spelt, special tokens too. */
  spell(id: number): string;
  /** From `tokenizer_config.json`; null where it doesn't say. */
  readonly bos: number | null;
  readonly eos: number | null;
}

/** What one tokenizer can't make of a corpus, though another might. */
export class TokenizerError extends EigentraceError {}

/** The library that encodes: other versions may give other ids, so it belongs in cache keys. */
export const tokenizerLibrary = '@huggingface/tokenizers 0.2.0';

/** The largest known tokenizer.json has 35 MB. */
const fileLimit = 128 * 1024 * 1024;
/** Ids are indices of an array in the library: a huge one would be a huge loop. */
const idLimit = 1 << 24;
/** The library's cache of words may keep the texts alive that they were cut from. */
const charactersPerCache = 1 << 24;

/** Anything else the library would take for a word list. */
const modelTypes = ['BPE', 'Unigram', 'WordPiece', 'WordLevel'];

const id = z.int().min(0).max(idLimit);
const shape = z.looseObject({
  model: z.looseObject({
    type: z.string().optional(),
    unk_token: z.unknown().optional(),
    vocab: z.union([z.record(z.string(), id), z.array(z.tuple([z.string(), z.number()]))]),
  }),
  added_tokens: z.array(z.looseObject({ id, content: z.string() })).default([]),
});

/** Opens a `tokenizer.json`, with the `tokenizer_config.json` beside it where there is one. */
export async function openTokenizer(path: string, configPath: string | null = null): Promise<TwoWayTokenizer> {
  const text = await readText(path, fileLimit);
  const configText = configPath === null ? null : await readText(configPath, fileLimit);
  const json = parse(path, text);
  const parsed = shape.safeParse(json);
  if (!parsed.success) {
    const { path: at, message } = parsed.error.issues[0]!;
    throw unusable(path, `${at.map(String).join('.') || 'the file'}: ${message}`, parsed.error);
  }
  const { model, added_tokens: added } = parsed.data;
  const config = configPath === null ? {} : parse(configPath, configText!);
  if (typeof config !== 'object' || config === null) throw unusable(configPath ?? path, 'it is no JSON object', null);
  const type = model.type ?? guessType(model);
  if (!modelTypes.includes(type)) {
    const known = 'BPE, Unigram, WordPiece or WordLevel in ';
    throw unusable(path, `a model of type ${JSON.stringify(type)}`, null, known);
  }
  const full = { ...(json as object), model: { ...(json as { model: object }).model, type }, added_tokens: added };
  let opened: Library;
  try {
    // The library takes the unknown token of plain word lists from the config.
    opened = new Library(full, type === 'WordLevel' ? { ...config, unk_token: model.unk_token } : config);
  } catch (error) {
    throw unusable(path, messageOf(error), error);
  }
  let vocabularySize = Array.isArray(model.vocab) ? model.vocab.length : 0;
  const ids = Array.isArray(model.vocab) ? [] : Object.values(model.vocab);
  for (const id of [...ids, ...added.map((token) => token.id)]) vocabularySize = Math.max(vocabularySize, id + 1);
  const hashes = [sha256(text), ...(configText === null ? [] : [sha256(configText)])];
  return new LibraryTokenizer(
    path,
    opened,
    vocabularySize,
    hashes.length === 1 ? hashes[0]! : sha256(hashes.join('\n')),
    config as Readonly<Record<string, unknown>>,
  );
}

class LibraryTokenizer implements TwoWayTokenizer {
  readonly name: string;
  readonly vocabularySize: number;
  readonly sha256: string;
  readonly bos: number | null;
  readonly eos: number | null;
  readonly #library: Library;
  #characters = 0;

  constructor(
    name: string,
    opened: Library,
    vocabularySize: number,
    sha256: string,
    config: Readonly<Record<string, unknown>>,
  ) {
    this.name = name;
    this.#library = opened;
    this.vocabularySize = vocabularySize;
    this.sha256 = sha256;
    /** A token is named by its text, or by an object that holds it. */
    const named = (key: string): number | null => {
      const given = config[key];
      const content = typeof given === 'object' && given !== null ? (given as { content?: unknown }).content : given;
      return typeof content === 'string' ? (opened.token_to_id(content) ?? null) : null;
    };
    this.bos = named('bos_token');
    this.eos = named('eos_token');
  }

  encode(text: string): Int32Array {
    return this.#ids(text, true);
  }

  encodePlain(text: string): Int32Array {
    return this.#ids(text, false);
  }

  decode(ids: ArrayLike<number>): string {
    return ids.length === 0 ? '' : this.#library.decode(Array.from(ids), { skip_special_tokens: true });
  }

  spell(id: number): string {
    return this.#library.decode([id], { skip_special_tokens: false });
  }

  #ids(text: string, special: boolean): Int32Array {
    this.#characters += text.length;
    if (this.#characters > charactersPerCache) {
      this.#library.model?.clear_cache?.();
      this.#characters = 0;
    }
    const { ids, tokens } = this.#encode(text, special);
    const strange = ids.findIndex((value) => value === undefined);
    if (strange < 0) return Int32Array.from(ids as number[]);
    const message = `tokenizer ${this.name}: token ${JSON.stringify(tokens[strange])} has no id, and there is no unknown token`;
    throw new TokenizerError('input', message);
  }

  #encode(text: string, special: boolean): ReturnType<Library['encode']> {
    try {
      return this.#library.encode(text, { add_special_tokens: special });
    } catch (error) {
      const start = JSON.stringify(text.slice(0, 40));
      throw new TokenizerError(
        'input',
        `tokenizer ${this.name}: cannot encode the text that begins ${start} (${messageOf(error)})`,
        { cause: error },
      );
    }
  }
}

/** Old files name no type. */
function guessType(model: object): string {
  if ('merges' in model) return 'BPE';
  if ('continuing_subword_prefix' in model) return 'WordPiece';
  return 'vocab' in model && Array.isArray(model.vocab) ? 'Unigram' : 'WordLevel';
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unusable(path, messageOf(error), error);
  }
}

function unusable(path: string, reason: string, cause: unknown, known = ''): EigentraceError {
  const message = `tokenizer ${path}: cannot be used, got ${reason} (expected ${known}a tokenizer.json of Hugging Face tokenizers)`;
  return new EigentraceError('input', message, { cause });
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
