export { audited, findingsIn, type AuditedRevision } from './audit.js';
export { incompleteness, weightFilesOf, type Listing } from './completeness.js';
export { isWhole, type RevisionFacts, type RevisionFile, type SeriesFacts } from './facts.js';
export {
  finding,
  findingCodes,
  flagCodes,
  meaningOfFinding,
  type Finding,
  type FindingCode,
  type RevisionRef,
  type Severity,
} from './finding.js';
export { type LocalOptions } from './local.js';
export { type RemoteFile, type RevisionSource } from './remote.js';
export { seriesFacts, type LocalSeries } from './folder.js';
export { readExpected, type Expected } from './expected.js';
