/** One figure of a series at a layer, with what its errors are made from: what every sentence starts from. */
import { jackknife } from '../statistics/index.js';
import type { CheckpointStory, SeriesStory } from './story.js';

export type CurveName = 'rankme' | 'alpha';

export interface FigureCurve {
  readonly series: SeriesStory;
  readonly name: CurveName;
  /** `RankMe`, `α`. */
  readonly symbol: string;
  readonly values: readonly (number | null)[];
  readonly errors: readonly (number | null)[];
  readonly replicates: readonly (readonly (number | null)[] | null)[];
}

export function figureCurve(series: SeriesStory, name: CurveName, layer: string): FigureCurve {
  const curves = series.curves[layer];
  const none = series.checkpoints.map(() => null);
  return {
    ...{ series, name, symbol: name === 'rankme' ? 'RankMe' : 'α' },
    values: curves?.figures[name] ?? none,
    errors: curves?.figures[`${name}_se`] ?? none,
    replicates: curves?.replicates[name] ?? none,
  };
}

/** A difference and its standard error. */
export interface Difference {
  readonly value: number;
  /** Null where it was measured without errors, or on rows that may share a part. */
  readonly se: number | null;
  /** Whether the error is from the replicates of the same rows. */
  readonly paired: boolean;
}

/**
 * Value `to` of curve `b` less value `from` of curve `a`; null where either is absent. `rows`: true where both were measured
 * on the same ones, `independent` where on none in common (variances add); else a difference has no error (definitions §6).
 */
export function difference(
  a: FigureCurve,
  from: number,
  b: FigureCurve,
  to: number,
  rows: boolean | 'independent',
): Difference | null {
  const [x, y] = [a.values[from] ?? null, b.values[to] ?? null];
  if (x === null || y === null) return null;
  const value = y - x;
  if (rows === 'independent') {
    const [s, t] = [a.errors[from] ?? null, b.errors[to] ?? null];
    return { value, se: s === null || t === null ? null : Math.hypot(s, t), paired: false };
  }
  const [p, q] = [a.replicates[from] ?? null, b.replicates[to] ?? null];
  if (!rows || p === null || p.length !== q?.length || p.length < 2) return { value, se: null, paired: false };
  const changes = p.flatMap((left, k) => (left === null || q[k] == null ? [] : [q[k] - left]));
  if (changes.length < p.length) return { value, se: null, paired: false };
  return { value, se: jackknife(changes).se, paired: true };
}

/** Errors that a change must exceed to be called one, as for phases (definitions §7). */
export const threshold = 3;

export function isResolved({ value, se }: Difference): boolean {
  return se !== null && Math.abs(value) > threshold * se;
}

/** Whether replicate k is the same rows at every checkpoint of a series. */
export function isPaired({ unpaired }: SeriesStory): boolean {
  return (unpaired ?? null) === null;
}

/** Whether a checkpoint is of the stage that phases are read from; later stages count their own steps and tokens. */
export function isPretraining({ stage }: Pick<CheckpointStory, 'stage'>): boolean {
  return stage === 'pretrain';
}

/** `SFT`, `DPO`, …; other stages by their own name. */
export function stageWords(stage: string): string {
  return /^(sft|dpo|kto|ppo|grpo|rl|rlvr)$/.test(stage) ? stage.toUpperCase() : stage;
}
