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
