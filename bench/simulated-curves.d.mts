import type { PhaseOptions, PhasePoint, Phases } from '../src/phases/index.js';

export interface Random {
  uniform(): number;
  normal(): number;
  between(low: number, high: number): number;
}
export type ErrorCurve = (fraction: number) => number;
export interface Trial {
  shape: string;
  /** Least and most change of a stretch in ln RankMe. */
  size: readonly [number, number];
  checkpoints: 'doubling' | 'even' | 'sparse' | 'published';
  noise: { measurement?: number; training?: number };
  trials: number;
  seed: number;
  options: PhaseOptions;
}
export interface Outcome {
  turns: number;
  recalled: number;
  covered: number;
  false: number;
  curves: number;
  alarmed: number;
  exact: number;
  width: number;
  bias: number;
}

export const shapes: Readonly<Record<string, readonly number[]>>;
export function seeded(seed: number): Random;
export function grid(kind: Trial['checkpoints']): number[];
export function errorCurves(points: readonly { tokens: number; replicates: readonly number[] }[]): ErrorCurve[];
export function trueCurve(
  random: Random,
  x: readonly number[],
  directions: readonly number[],
  size: readonly [number, number],
  apart?: number,
): { turns: number[]; value: (x: number) => number };
export function measuredCurve(
  random: Random,
  tokens: readonly number[],
  truth: { value: (x: number) => number },
  errors: readonly ErrorCurve[],
  noise?: Trial['noise'],
): PhasePoint[];
export function trial(
  phasesOf: (points: readonly PhasePoint[], options?: PhaseOptions) => Phases,
  errors: readonly ErrorCurve[],
  wanted: Trial,
): Outcome;
