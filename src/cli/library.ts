/**
 * What the command line calls: the library's public functions, and nothing else of it. The commands get them
 * through `Context.library`, which loads the library only when a command needs it (help must be quick) and
 * which tests replace by fakes.
 */
import type {
  Finding,
  Audit,
  AuditOptions,
  CompareOptions,
  CompareResult,
  Comparison,
  FigureComparison,
  Inspection,
  MadeSeries,
  MakeSeriesOptions,
  SeriesRecipe,
  MemorizeRequest,
  MemorizeResult,
  TraceHooks,
  TracePlan,
  TraceRequest,
  TraceResult,
  Verification,
  FindPhasesOptions,
  FollowOptions,
  FoundPhases,
  VerifyOptions,
  SweepPlan,
  SweepRequest,
  SweepResult,
  DirectionsDetail,
  DirectionsRequest,
  DirectionsResult,
  EvaluateRequest,
  EvaluateResult,
  GenerateRequest,
  GenerateResult,
  TaskListing,
  AblateRequest,
  AblateResult,
  VisitHooks,
  BuildHooks,
  BuildRequest,
  BuildResult,
  IndexQueries,
  IndexVerification,
  QueryOptions,
  RepresentRequest,
  RepresentResult,
  VerifyIndexOptions,
  RelateOptions,
  RelateResult,
} from '../index.js';

export type {
  Audit,
  Comparison,
  FigureComparison,
  Inspection,
  MadeSeries,
  SeriesRecipe,
  TraceHooks,
  TracePlan,
  TraceRequest,
  TraceResult,
  Verification,
};
export type { AuditFinding, CheckpointResult, PhaseFinding, SkippedCheckpoint, TraceEvent } from '../index.js';
export type { FindingValue, MemorizationSummary, MemorizeRequest, MemorizeResult } from '../index.js';
export type { ChildRelations, RelateResult, SeriesRelations } from '../index.js';
export type { RepresentRequest, RepresentResult };
export type { SweepPlan, SweepRequest, SweepResult };
export type { EvaluateRequest, EvaluateResult, TaskListing };
export type { AblateRequest, AblateResult };
export type { Direction, DirectionChange } from '../index.js';
export type { DirectionsDetail, DirectionsRequest, DirectionsResult };
export type { GeneratedPrompt, GenerateRequest, GenerateResult } from '../index.js';
export type { Visited, VisitHooks } from '../index.js';
export type { BuildEvent, IndexQueries, SearchAnswer } from '../index.js';

export interface ExportOptions {
  format: 'json' | 'jsonl' | 'csv' | 'parquet' | 'npy' | 'wandb' | 'trackio';
  table: string;
  /** The file written; null returns the content. */
  out: string | null;
  /** Rows of this series, stage, layer or variant alone; default all. */
  series?: string;
  stage?: string;
  layer?: string;
  variant?: string;
}

export interface ExportResult {
  /** The file written; null when none was asked for. */
  path: string | null;
  /** What goes to stdout; null when it went to the file. */
  content: Uint8Array | null;
  /** What was left out, in words. */
  notes: readonly string[];
}

/** What `export --format svg|png` asks for; see the library's FigureOptions. */
export interface FigureOptions {
  chart: string;
  format: 'svg' | 'png';
  /** In mm. */
  width: number;
  out: string | null;
  axis: 'tokens' | 'steps' | 'compute' | 'stages';
  figure: string | null;
  at: string | null;
  and: string | null;
  series: string | null;
  layer: string | null;
  variant: string | null;
  logs: readonly string[];
  evaluations: readonly string[];
}

export interface FigureResult extends ExportResult {
  title: string;
  description: string;
}

/** What `import` stored. */
export interface ImportResult {
  out: string;
  series: string;
  stage: string;
  /** In the order of the file. */
  revisions: readonly string[];
  sha256: string;
}

/** One entry of the catalogue of definitions. */
export interface Definition {
  id: string;
  name: string;
  formula: string;
  source: string;
  inputs: readonly string[];
  unit: string;
  range: string;
  notes: string;
}

/** What `report` asks for. */
export interface ReportOptions {
  /** Folders or files of lm-evaluation-harness results. */
  evaluations?: readonly string[];
  /** Training logs. */
  logs?: readonly string[];
  /** Of the document; null: the names of its series. */
  title?: string | null;
}

