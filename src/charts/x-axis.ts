/**
 * The x axis of charts over training, in pixels from the left edge of the plotting area. Tokens, steps and compute are
 * logarithmic, with step 0, the random network, apart at the left of a break; `stages` puts one lane beside the other,
 * pretraining on its log tokens, then each later stage on its own steps. Several charts can share one axis.
 */
import type { CheckpointStory, SeriesStory } from '../story/index.js';
import type { Axis } from './chart.js';
import { logTicks } from './log-ticks.js';
import type { Paint } from './theme.js';
import { powerText, stageName, tickCount } from './words.js';

export interface Lane {
  readonly stage: string;
  readonly from: number;
  readonly to: number;
  /** `log`: tokens, steps or compute; `linear`: steps of a later stage. */
  readonly scale: 'log' | 'linear';
  /** What stands under it. */
  readonly label: string;
  /** Where epochs end. */
  readonly epochs: readonly number[];
}

export interface XAxis {
  /** What it became: `order` where neither tokens nor steps are known. */
  readonly kind: Axis | 'order';
  /** `training tokens`, for titles. */
  readonly name: string;
  /** Why it isn't what was asked for; null when it is. */
  readonly note: string | null;
  readonly width: number;
  readonly lanes: readonly Lane[];
  readonly ticks: readonly { readonly at: number; readonly label: string }[];
  readonly minor: readonly number[];
  /** Where the axis is broken. */
  readonly breaks: readonly number[];
  /** Where a checkpoint lies; null: not on this axis. */
  readonly place: (series: SeriesStory, checkpoint: CheckpointStory) => number | null;
  /** Where a value of the first lane lies (tokens, steps or FLOP), within it. */
  readonly at: (value: number) => number;
  /** A checkpoint's value in the axis's unit. */
  readonly value: (series: SeriesStory, checkpoint: CheckpointStory) => number | null;
}

export interface XAxisInput {
  readonly series: readonly SeriesStory[];
  readonly kind: Axis;
  readonly width: number;
  readonly paint: Paint;
  /** Values shown, in the axis's unit; default all. */
  readonly domain?: readonly [number, number] | undefined;
  /** More values that must find room (training logs, downstream results), in tokens and steps. */
  readonly also?: readonly { readonly tokens: number | null; readonly step: number | null }[] | undefined;
}

const names = {
  tokens: 'training tokens',
  steps: 'training steps',
  compute: 'training compute',
  stages: 'training stages',
  order: 'checkpoints',
};
const labels = {
  tokens: 'Training tokens',
  steps: 'Training steps',
  compute: 'Training compute (FLOP)',
  stages: 'Training tokens',
  order: 'Checkpoints in order',
};

