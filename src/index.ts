/** The public API: re-exports only. Each room has an entry point of its own too (`eigentrace/spectrum`, …). */
export { EigentraceError, messageOf, nearest, type ErrorCode } from './errors.js';
export { FileSource, kindOf, MemorySource, readJson, type ByteSource } from './bytes/index.js';
export {
  openCheckpoint,
  openSeries,
  parseCheckpointName,
  selectRevisions,
  type Checkpoint,
  type Series,
  type SeriesEntry,
  type SeriesRecipe,
  type WrittenSeries,
} from './checkpoints/index.js';
export { meaningOfFinding, type Finding as AuditFinding, type FindingCode, type Severity } from './audit/index.js';
export { openTokenizer, selectSequences, type Sequences, type Tokenizer } from './corpus/index.js';
export { architectures, Model, type Layer, type Position } from './models/index.js';
export {
  checkMeasurement,
  curvesOf,
  findingKinds,
  listMeasurements,
  openRun,
  readArrays,
  readFinding,
  readFindings,
  readMeasurement,
  tableRows,
  type Curve,
  type CurvePoint,
  type Finding,
  type FindingKind,
  type FindingValue,
  type Measurement,
  type Run,
  type TableRow,
  type Verification,
  type VerifyProblem,
} from './record/index.js';
export { phasesOf, type Phases, type PhasePoint } from './phases/index.js';
export {
  definitions,
  figuresFrom,
  fitAlpha,
  measureRows,
  openKernel,
  rankme,
  type Definition,
  type LayerMeasurement,
} from './spectrum/index.js';
export { exportFigure, figureCharts, type FigureChart, type FigureOptions, type FigureResult } from './report/index.js';
export * from './trace/index.js';
export * from './visit/index.js';
export { ablate, ablateDefaults, type AblateRequest, type AblateResult } from './ablation/index.js';
export {
  changesOf,
  directions,
  directionsDefaults,
  directionsOf,
  type Direction,
  type DirectionChange,
  type DirectionsDetail,
  type DirectionsRequest,
  type DirectionsResult,
} from './directions/index.js';
export {
  evaluate,
  evaluateDefaults,
  listTasks,
  type EvaluateRequest,
  type EvaluateResult,
  type TaskListing,
} from './evaluation/index.js';
export {
  generate,
  generateDefaults,
  type GeneratedPrompt,
  type GenerateRequest,
  type GenerateResult,
} from './generation/index.js';
export {
  makeReport,
  readStory,
  refreshReport,
  writeReport,
  type ReportOptions,
  type ReportResult,
  type StoryOptions,
} from './report/index.js';
export { findings, type SeriesFindings, type Story } from './story/index.js';
export {
  compareRuns,
  type CompareAxis,
  type CompareOptions,
  type CompareResult,
  type Comparison,
  type Difference,
  type Differing,
  type FigureComparison,
} from './compare/index.js';
export {
  exportRelations,
  relateRuns,
  relationRows,
  type ChildRelations,
  type RelateOptions,
  type RelateResult,
  type SeriesRelations,
} from './relate/index.js';
export { newToken, openBrowser, startServer, type RunningServer, type ServerOptions } from './server/index.js';
export { hostedDefaults, hostedUrl, openHosted, type HostedIndex, type HostedOptions } from './infinigram/hosted.js';
export {
  memorize,
  memorizeDefaults,
  type MemorizeRequest,
  type MemorizeResult,
  type Summary as MemorizationSummary,
} from './memorization/index.js';
export {
  buildIndex,
  openIndex,
  openQueries,
  verifyIndex,
  type BuildEvent,
  type BuildHooks,
  type BuildRequest,
  type BuildResult,
  type IndexQueries,
  type IndexVerification,
  type InfinigramIndex,
  type QueryOptions,
  type SearchAnswer,
  type VerifyIndexOptions,
} from './infinigram/index.js';
