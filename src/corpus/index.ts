export { documents, type Document, type DocumentOptions } from './documents.js';
export { readIds } from './ids.js';
export { readRows } from './rows.js';
export { selectSequences, type SelectOptions, type SelectProgress } from './select.js';
export { checkIds, hashSequences, type SequenceSource, type Sequences } from './sequences.js';
export { findCorpus, sampleCorpusPath, type CorpusFile, type CorpusFiles, type CorpusFormat } from './source.js';
export { openTokenizer, TokenizerError, tokenizerLibrary, type Tokenizer } from './tokenizer.js';