export function xAxis(input: XAxisInput): XAxis {
  const { series, paint, width } = input;
  const { kind, note } = possible(input);
  const unit = kind === 'stages' ? possible({ ...input, kind: 'tokens' }).kind : kind;
  const valueOf = (s: SeriesStory, c: CheckpointStory) => valueIn(unit, s, c);

  const first = firstStage(series);
  const stages = kind === 'stages' ? stagesOf(series) : [first];
  const later = stages.filter((stage) => stage !== first);
  const gap = later.length > 0 ? Math.max(6, paint.size) : 0;
  const mainShare = later.length === 0 ? 1 : later.length === 1 ? 0.7 : later.length === 2 ? 0.62 : 0.55;
  const mainWidth = (width - gap * later.length) * mainShare;
  const laneWidth = later.length === 0 ? 0 : (width - gap * later.length - mainWidth) / later.length;

  const main = logLane();
  const lanes: Lane[] = [
    { stage: first, from: 0, to: mainWidth, scale: 'log', label: labels[unit], epochs: main.epochs },
  ];
  const placers = new Map<string, (c: CheckpointStory) => number | null>();
  const ticks = [...main.ticks];
  const minor = [...main.minor];
  later.forEach((stage, i) => {
    const from = mainWidth + gap + i * (laneWidth + gap);
    const lane = linearLane(stage, from, from + laneWidth);
    lanes.push(lane.lane);
    placers.set(stage, lane.place);
    ticks.push(...lane.ticks);
  });

  return {
    ...{ kind, name: names[kind], note, width, lanes, ticks, minor },
    breaks: main.breaks,
    at: main.at,
    value: valueOf,
    place: (s, c) => {
      if (c.stage !== first) return placers.get(c.stage)?.(c) ?? null;
      const value = valueOf(s, c);
      return value === null ? null : main.place(value);
    },
  };

  function logLane() {
    const values = series.flatMap((s) => s.checkpoints.filter((c) => c.stage === first).map((c) => valueOf(s, c)));
    for (const more of input.also ?? [])
      values.push(unit === 'tokens' ? more.tokens : unit === 'steps' ? more.step : null);
    const positive = values.filter((v): v is number => v !== null && v > 0);
    let [low, high] = input.domain ?? [Math.min(...positive), Math.max(...positive)];
    const zero = values.includes(0) && (input.domain === undefined || input.domain[0] <= 0);
    if (input.domain !== undefined && low <= 0) low = Math.min(...positive);
    if (!(low > 0 && high >= low && Number.isFinite(high))) [low, high] = [1, 10];
    // One place alone stands in the middle.
    const single = low === high;
    if (single) [low, high] = [low / 4, high * 4];
    const pad = paint.dot * 2.5;
    const zone = zero ? Math.max(paint.size * 1.9, 0.05 * mainWidth) : 0;
    const isLinear = unit === 'order';
    const scale = isLinear ? (v: number) => v : Math.log;
    const [from, to] = [zone + pad, mainWidth - pad];
    const span = scale(high) - scale(low);
    const position = (value: number) => from + ((scale(value) - scale(low)) / span) * (to - from);
    const at = (value: number) => (value <= 0 ? from : Math.min(to, Math.max(from, position(value))));
    const place = (value: number) => {
      if (value <= 0) return zero ? pad : null;
      return value < low * (1 - 1e-9) || value > high * (1 + 1e-9) ? null : position(value);
    };
    // A label needs about five characters of room.
    const most = Math.max(1, Math.floor((to - from) / (paint.measure('100M') * 1.7)));
    const edge = [at0(from, 0), at0(to, mainWidth)] as const;
    const found = isLinear ? wholeTicks(low, high, most) : logTicks(inverse(edge[0]), inverse(edge[1]), most);
    function at0(_inner: number, outer: number): number {
      return outer === 0 ? zone + pad * 0.4 : outer;
    }
    function inverse(x: number): number {
      return Math.exp(scale(low) + ((x - from) / (to - from)) * span);
    }
    const epochs = series.flatMap((s) =>
      (s.stages.find(({ name }) => name === first)?.epochs ?? []).map((step) => ({ s, step })),
    );
    return {
      at,
      place,
      epochs:
        unit === 'steps' ? epochs.map(({ step }) => at(step)) : epochs.flatMap(({ s, step }) => epochAt(s, step, at)),
      ticks: [
        ...(zero ? [{ at: pad, label: '0' }] : []),
        ...found.major.map((value) => ({
          at: position(value),
          label: unit === 'compute' ? powerText(value) : tickCount(value),
        })),
      ],
      minor: found.minor.map(position),
      breaks: zero ? [zone] : [],
    };
  }

  /** Epochs are said in steps: tokens by the ratio of the stage's last checkpoint. */
  function epochAt(s: SeriesStory, step: number, at: (value: number) => number): number[] {
    const last = s.checkpoints.filter((c) => c.stage === first && (c.step ?? 0) > 0).at(-1);
    const value = last === undefined ? null : valueOf(s, last);
    return value === null ? [] : [at((value / last!.step!) * step)];
  }

  function linearLane(stage: string, from: number, to: number) {
    const all = series.flatMap((s) => s.checkpoints.filter((c) => c.stage === stage).map((c) => c.step ?? 0));
    const epochSteps = [...new Set(series.flatMap((s) => s.stages.find(({ name }) => name === stage)?.epochs ?? []))];
    const most = Math.max(1, ...all, ...epochSteps);
    const pad = paint.dot * 2.5;
    const at = (step: number) => from + pad + (step / most) * (to - from - 2 * pad);
    const room = Math.floor((to - from) / (paint.measure('1000') * 2.2));
    const places = wholeTicks(0, most, Math.max(1, room)).major;
    // Where only one label fits, it is the last step's.
    const labelled = room < 2 ? [most] : places;
    const lane: Lane = {
      ...{ stage, from, to, scale: 'linear', label: `${stageName(stage)} steps`, epochs: epochSteps.map(at) },
    };
    return {
      lane,
      place: (c: CheckpointStory) => (c.step === null ? null : at(c.step)),
      ticks: labelled.map((step) => ({ at: at(step), label: tickCount(step) })),
    };
  }
}

/** Falls back from what isn't known: compute needs parameters and tokens, tokens and steps must be there. */
function possible({ series, kind }: XAxisInput): { kind: Axis | 'order'; note: string | null } {
  const all = series.flatMap((s) => s.checkpoints.map((c) => ({ s, c })));
  const some = (unit: Axis | 'order') => all.some(({ s, c }) => valueIn(unit, s, c) !== null);
  if (kind === 'stages' || some(kind)) return { kind, note: null };
  const next = (['tokens', 'steps', 'order'] as const).find((unit) => unit !== kind && some(unit)) ?? 'order';
  const why = kind === 'compute' ? 'parameters or tokens are not known' : `${kind} are not known`;
  return { kind: next, note: `${why}: drawn over ${names[next]}` };
}

function valueIn(unit: Axis | 'order', series: SeriesStory, checkpoint: CheckpointStory): number | null {
  if (unit === 'steps') return checkpoint.step;
  if (unit === 'order') return series.checkpoints.indexOf(checkpoint) + 1;
  if (unit === 'tokens' || unit === 'stages') return checkpoint.tokens;
  if (series.parameters === null || checkpoint.tokens === null) return null;
  return 6 * series.parameters * checkpoint.tokens;
}

/** The stage that the log axis shows: pretraining, or the first one that a series has. */
export function firstStage(series: readonly SeriesStory[]): string {
  const all = stagesOf(series);
  return all.includes('pretrain') ? 'pretrain' : (all[0] ?? 'pretrain');
}

function stagesOf(series: readonly SeriesStory[]): string[] {
  const measured = new Set(series.flatMap((s) => s.checkpoints.map(({ stage }) => stage)));
  const named = series.flatMap((s) => s.stages.map(({ name }) => name)).filter((name) => measured.has(name));
  return [...new Set([...named, ...measured])];
}

function wholeTicks(low: number, high: number, most: number): { major: number[]; minor: number[] } {
  const steps = [1, 2, 5].flatMap((m) => [0, 1, 2, 3, 4, 5, 6, 7, 8].map((e) => m * 10 ** e)).sort((a, b) => a - b);
  const step = steps.find((size) => Math.floor(high / size) - Math.ceil(low / size) + 1 <= Math.max(2, most)) ?? high;
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  return { major: Array.from({ length: Math.max(0, count) }, (_, i) => (first + i) * step), minor: [] };
}
