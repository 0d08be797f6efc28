/**
 * Phases of a series by turning points of prominence (definitions §7): on ln RankMe, and on α alike, over x = ln(tokens).
 * The rule, its thresholds and the evidence of each turning point are part of the result.
 */

/** One checkpoint of the curves, in any order. */
export interface PhasePoint {
  /** Training tokens seen; null where not known. */
  readonly tokens: number | null;
  readonly step: number | null;
  /** Null where absent or failed. */
  readonly rankme: number | null;
  readonly alpha: number | null;
  /** The K leave-one-group-out values, the same rows at every point; null where there are none, or not paired. */
  readonly replicates: { readonly rankme: readonly number[]; readonly alpha: readonly (number | null)[] } | null;
  /** Its name, for notes. Default: its place among those given. */
  readonly revision?: string;
  /** Codes of its flags: a turning point at a flagged checkpoint is noted. */
  readonly flags?: readonly string[];
}

export interface PhaseOptions {
  /** A change counts from so many paired standard errors of it. Default 3. */
  standardErrors?: number;
  /** And from this size of ln RankMe. Default ln 1.05. */
  rankmeChange?: number;
  /** And from this size of α. Default 0.05. */
  alphaChange?: number;
  /** And beyond what the checkpoints' own scatter about the curve makes (training noise). Default true. */
  scatter?: boolean;
}

/** How a curve was read and what was found; RankMe's and α's stand side by side. */
export interface Phases {
  readonly rankme: CurvePhases;
  readonly alpha: CurvePhases;
  /** Where the two disagree, in words; empty where they agree. */
  readonly disagreements: readonly string[];
}

export type PhaseName = 'warmup' | 'entropy-seeking' | 'compression-seeking' | 'flat' | 'not resolved';

export interface CurvePhases {
  readonly curve: 'rankme' | 'alpha';
  /** What x is: `tokens`, or `steps` where tokens are not known. */
  readonly axis: 'tokens' | 'steps';
  readonly rule: {
    /** The rule in a sentence, as it is printed. */
    readonly text: string;
    /** A change counts from this many paired standard errors of it; null where the curve has no replicates. */
    readonly standardErrors: number | null;
    /** And from this size: of ln RankMe (ln 1.05), or of α (0.05). */
    readonly change: number;
    /**
     * The checkpoints' own scatter about the curve (training noise, which no replicate knows of) and the change that it
     * alone could make: a change counts from there. Null where it is not used or there are too few checkpoints to tell.
     */
    readonly scatter?: { readonly deviation: number; readonly change: number } | null;
  };
  /** In order of x. A curve without any turning point and change is one `flat` phase. */
  readonly phases: readonly Phase[];
  readonly turningPoints: readonly TurningPoint[];
  /** Why there are no phases, or what a reader must know; empty when nothing. */
  readonly notes: readonly string[];
}

export interface Phase {
  readonly name: PhaseName;
  /** Tokens (or steps) where it begins and ends: turning points' places, or the first and last checkpoint. */
  readonly from: number;
  readonly to: number;
  /** Change of ln RankMe or of α over the phase, from its first to its last kept extremum, and the paired standard error. */
  readonly change: number;
  readonly changeSe: number | null;
}

export interface TurningPoint {
  readonly kind: 'maximum' | 'minimum';
  /** Tokens (or steps): vertex of the parabola through the checkpoints around it. */
  readonly at: number;
  /** Interval of the place, never narrower than one checkpoint spacing to each side. */
  readonly interval: readonly [number, number];
  /** Index of the checkpoint at the extremum, among those given. */
  readonly index: number;
  /** The curve's value there: RankMe or α. */
  readonly value: number;
  /** The smaller of the changes to the kept extrema on either side (of ln RankMe or α), and its paired standard error. */
  readonly prominence: number;
  readonly prominenceSe: number | null;
}
