/** The measurements of series as points in a chart over training, and the segments that lines may join. */
import { si, withError } from '../story/format.js';
import type { CheckpointStory, SeriesStory } from '../story/index.js';
import { figureName, stageName } from './words.js';
import type { XAxis } from './x-axis.js';

export interface CurvePoint {
  readonly series: SeriesStory;
  readonly checkpoint: CheckpointStory;
  readonly index: number;
  /** Pixels from the left of the plotting area. */
  readonly x: number;
  readonly value: number | null;
  readonly se: number | null;
  /** Why there is no value; null where there is one. */
  readonly reason: string | null;
  /** Flags of the checkpoint and of this layer. */
  readonly flags: readonly { readonly code: string; readonly message: string }[];
  /** Points of one segment are joined by a line. */
  readonly segment: string;
}

/** The layer drawn: the one asked for, `final`, or the last there is. */
export function layerOf(series: SeriesStory, layer?: string): string | null {
  const wanted = layer ?? (series.layers.includes('final') ? 'final' : series.layers.at(-1));
  return wanted !== undefined && series.curves[wanted] !== undefined ? wanted : null;
}

/** In order of the checkpoints; those that have no place on the axis are left out. */
export function curvePoints(series: SeriesStory, figure: string, axis: XAxis, layer?: string): CurvePoint[] {
  const name = layerOf(series, layer);
  const curves = name === null ? undefined : series.curves[name];
  return series.checkpoints.flatMap((checkpoint, index) => {
    const x = axis.place(series, checkpoint);
    if (x === null) return [];
    const value = curves?.figures[figure]?.[index] ?? null;
    const se = value === null ? null : (curves?.figures[`${figure}_se`]?.[index] ?? null);
    const reasons = curves?.reasons;
    const reason =
      value !== null ? null : (reasons?.[figure]?.[String(index)] ?? reasons?.[figure]?.['*'] ?? 'not measured');
    const flags = checkpoint.flags.filter(({ layer: of }) => of === undefined || of === name);
    return [{ series, checkpoint, index, x, value, se, reason, flags, segment: segmentOf(checkpoint) }];
  });
}

/** Step 0 stands apart; stages, and within them what was trained from other parents or with other seeds, are apart. */
function segmentOf({ stage, step, tokens, parent, seed }: CheckpointStory): string {
  if (step === 0 || (step === null && tokens === 0)) return `${stage} 0`;
  return `${stage} ${parent ?? ''} ${seed ?? ''}`;
}

/** `step512 · 1.07B tokens`, with the stage where it isn't pretraining. */
export function checkpointLine({ stage, revision, tokens, step }: CheckpointStory): string {
  const parts = [revision];
  if (stage !== 'pretrain' && !revision.includes(stage)) parts.unshift(stageName(stage));
  if (tokens !== null) parts.push(`${si(tokens)} tokens`);
  else if (step !== null && !revision.includes(String(step))) parts.push(`step ${si(step)}`);
  return parts.join(' · ');
}

/** Lines of a point's tooltip. */
export function pointLines(point: CurvePoint, figure: string, isNamed: boolean): string[] {
  const { series, checkpoint, value, se, reason, flags } = point;
  const said =
    value === null ? `${figureName(figure)} absent: ${reason}` : `${figureName(figure)} ${withError(value, se)}`;
  return [
    ...(isNamed ? [series.label] : []),
    checkpointLine(checkpoint),
    said,
    ...flags.map(({ code, message }) => `${code}: ${message}`),
  ];
}

/** A checkpoint that was not measured (it failed, or is a point of another curve); tokens and steps by the series' ratio. */
export function standIn(
  series: SeriesStory,
  known: {
    readonly stage: string;
    readonly revision: string;
    readonly step: number | null;
    readonly tokens: number | null;
  },
): CheckpointStory {
  const { stage, revision } = known;
  const other = series.checkpoints.findLast((c) => c.stage === stage && (c.step ?? 0) > 0 && (c.tokens ?? 0) > 0);
  const ratio = other === undefined ? null : other.tokens! / other.step!;
  const tokens = known.tokens ?? (known.step === null || ratio === null ? null : known.step * ratio);
  const step = known.step ?? (known.tokens === null || ratio === null ? null : known.tokens / ratio);
  return {
    ...{ stage, revision, step, tokens, parent: null, seed: null },
    ...{ flags: [], weights: null, seconds: null, file: '' },
  };
}
