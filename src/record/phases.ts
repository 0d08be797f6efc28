/**
 * Phases of a run's curves (definitions §7), one finding a series and layer: of the pretraining stage, of the only stage
 * there is, or of the one asked for. A finding is stored with its rule, thresholds and evidence in
 * `RUN/phases/<series>/<stage>/<layer>.<position>[.<variant>].json`, and is a row a number in the long table.
 */
import { writeAtomic } from '../bytes/index.js';
import { EigentraceError, nearest } from '../errors.js';
import { paperCurvesFor } from '../paper/index.js';
import { phasesOf, type CurvePhases, type PhaseOptions, type PhasePoint, type Phases } from '../phases/index.js';
import type { Curve, CurvePoint } from './curves.js';
import { readableJson } from './json.js';
import { encodeName } from './paths.js';
import type { Run } from './run.js';

export interface PhaseFinding {
  readonly format: 'eigentrace.phases';
  readonly version: 1;
  readonly series: string;
  readonly stage: string;
  readonly layer: string;
  readonly position: string;
  readonly variant: string | null;
  /** In order of step; turning points name them by index. `figures_sha256` is that of the measurement read. */
  readonly checkpoints: readonly {
    readonly revision: string;
    readonly step: number | null;
    readonly tokens: number | null;
    readonly figures_sha256: string;
  }[];
  readonly phases: Phases;
  /** What the paper draws for its model of this name; null for other series, layers and stages. */
  readonly paper: { readonly model: string; readonly boundaries: readonly number[] } | null;
}

export interface StageOptions extends PhaseOptions {
  /** Default: `pretrain`, or the only stage. */
  stage?: string;
}

/** The phases of a curve; null where it has several stages, none of them `pretrain` or the one asked for. */
export function phasesOfCurve(curve: Curve, options: StageOptions = {}): PhaseFinding | null {
  const { stage: asked, ...rule } = options;
  const stage = asked ?? stageOf(curve);
  const points = curve.points.filter((point) => point.stage === stage);
  if (stage === null || points.length === 0) return null;
  const paper = stage === 'pretrain' && curve.layer === 'final' ? paperCurvesFor(curve.series) : null;
  return {
    ...{ format: 'eigentrace.phases', version: 1, series: curve.series, stage, layer: curve.layer },
    ...{ position: curve.position, variant: curve.variant },
    checkpoints: points.map(({ revision, step, tokens, measurement }) => ({
      ...{ revision, step, tokens, figures_sha256: measurement.figures_sha256 },
    })),
    phases: phasesOf(
      points.map((point) => phasePoint(point, curve.unpaired === null)),
      rule,
    ),
    paper: paper === null ? null : { model: paper.name, boundaries: paper.boundaries },
  };
}

/** The phases of every curve that has the stage; a stage that no curve has is a `usage` error. */
export function phasesOfCurves(
  curves: readonly Curve[],
  options: StageOptions = {},
): { findings: PhaseFinding[]; notes: string[] } {
  const stages = new Set(curves.flatMap(({ points }) => points.map(({ stage }) => stage)));
  if (options.stage !== undefined && !stages.has(options.stage)) {
    const near = nearest(options.stage, stages).join(', ') || 'nothing: the run holds no measurement';
    throw new EigentraceError('usage', `--stage: the run has none such, got '${options.stage}' (expected ${near})`);
  }
  const notes: string[] = [];
  const findings = curves.flatMap((curve) => {
    const finding = phasesOfCurve(curve, options);
    if (finding === null) {
      const its = [...new Set(curve.points.map(({ stage }) => stage))].join(', ');
      notes.push(`left out: ${curve.series}, layer ${curve.layer} has several stages, ${its} (--stage takes one)`);
    } else if (curve.unpaired !== null) notes.push(`${curve.series}, layer ${curve.layer}: ${curve.unpaired}`);
    return finding ?? [];
  });
  return { findings, notes };
}

