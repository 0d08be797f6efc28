/** All state of the page in one place: the story, the view, and what follows from the two. */
import { computed, signal } from '@preact/signals';
import type { Axis } from '../../../src/charts/index.js';
import { fullestPoint, isPretraining, sweepsOf, type SweepStory } from '../../../src/story/index.js';
import type { CheckpointStory, LayerCurves, RunStory, SeriesStory, Story } from '../../../src/story/index.js';
import { axes, defaultView, type View } from './view.js';

export const story = signal<Story | null>(null);
/** Why there is no story, where it could not be had. */
export const trouble = signal<string | null>(null);
export const view = signal<View>(defaultView);

/** Parts of the view by themselves: what depends on one is left alone when the cursor moves. */
const chosen = {
  focus: computed(() => view.value.focus),
  shown: computed(() => view.value.shown),
  layer: computed(() => view.value.layer),
  figure: computed(() => view.value.figure),
  axis: computed(() => view.value.axis),
  zoom: computed(() => view.value.zoom),
};

/** Changes some of the view; `moves` are kept out of the browser's history (the cursor gliding along). */
export function look(changes: Partial<View>, how: 'step' | 'move' = 'step'): void {
  const next = { ...view.value, ...changes };
  const names = Object.keys(changes) as (keyof View)[];
  if (names.every((name) => next[name] === view.value[name])) return;
  lastChange = how;
  view.value = next;
}

/** How the view was last changed; `url` when it was read from the URL. */
export let lastChange: 'step' | 'move' | 'url' = 'url';

export function lookAsUrlSays(next: View): void {
  lastChange = 'url';
  view.value = next;
}

/** Every series of every run; where several runs hold one of the same name, the run's name tells them apart. */
export const allSeries = computed<readonly SeriesStory[]>(() => {
  const runs = story.value?.runs ?? [];
  const labels = runs.flatMap(({ series }) => series.map(({ label }) => label));
  const isShared = (label: string) => labels.indexOf(label) !== labels.lastIndexOf(label);
  return runs.flatMap(({ series, name }) =>
    series.map((one) => (isShared(one.label) ? { ...one, label: `${one.label} (${name})` } : one)),
  );
});

/** Real measurements, main requests: what a reader picks among. */
export const mainSeries = computed<readonly SeriesStory[]>(() => {
  const real = allSeries.value.filter((series) => series.control === null && !isSwept(series));
  const main = real.filter(({ variant }) => variant === null);
  if (main.length > 0) return main;
  if (real.length > 0) return real;
  const point = fullestPoint(allSeries.value);
  return point ? [point] : allSeries.value;
});

/** Points of a sweep have a part of their own, where x is what was varied; over training there would be dozens of lines. */
function isSwept({ sweep }: SeriesStory): boolean {
  return (sweep ?? null) !== null;
}

/** The series in focus; null only where the runs hold no measurement at all. */
export const focus = computed<SeriesStory | null>(
  () => allSeries.value.find(({ id }) => id === chosen.focus.value) ?? mainSeries.value[0] ?? null,
);

export const focusRun = computed<RunStory | null>(() => {
  const runs = story.value?.runs ?? [];
  return runs.find(({ id }) => id === focus.value?.run) ?? runs[0] ?? null;
});

/** What can stand in the trajectory: whatever has a curve in the layer shown, the series in focus first. */
export const candidates = computed<readonly SeriesStory[]>(() => {
  const inFocus = focus.value;
  if (!inFocus) return [];
  const others = allSeries.value.filter(
    (series) => series.id !== inFocus.id && !isSwept(series) && layer.value in series.curves,
  );
  return [inFocus, ...others];
});

/** A number for each series that stays while others are toggled: its colour. */
export const colours = computed<Readonly<Record<string, number>>>(() =>
  Object.fromEntries(
    [...mainSeries.value, ...allSeries.value.filter((s) => !mainSeries.value.includes(s))].map(({ id }, i) => [id, i]),
  ),
);

