/**
 * The index that is asked, and whose tokens it is asked in. The tokenizer of an index is the file that was given; else the
 * model's own, where the index says that it was made with it (or says nothing); else a hosted index's service tokenises.
 */
import { basename, resolve } from 'node:path';
import { kindOf, sha256File } from '../bytes/index.js';
import { openTokenizer, openTokenizerAt, type Tokenizer } from '../corpus/index.js';
import { EigentraceError } from '../errors.js';
import { HostedIndex, openHosted } from '../infinigram/hosted.js';
import type { InfinigramIndex } from '../infinigram/infinigram.js';
import { LocalIndex, openIndex } from '../infinigram/local.js';
import { plainEncode, type Encode } from './answer-tokens.js';
import type { MemorizeRequest } from './request.js';

/** Text → the index's tokens. */
export interface IndexTokens {
  readonly name: string;
  readonly encode: Encode;
  /** For keys: the sha256 of the tokenizer, or who tokenises. */
  readonly identity: string;
  /** Whether they are the model's tokens too. */
  readonly isModels: boolean;
  /** What a reader must know. */
  readonly flags: readonly { readonly code: string; readonly message: string }[];
}

/** A model's tokenizer and where its file lies. */
export interface ModelTokenizer {
  readonly tokenizer: Tokenizer;
  readonly path: string;
}

/** What records call an index: the folder's own name, or `hosted:NAME`. */
export function indexName(index: InfinigramIndex): string {
  const { name } = index.info;
  return name.startsWith('hosted:') ? name : basename(resolve(name));
}

export async function openAnyIndex(
  request: MemorizeRequest,
  cacheFolder: string,
  signal: AbortSignal | undefined,
): Promise<InfinigramIndex> {
  const { index, offline, hostedUrl: url, hostedConcurrency: concurrency, hostedRate: perSecond } = request;
  if (!index.startsWith('hosted:')) return await openIndex(index);
  return openHosted(index.slice('hosted:'.length), { cacheFolder, offline, url, concurrency, perSecond, signal });
}

/** The tokenizer given by its file or folder; null when none was given. */
export async function givenTokenizer(path: string | null): Promise<Tokenizer | null> {
  return path === null ? null : await openTokenizerAt(path);
}

/** `model` gives the model's tokenizer, or throws where it has none. */
export async function tokensOfIndex(
  index: InfinigramIndex,
  given: Tokenizer | null,
  model: () => ModelTokenizer,
): Promise<IndexTokens> {
  const { name, tokenizerSha256: wanted, identity } = index.info;
  if (given === null && index instanceof HostedIndex) {
    const encode = (text: string) => index.tokenize(text);
    return { name: `the tokenizer of ${name}`, encode, identity, isModels: false, flags: [] };
  }
  const own = model();
  // With a tokenizer_config.json beside it a tokenizer has another hash than its file.
  const hashes = [own.tokenizer.sha256, await sha256File(own.path)];
  const isOwn = given ? hashes.includes(given.sha256) : wanted === null || hashes.includes(wanted);
  const tokenizer = given ?? (isOwn ? own.tokenizer : await recorded(index));
  if (!tokenizer || (wanted !== null && !(given ? [given.sha256] : [...hashes, tokenizer.sha256]).includes(wanted))) {
    const whose = given === null ? "the model's" : given.name;
    throw new EigentraceError(
      'usage',
      `index ${name}: was made with another tokenizer, got ${whose} (expected the tokenizer.json of sha256 ` +
        `${(wanted ?? '').slice(0, 12)}…: --index-tokenizer FILE)`,
    );
  }
  checkVocabulary(index, tokenizer);
  const message = `index ${indexName(index)} does not say its tokenizer: the model's was taken (give it: --index-tokenizer FILE)`;
  return {
    ...{ name: tokenizer.name, encode: plainEncode(tokenizer), identity: tokenizer.sha256, isModels: isOwn },
    flags: given === null && wanted === null ? [{ code: 'index-tokenizer-assumed', message }] : [],
  };
}

/** The file that the index was built with, where it is still there and the same. */
async function recorded(index: InfinigramIndex): Promise<Tokenizer | null> {
  const about = index instanceof LocalIndex ? index.about : null;
  if (!about || (await kindOf(about.tokenizer.path)) !== 'file') return null;
  const tokenizer = await openTokenizer(about.tokenizer.path);
  return tokenizer.sha256 === about.tokenizer.sha256 ? tokenizer : null;
}

/** Ids beyond the index's width can't be of it; its largest id is the separator. */
function checkVocabulary({ info: { name, dtype } }: InfinigramIndex, tokenizer: Tokenizer): void {
  const separator = dtype === null ? Infinity : { u8: 0xff, u16: 0xffff, u32: 0xffffffff }[dtype];
  if (tokenizer.vocabularySize <= separator) return;
  throw new EigentraceError(
    'usage',
    `index ${name}: is of another tokenizer, got ${tokenizer.name} with ${tokenizer.vocabularySize} ids (expected at most ` +
      `${separator}: the index stores ${String(dtype)}); give its own: --index-tokenizer FILE`,
  );
}
