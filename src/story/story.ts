/**
 * What a page shows of one or several runs: plain JSON, made once from RUN folders (src/report reads them), drawn by
 * src/charts, in the report and live in the browser alike. Curves are stored by column, one value a checkpoint of their
 * series, so that 154 checkpoints × 33 layers stay around a megabyte; absent values are null, with the reason beside.
 * Spectra are kept apart and thinned in rank: they are fetched a layer at a time.
 */
import type { Phases } from '../phases/index.js';
import type { AblationStory } from './ablation.js';
import type { DirectionsStory } from './directions.js';
import type { MemorizationStory } from './memorization.js';
import type { SamplesStory } from './samples.js';

export interface Story {
  /** When it was made, ISO 8601. */
  readonly made: string;
  /** Version of eigentrace that made it. */
  readonly version: string;
  readonly runs: readonly RunStory[];
}

export interface RunStory {
  /** `1`, `2`, …: its place among the runs shown. */
  readonly id: string;
  /** The folder's own name, or as much of its path as tells the runs apart. */
  readonly name: string;
  readonly series: readonly SeriesStory[];
  /** Checkpoints that could not be measured. */
  readonly failures: readonly Failure[];
  /** Conditions of `trace --alert` that hold, in the order in which they fired. Absent where none does. */
  readonly alerts?: readonly AlertStory[];
  /** Files that are damaged or unreadable: what is wrong, and the file's path below RUN. The rest of the run is shown. */
  readonly problems: readonly { readonly file: string; readonly message: string }[];
  /** What the run was asked for, one a request, as options of the command line; first the main one. */
  readonly commands: readonly string[];
}

export interface AlertStory {
  readonly series: string;
  readonly stage: string;
  readonly revision: string;
  readonly variant: string | null;
  /** The condition and what it came to. */
  readonly message: string;
}

export interface Failure {
  readonly series: string;
  readonly stage: string;
  readonly revision: string;
  readonly variant: string | null;
  /** Where it would stand, as the request knows it; null: not known. */
  readonly step: number | null;
  readonly tokens: number | null;
  readonly code: string;
  readonly message: string;
}

/** One curve of checkpoints: a series' main request, or one of its variants (other layers, a control, a sweep's point). */
export interface SeriesStory {
  /** Unique in the story: `1/sample-neox-0.9m`, `1/sample-neox-0.9m/3fa2c1` for a variant. */
  readonly id: string;
  readonly run: string;
  readonly name: string;
  /** For labels: the series' name, and what sets a variant apart (`sample-neox-0.9m · shuffled tokens`). */
  readonly label: string;
  readonly variant: string | null;
  /** What nulls were measured; null for real measurements. */
  readonly control: Control | null;
  /** Which point of a sweep it is; null for none. */
  readonly sweep?: Sweep | null;
  /** `last`, `mean` or `all`. */
  readonly position: string;
  /** Rows and columns of the representations; null where checkpoints differ or it isn't known. */
  readonly n: number | null;
  readonly d: number | null;
  /** Parameters of the model (all of them), for the compute axis 6 · parameters · tokens; null: not known. */
  readonly parameters: number | null;
  readonly architecture: string | null;
  readonly corpus: CorpusStory | null;
  /** Ids of the definitions, RankMe's and α's first, with the version of the definitions. */
  readonly definitions: { readonly version: string; readonly ids: readonly string[] };
  /** First and last rank of the α fit, 1-based. */
  readonly alphaRange: readonly [number, number];
  /** Why replicate k is not the same rows at every checkpoint, so that differences have no paired errors; null when it is. */
  readonly unpaired?: string | null;
  readonly precision: string | null;
  readonly device: string | null;
  /** eigentrace, node, onnxruntime, … */
  readonly versions: Readonly<Record<string, string>>;
  /** When its first and last measurement was made, ISO 8601. */
  readonly created: readonly [string, string];
  readonly stages: readonly StageStory[];
  /** In order of stage and step. */
  readonly checkpoints: readonly CheckpointStory[];
  /** `0`, `1`, …, `final`: blocks by number, `final` last; none where findings are there without geometry. */
  readonly layers: readonly string[];
  /** By layer. */
  readonly curves: Readonly<Record<string, LayerCurves>>;
  /** By layer: phases of its pretraining curve (definitions §7), of RankMe and of α. */
  readonly phases: Readonly<Record<string, Phases>>;
  /** Losses and the like of the training, where a log was given; by stage. */
  readonly logs: readonly TrainingLog[];
  /** Downstream results (lm-evaluation-harness files, RUN/tasks). */
  readonly downstream: readonly DownstreamCurve[];
  /** How its likelihoods follow the n-grams of its training data (RUN/memorization); absent or empty: not measured. */
  readonly memorization?: readonly MemorizationStory[];
  /** What it answers with eigen-directions removed or kept (RUN/ablation), a set of questions each. */
  readonly ablation?: readonly AblationStory[];
  /** Texts that it wrote (RUN/samples), a request each. */
  readonly samples?: readonly SamplesStory[];
  /** What its top eigen-directions are (RUN/directions), a request each. */
  readonly directions?: readonly DirectionsStory[];
}

