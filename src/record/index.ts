export { type FeatureRows } from './arrays.js';
export { alertsName, readAlerts, settleAlerts, type FiredAlert } from './alerts.js';
export { checkMeasurement, type MeasurementProblem } from './check.js';
export { curvesOf, mainCurves, type Curve, type CurveOptions, type CurvePoint } from './curves.js';
export {
  encodeTable,
  exportFormats,
  exportRun,
  tableFormats,
  type ExportFormat,
  type ExportOptions,
  type TableFormat,
} from './export.js';
export {
  composeFinding,
  findingKinds,
  type Finding,
  type FindingBody,
  type FindingDraft,
  type FindingFlag,
  type FindingKind,
  type FindingRef,
  type FindingValue,
} from './finding.js';
export { addFindingFailure, addFindingRequests, type AskedFindings } from './finding-run.js';
export { findReusableFinding, findingPath, readFinding, writeFinding, type StoredFinding } from './finding-store.js';
export { listFindings, readFindings, type FindingListing, type KnownFindings } from './finding-listing.js';
export { findingRows } from './finding-table.js';
export { exportTables } from './table-names.js';
export { canonicalJson, canonicalSha256 } from './json.js';
export { differences, measurementKey, type ImportedParts, type KeyParts } from './key.js';
export { listMeasurements, type Known, type Listing } from './listing.js';
export {
  figuresSha256,
  measurementSchema,
  measurementVersion,
  parseMeasurement,
  type ControlRecord,
  type Definitions,
  type Flag,
  type MeasuredLayer,
  type Measurement,
  type MeasurementDraft,
  type Provenance,
  type SweepRecord,
} from './measurement.js';
export {
  longColumns,
  phaseRows,
  phasesOfCurve,
  phasesOfCurves,
  writePhases,
  type LongRow,
  type PhaseFinding,
  type StageOptions,
} from './phases.js';
export { encodeNpyObject, type PythonValue } from './npy.js';
export { decodeName, encodeName, encodeRevision, measurementStem, type MeasurementRef } from './paths.js';
export { isStale, parseProgress, progressName, readProgress, type RunProgress } from './progress.js';
export { findReusable, type Reusable, type ReuseOptions } from './reuse.js';
export {
  addFailure,
  addRequest,
  openRun,
  runFormat,
  runSchema,
  runVersion,
  variantName,
  type FindingFailure,
  type FindingRequest,
  type OpenOptions,
  type Run,
  type RunFailure,
  type RunRecord,
  type RunRequest,
  type Stage,
} from './run.js';
export { readPublished, type ImportedFile } from './import-published.js';
export { jsonSchemas } from './schema.js';
export {
  measurementPaths,
  readArrays,
  readMeasurement,
  replaceFlags,
  readArraysOf,
  writeMeasurement,
  type StoredMeasurement,
  type WriteOptions,
} from './store.js';
export {
  figureColumns,
  tableColumns,
  tableRow,
  tableRows,
  type TableColumn,
  type TableOptions,
  type TableRow,
} from './table.js';
export { verifyRun, type Verification, type VerifyOptions } from './verify.js';
export type { VerifyProblem } from './verify-measurement.js';