/** Stores a finding, written whole or not at all; an earlier one gives way. The path below RUN. */
export async function writePhases(run: Run, finding: PhaseFinding): Promise<string> {
  const variant = finding.variant === null ? '' : `.${finding.variant}`;
  const folder = `phases/${encodeName(finding.series)}/${encodeName(finding.stage)}`;
  const file = `${folder}/${encodeName(finding.layer)}.${encodeName(finding.position)}${variant}.json`;
  await writeAtomic(`${run.path}/${file}`, readableJson(finding));
  return file;
}

function stageOf({ points }: Curve): string | null {
  const stages = new Set(points.map(({ stage }) => stage));
  if (stages.has('pretrain')) return 'pretrain';
  return stages.size === 1 ? [...stages][0]! : null;
}

function phasePoint(point: CurvePoint, isPaired: boolean): PhasePoint {
  const { tokens, step, revision, figures, flags } = point;
  return {
    ...{ tokens, step, revision },
    rankme: figures['rankme'] ?? null,
    alpha: figures['alpha'] ?? null,
    replicates: isPaired ? point.replicates : null,
    flags: [...new Set(flags.map(({ code }) => code))],
  };
}

/** Columns of the long tables, by name with what they hold. */
export const longColumns = {
  series: 'string',
  stage: 'string',
  revision: 'string',
  step: 'integer',
  tokens: 'integer',
  name: 'string',
  metric: 'string',
  value: 'number',
  se: 'number',
  n: 'integer',
  definition: 'string',
  flags: 'string',
} as const;

export interface LongRow {
  series: string;
  stage: string;
  /** The checkpoint that the row is about; null for what lies between checkpoints. */
  revision: string | null;
  step: number | null;
  tokens: number | null;
  /** Of phases `warmup`, …, `maximum`, `minimum`; of findings what they name. */
  name: string;
  /** Of phases `rankme.from`, `rankme.to`, `rankme.change`; `rankme.at`, `rankme.at_low`, `rankme.at_high`, `rankme.value`, `rankme.prominence`. */
  metric: string;
  value: number | null;
  se: number | null;
  /** Checkpoints of the curve; items that a finding is over. */
  n: number | null;
  definition: string;
  flags: string;
}

/** The long table of phases: its phases and turning points of RankMe, then of α, a row a number. */
export function phaseRows(findings: readonly PhaseFinding[]): LongRow[] {
  return findings.flatMap((finding) =>
    [finding.phases.rankme, finding.phases.alpha].flatMap((curve) => curveRows(finding, curve)),
  );
}

function curveRows(finding: PhaseFinding, curve: CurvePhases): LongRow[] {
  const { series, stage, checkpoints, layer, position, variant } = finding;
  const { standardErrors, change, scatter = null } = curve.rule;
  const rule = [
    ...['phases', `layer ${layer}`, `position ${position}`, ...(variant === null ? [] : [`variant ${variant}`])],
    ...[`axis ${curve.axis}`, `${standardErrors ?? 'no'} standard errors`, `change ${change}`],
    ...(scatter === null ? [] : [`scatter ${scatter.change}`]),
  ].join('; ');
  const shared = { n: checkpoints.length, definition: rule, flags: curve.notes.join('; ') };
  const nowhere = { revision: null, step: null, tokens: null };
  const row = (
    place: { revision: string | null; step: number | null; tokens: number | null },
    name: string,
    metric: string,
    value: number,
    se: number | null = null,
  ): LongRow => ({ series, stage, ...place, name, metric: `${curve.curve}.${metric}`, value, se, ...shared });
  return [
    ...curve.phases.flatMap(({ name, from, to, change: size, changeSe }) => [
      ...[row(nowhere, name, 'from', from), row(nowhere, name, 'to', to), row(nowhere, name, 'change', size, changeSe)],
    ]),
    ...curve.turningPoints.flatMap(({ kind, at, interval, index, value, prominence, prominenceSe }) => {
      const { revision, step, tokens } = checkpoints[index]!;
      const here = { revision, step, tokens };
      return [
        ...[row(here, kind, 'at', at), row(here, kind, 'at_low', interval[0]), row(here, kind, 'at_high', interval[1])],
        ...[row(here, kind, 'value', value), row(here, kind, 'prominence', prominence, prominenceSe)],
      ];
    }),
  ];
}
