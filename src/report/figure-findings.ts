/** Charts of what a run's findings hold (RUN/ablation, RUN/samples, RUN/directions), as `export --chart` asks for them. */
import {
  ablationChart,
  directionOverlaps,
  directionShares,
  samplesChart,
  type Drawing,
  type Frame,
} from '../charts/index.js';
import { EigentraceError, nearest } from '../errors.js';
import type { AblationStory, SeriesStory } from '../story/index.js';
import type { FigureChoice } from './figure-charts.js';

/** `--figure` names a set of questions or a metric; `--at` a checkpoint (default the last). */
export function drawAblation(choice: FigureChoice, series: SeriesStory, frame: Frame): Drawing {
  const { ablation: all = [] } = series;
  if (all.length === 0) throw missing('no ablation in this run', 'one made by eigentrace ablate');
  const { figure } = choice;
  const named =
    figure === null ? undefined : all.find(({ name, questions }) => figure === name || figure === questions);
  const ablation = named ?? all[0]!;
  const metric = figure === null || named ? undefined : metricOf(figure, ablation, all);
  return ablationChart({ series, ablation, point: pointAt(choice, ablation.points), metric }, frame);
}

/** `--figure overlap` draws what is left of them since the checkpoint before; default their shares of the variance. */
export function drawDirections({ figure, axis }: FigureChoice, series: SeriesStory, frame: Frame): Drawing {
  const [directions] = series.directions ?? [];
  if (!directions) throw missing('no directions in this run', 'those made by eigentrace directions');
  if (figure === null || figure === 'share') return directionShares({ series, directions, axis }, frame);
  if (figure === 'overlap') return directionOverlaps({ series, directions, axis }, frame);
  throw new EigentraceError(
    'usage',
    `--figure: no such figure of directions, got '${figure}' (expected share, overlap)`,
  );
}

/** `--figure` names a prompt, or its number from 1. */
export function drawSamples({ figure, axis }: FigureChoice, series: SeriesStory, frame: Frame): Drawing {
  const { samples: all = [] } = series;
  if (all.length === 0) throw missing('no generated texts in this run', 'some made by eigentrace generate');
  const named = all.flatMap((samples) =>
    samples.prompts.flatMap(({ text }, prompt) =>
      figure === null || figure === text || figure === String(prompt + 1) ? [{ samples, prompt }] : [],
    ),
  );
  if (named.length > 0) return samplesChart({ series, ...named[0]!, axis }, frame);
  const prompts = all.flatMap((samples) => samples.prompts.map(({ text }) => JSON.stringify(text)));
  throw new EigentraceError(
    'usage',
    `--figure: no such prompt, got '${figure ?? ''}' (expected its number from 1, or ${[...new Set(prompts)].slice(0, 3).join(', ')})`,
  );
}

function metricOf(figure: string, { metrics }: AblationStory, all: readonly AblationStory[]): string {
  if (metrics.includes(figure)) return figure;
  throw new EigentraceError(
    'usage',
    `--figure: no such set of questions or metric, got '${figure}' (expected ${[...all.map(({ name }) => name), ...metrics].join(', ')})`,
  );
}

/** Of the revision asked for, or the last. */
function pointAt({ at }: FigureChoice, points: readonly { readonly revision: string }[]): number {
  if (at === null) return points.length - 1;
  const found = points.findIndex(({ revision }) => revision === at);
  if (found >= 0) return found;
  const revisions = points.map(({ revision }) => revision);
  throw new EigentraceError(
    'usage',
    `--at: nothing was found at that checkpoint, got '${at}' (expected ${nearest(at, revisions).join(', ')})`,
  );
}

function missing(what: string, expected: string): EigentraceError {
  return new EigentraceError('usage', `--chart: ${what} (expected ${expected})`);
}
