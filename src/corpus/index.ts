export { documents, type Document, type DocumentOptions } from './documents.js';
export { permuteTokens } from './permute.js';
export { readIds } from './ids.js';
export { records, type DataRecord } from './records.js';
export { readRows } from './rows.js';
export { selectSequences, type SelectOptions, type SelectProgress } from './select.js';
export { checkIds, hashSequences, type SequenceSource, type Sequences } from './sequences.js';
export {
  findCorpus,
  identityOf,
  openFile,
  sampleCorpusPath,
  type CorpusFile,
  type CorpusFiles,
  type CorpusFormat,
} from './source.js';
export { specialTokensOf, type SpecialTokens } from './special-tokens.js';
export { openTokenizerAt } from './tokenizer-place.js';
export { openTokenizer, TokenizerError, tokenizerLibrary, type Tokenizer, type TwoWayTokenizer } from './tokenizer.js';
