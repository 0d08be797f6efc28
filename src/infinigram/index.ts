export type {
  CountAnswer,
  InfgramNtdAnswer,
  InfgramProbAnswer,
  InfinigramIndex,
  InfinigramInfo,
  NtdAnswer,
  NtdOptions,
  ProbAnswer,
  TokenIds,
} from './infinigram.js';
export { openIndex, type LocalIndex, type OpenIndexOptions } from './local.js';
export { buildIndex, type BuildHooks, type BuildResult } from './build.js';
export type { BuildEvent } from './build-progress.js';
export type { BuildRequest } from './build-request.js';
export { find, searchDocuments, type DocumentAnswer, type SearchAnswer } from './documents.js';
export { IndexQueries, openQueries, queryTypes, type Query, type QueryOptions, type QueryType } from './query.js';
export { pointerWidth, SuffixSorter } from './sort.js';
export { verifyIndex, type IndexProblem, type IndexVerification, type VerifyIndexOptions } from './verify.js';