/** What `report` wrote. */
export interface ReportResult {
  path: string;
  bytes: number;
  /** What was left out, in words. */
  notes: readonly string[];
}

/** What `serve` asks for; see the library's `startServer`. */
export interface ServerOptions {
  port: number;
  host: string;
  token: string | null;
  evaluations?: readonly string[];
  logs?: readonly string[];
  onProblem?: (message: string) => void;
}

export interface RunningServer {
  url: string;
  port: number;
  close(): Promise<void>;
}

/** What this machine has, as `doctor` shows it. */
export interface Diagnosis {
  /** Facts in order: `name`, `value`, and whether it is as it should be (`null`: neither good nor bad). */
  facts: { name: string; value: string; ok: boolean | null; hint: string | null }[];
  /** False when something that every trace needs is missing. */
  ready: boolean;
}

export interface Library {
  trace(request: TraceRequest, hooks?: TraceHooks): Promise<TraceResult>;
  followTrace(request: TraceRequest, options: FollowOptions, hooks?: TraceHooks): Promise<TraceResult>;
  planTrace(request: TraceRequest, hooks?: TraceHooks): Promise<TracePlan>;
  sweep(request: SweepRequest, hooks?: TraceHooks): Promise<SweepResult>;
  planSweep(request: SweepRequest, hooks?: TraceHooks): Promise<SweepPlan>;
  memorize(request: MemorizeRequest, hooks?: VisitHooks): Promise<MemorizeResult>;
  represent(request: RepresentRequest, hooks?: TraceHooks): Promise<RepresentResult>;
  inspect(checkpoint: string): Promise<Inspection>;
  makeSeries(recipe: SeriesRecipe, options?: MakeSeriesOptions): Promise<MadeSeries>;
  auditSeries(series: string, options?: AuditOptions): Promise<Audit>;
  evaluate(request: EvaluateRequest, hooks?: VisitHooks): Promise<EvaluateResult>;
  ablate(request: AblateRequest, hooks?: VisitHooks): Promise<AblateResult>;
  directions(request: DirectionsRequest, hooks?: VisitHooks): Promise<DirectionsResult>;
  directionsOf(finding: Pick<Finding, 'detail' | 'revision'>): DirectionsDetail;
  generate(request: GenerateRequest, hooks?: VisitHooks): Promise<GenerateResult>;
  listTasks(): Promise<readonly TaskListing[]>;
  exportRun(run: string, options: ExportOptions): Promise<ExportResult>;
  findPhases(run: string, options: FindPhasesOptions): Promise<FoundPhases>;
  compareRuns(runs: readonly string[], options: CompareOptions): Promise<CompareResult>;
  relateRuns(runs: readonly string[], options: RelateOptions): Promise<RelateResult>;
  exportRelations(
    result: RelateResult,
    options: { format: 'json' | 'jsonl' | 'csv' | 'parquet'; out: string | null },
  ): Promise<{ path: string | null; content: Uint8Array | null }>;
  exportFigure(run: string, options: FigureOptions): Promise<FigureResult>;
  verifyRun(run: string, options: VerifyOptions): Promise<Verification>;
  importPublished(file: string, options: { out: string; series: string | null; stage: string }): Promise<ImportResult>;
  writeReport(runs: readonly string[], out: string, options?: ReportOptions): Promise<ReportResult>;
  refreshReport(run: string): Promise<ReportResult & { written: boolean }>;
  startServer(runs: readonly string[], options: ServerOptions): Promise<RunningServer>;
  openBrowser(url: string): Promise<boolean>;
  demoRequest(out: string): TraceRequest;
  diagnose(): Promise<Diagnosis>;
  buildIndex(request: BuildRequest, hooks?: BuildHooks): Promise<BuildResult>;
  verifyIndex(folder: string, options?: VerifyIndexOptions): Promise<IndexVerification>;
  openQueries(folder: string, options?: QueryOptions): Promise<IndexQueries>;
  definitions: readonly Definition[];
  kindOf(path: string): Promise<'file' | 'folder' | null>;
  readJson(path: string): Promise<unknown>;
}
