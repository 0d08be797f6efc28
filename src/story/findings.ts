/**
 * What a run says, in sentences made from its data, with their uncertainty; and what it can't say. Changes are told where
 * they pass the phases' rule or three errors of the difference; nothing is told beyond the checkpoints that were measured.
 */
import { ablationDetails } from './ablation-words.js';
import { controlDetails, controlWarnings } from './control-words.js';
import { factsOf } from './facts.js';
import { foundFacts, foundWords } from './found-words.js';
import { stageChanges } from './stage-changes.js';
import type { RunStory, SeriesStory, Story } from './story.js';
import { fullestPoint, sweepDetails } from './sweeps.js';
import { phaseDetails, trajectoryWords } from './trajectory-words.js';
import { runWarnings, warningsOf, type Warning } from './warnings.js';

export interface SeriesFindings {
  /** Id of the series. */
  readonly series: string;
  readonly layer: string;
  /** For the head: what RankMe did, and α beside it. */
  readonly sentence: string;
  /** One sentence each: phases with their intervals, post-training's changes, controls, ablations. */
  readonly details: readonly string[];
  /** What changes the reading, most serious first. */
  readonly warnings: readonly Warning[];
  /** How it was measured, in short. */
  readonly facts: readonly string[];
}

/** Of every real series; nulls and a sweep's points are told with the series they belong to, or when there is nothing else. */
export function findings(story: Story): SeriesFindings[] {
  const all = story.runs.flatMap((run) => run.series.map((series) => ({ series, run })));
  const real = all.filter(({ series }) => series.control === null && (series.sweep ?? null) === null);
  const point = fullestPoint(all.map(({ series }) => series));
  const rest = point === undefined ? all : all.filter(({ series }) => series === point);
  return (real.length === 0 ? rest : real).map(({ series, run }) => findingsOf(series, run));
}

/** Of one series at a layer; by default the final one, or the last there is. */
export function findingsOf(
  series: SeriesStory,
  run: RunStory,
  layer: string = series.layers.at(-1) ?? 'final',
): SeriesFindings {
  if (series.layers.length === 0) {
    return {
      ...{ series: series.id, layer, sentence: foundWords(series), details: ablationDetails(series) },
      ...{ warnings: runWarnings(series, run), facts: foundFacts(series) },
    };
  }
  return {
    ...{ series: series.id, layer },
    sentence: trajectoryWords(series, layer),
    details: [
      ...phaseDetails(series, layer),
      ...stageChanges(series, layer),
      ...controlDetails(series, run, layer),
      ...sweepDetails(series, run, layer),
      ...ablationDetails(series),
    ],
    warnings: [...warningsOf(series, run, layer), ...controlWarnings(series, run, layer)],
    facts: factsOf(series, run, layer),
  };
}