export interface Control {
  readonly kind: 'shuffled-tokens' | 'random-init' | 'gaussian';
  readonly seed: number;
}

export interface Sweep {
  /** `n`, `length`, `corpus`, `layer` or `position`. */
  readonly over: string;
  readonly value: number | string;
}

export interface CorpusStory {
  readonly name: string;
  readonly sha256: string | null;
  readonly rowsSha256: string;
  readonly sequences: number;
  readonly tokens: number;
  readonly minTokens: number | null;
  readonly maxTokens: number | null;
}

export interface StageStory {
  readonly name: string;
  /** Steps at which epochs end, where the series says so. */
  readonly epochs: readonly number[];
}

export interface CheckpointStory {
  readonly stage: string;
  readonly revision: string;
  readonly step: number | null;
  /** Training tokens seen; null where neither the name nor the series says it. */
  readonly tokens: number | null;
  readonly parent: string | null;
  readonly seed: number | string | null;
  /** Of the checkpoint as a whole, and of its layers (`layer`). */
  readonly flags: readonly { readonly code: string; readonly message: string; readonly layer?: string }[];
  /** sha256 of the weights; null: not known. */
  readonly weights: string | null;
  readonly seconds: number | null;
  /** Path of the measurement below RUN, for downloads. */
  readonly file: string;
}

/** The figures of one layer over a series' checkpoints, by column. */
export interface LayerCurves {
  /** By figure (`rankme`, `rankme_se`, `alpha`, `r2`, `nll`, …): one value a checkpoint. */
  readonly figures: Readonly<Record<string, readonly (number | null)[]>>;
  /** By figure: why a value is null, by the checkpoint's index. Reasons that hold for all are under `*`. */
  readonly reasons: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** One a checkpoint: the K leave-one-group-out values; null without errors. Paired: replicate k is a whole curve. */
  readonly replicates: {
    readonly rankme: readonly (readonly number[] | null)[];
    readonly alpha: readonly (readonly (number | null)[] | null)[];
  };
}

/** Eigenspectra of one layer over a series' checkpoints, at ranks spread evenly in ln(rank) beyond the first 128. */
export interface LayerSpectra {
  readonly series: string;
  readonly layer: string;
  /** 1-based, ascending; the same for every checkpoint. */
  readonly ranks: readonly number[];
  /** One a checkpoint: eigenvalues at these ranks, descending; shorter where fewer are positive; null where there are none. */
  readonly eigenvalues: readonly (readonly number[] | null)[];
  /** One a checkpoint: sum of all its eigenvalues, for shares of variance. */
  readonly totals: readonly (number | null)[];
}

/** A training's own log (`trainer_state.json`, a CSV): `values[c][i]` is column c at `steps[i]`. */
export interface TrainingLog {
  /** Which stage it belongs to. */
  readonly stage: string;
  readonly source: string;
  readonly steps: readonly number[];
  readonly tokens: readonly (number | null)[];
  /** By name: `loss`, `learning_rate`, `eval_loss`, `reward`, … */
  readonly columns: Readonly<Record<string, readonly (number | null)[]>>;
}

/** One metric of one task over checkpoints. */
export interface DownstreamCurve {
  readonly task: string;
  /** `acc`, `acc_norm`, `perplexity`, … */
  readonly metric: string;
  readonly source: string;
  readonly points: readonly {
    readonly stage: string;
    readonly revision: string | null;
    readonly step: number | null;
    readonly tokens: number | null;
    readonly value: number;
    readonly se: number | null;
    readonly n: number | null;
    /** The value without each of K groups of the questions: for errors of what is made of the curve; a page has none. */
    readonly replicates?: readonly number[];
  }[];
}