/** Drawn in the trajectory. By default the main series; controls have a part of their own. */
export const shown = computed<readonly SeriesStory[]>(() => {
  const ids = chosen.shown.value;
  if (ids) return candidates.value.filter(({ id }) => ids.includes(id));
  return candidates.value.filter((series) => series.id === focus.value?.id || mainSeries.value.includes(series));
});

/** Nulls measured beside the series in focus. */
export const controls = computed<readonly SeriesStory[]>(() =>
  candidates.value.filter(
    ({ control, run, name }) => control !== null && run === focus.value?.run && name === focus.value.name,
  ),
);

/** Sweeps of the series in focus. */
export const sweeps = computed<readonly SweepStory[]>(() =>
  focus.value && focusRun.value ? sweepsOf(focusRun.value, focus.value.name, layer.value) : [],
);

export const layer = computed<string>(() => {
  const layers = focus.value?.layers ?? [];
  const name = chosen.layer.value;
  return name !== null && layers.includes(name) ? name : (layers.at(-1) ?? 'final');
});

export const curves = computed<LayerCurves | null>(() => focus.value?.curves[layer.value] ?? null);

/** Figures that the upper chart can show: of the layer in focus, in an order that puts ranks first. */
export const possibleFigures = computed<readonly string[]>(() => {
  const figures = curves.value?.figures ?? {};
  return upperFigures.filter((name) => figures[name]?.some((value) => value !== null) ?? false);
});

const upperFigures = [
  ...['rankme', 'rankme_published', 'rankme_extrapolated', 'rankme_singular'],
  ...['participation_ratio', 'participation_ratio_unbiased', 'stable_rank', 'top1', 'mean_cosine', 'mean_norm', 'nll'],
];

export const figure = computed<string>(() =>
  possibleFigures.value.includes(chosen.figure.value) ? chosen.figure.value : 'rankme',
);

/** Axes that the series in focus has the numbers for. */
export const possibleAxes = computed<readonly Axis[]>(() => {
  const series = focus.value;
  if (!series) return ['tokens'];
  const tokens = series.checkpoints.some((checkpoint) => checkpoint.tokens !== null);
  const steps = series.checkpoints.some((checkpoint) => checkpoint.step !== null);
  const possible: Readonly<Record<Axis, boolean>> = {
    tokens,
    steps,
    compute: tokens && series.parameters !== null,
    stages: series.stages.length > 1,
  };
  const found = axes.filter((name) => possible[name]);
  return found.length > 0 ? found : ['steps'];
});

export const axis = computed<Axis>(() =>
  possibleAxes.value.includes(chosen.axis.value) ? chosen.axis.value : possibleAxes.value[0]!,
);

/** The x axis of every chart over training: what it counts, and the stretch that is shown. */
export const across = computed<{ readonly axis: Axis; readonly domain?: readonly [number, number] }>(() => ({
  axis: axis.value,
  ...(chosen.zoom.value && axis.value !== 'stages' ? { domain: chosen.zoom.value } : {}),
}));

export const keyOf = ({ stage, revision }: CheckpointStory) => `${stage}/${revision}`;

function indexOf(series: SeriesStory | null, key: string | null): number | null {
  if (!series || key === null) return null;
  const at = series.checkpoints.findIndex((checkpoint) => keyOf(checkpoint) === key);
  return at < 0 ? null : at;
}

/** Index of the checkpoint at the cursor; null where there is no checkpoint. */
export const cursor = computed<number | null>(() => {
  const checkpoints = focus.value?.checkpoints ?? [];
  if (checkpoints.length === 0) return null;
  const last = checkpoints.findLastIndex((checkpoint) => isPretraining(checkpoint));
  return indexOf(focus.value, view.value.at) ?? (last < 0 ? checkpoints.length - 1 : last);
});

export const pinned = computed<number | null>(() => indexOf(focus.value, view.value.pinned));

/** Moves the cursor to a checkpoint of the series in focus. */
export function moveCursor(index: number): void {
  const series = focus.value;
  if (!series || series.checkpoints.length === 0) return;
  const at = series.checkpoints[Math.min(Math.max(index, 0), series.checkpoints.length - 1)]!;
  look({ at: keyOf(at) }, 'move');
}
