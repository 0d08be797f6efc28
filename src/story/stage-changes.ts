/**
 * What post-training changed: each stage's last checkpoint against the one it was trained from, with paired errors. A
 * level's own error says nothing here: checkpoints measured on the same rows differ by far less than either is known.
 */
import {
  difference,
  figureCurve,
  isPaired,
  isPretraining,
  isResolved,
  stageWords,
  threshold,
  type Difference,
} from './curve.js';
import { signed } from './format.js';
import type { SeriesStory } from './story.js';

interface Branch {
  readonly stage: string;
  /** Indices of checkpoints: trained from, and the last one. */
  readonly from: number;
  readonly to: number;
}

/** One sentence a stage; a stage of many branches (parents, seeds) is counted. */
export function stageChanges(series: SeriesStory, layer: string): string[] {
  const branches = branchesOf(series);
  const stages = [...new Set(branches.map(({ stage }) => stage))];
  return stages.map((stage) => {
    const own = branches.filter((branch) => branch.stage === stage);
    return own.length === 1 ? oneBranch(series, layer, own[0]!) : manyBranches(series, layer, stage, own);
  });
}

function oneBranch(series: SeriesStory, layer: string, { stage, from, to }: Branch): string {
  const changes = (['rankme', 'alpha'] as const).flatMap((name) => {
    const curve = figureCurve(series, name, layer);
    const change = difference(curve, from, curve, to, isPaired(series));
    return change === null ? [] : [{ symbol: curve.symbol, change }];
  });
  const names = `${series.checkpoints[from]!.revision} → ${series.checkpoints[to]!.revision}`;
  if (changes.length === 0) return `What ${stageWords(stage)} changed can't be said: no figures (${names}).`;
  const known = changes.filter(({ change }) => change.se !== null);
  const moved = known.filter(({ change }) => isResolved(change)).map((entry) => `${entry.symbol} by ${sizeOf(entry)}`);
  const unmoved = known
    .filter(({ change }) => !isResolved(change))
    .map((entry) => `${entry.symbol} beyond ${threshold} errors (${sizeOf(entry)})`);
  const unknown = changes.filter(({ change }) => change.se === null);
  const words = [
    ...(moved.length === 0 ? [] : [`moves ${moved.join(' and ')}`]),
    ...(unmoved.length === 0 ? [] : [`does not move ${unmoved.join(' or ')}`]),
    ...(unknown.length === 0
      ? []
      : [`changes ${unknown.map((entry) => `${entry.symbol} by ${sizeOf(entry)}`).join(' and ')} (no errors)`]),
  ];
  return `${stageWords(stage)} ${words.join(', ')}; ${names}${known.length === 0 ? '' : ', paired'}.`;
}

function sizeOf({ change }: { change: Difference }): string {
  return signed(change.value, change.se);
}

function manyBranches(series: SeriesStory, layer: string, stage: string, branches: readonly Branch[]): string {
  const curve = figureCurve(series, 'rankme', layer);
  const changes = branches.flatMap(({ from, to }) => difference(curve, from, curve, to, isPaired(series)) ?? []);
  const known = changes.filter(({ se }) => se !== null);
  const resolved = known.filter(isResolved);
  const up = resolved.filter(({ value }) => value > 0).length;
  const down = resolved.length - up;
  const sizes = changes.map(({ value }) => value).sort((a, b) => a - b);
  const range = sizes.length === 0 ? '' : `, from ${signed(sizes[0]!, null)} to ${signed(sizes.at(-1)!, null)}`;
  if (known.length === 0)
    return `${stageWords(stage)} changes RankMe in ${changes.length} branches (no errors)${range}.`;
  return `${stageWords(stage)} raises RankMe beyond 3 errors in ${up} and lowers it in ${down} of ${known.length} branches${range}.`;
}

/** Post-training's branches: checkpoints of a stage with one parent and seed; without a parent, from the stage before. */
function branchesOf({ checkpoints }: SeriesStory): Branch[] {
  const branches = new Map<string, Branch>();
  checkpoints.forEach((checkpoint, at) => {
    if (isPretraining(checkpoint)) return;
    const { stage, parent, seed } = checkpoint;
    const key = JSON.stringify([stage, parent, seed]);
    const from = branches.get(key)?.from ?? originOf(checkpoints, at);
    if (from !== null) branches.set(key, { stage, from, to: at });
  });
  return [...branches.values()];
}

function originOf(checkpoints: SeriesStory['checkpoints'], at: number): number | null {
  const { stage, parent } = checkpoints[at]!;
  const found = checkpoints.findLastIndex((other, i) =>
    parent === null ? i < at && other.stage !== stage : i !== at && other.revision === parent && other.stage !== stage,
  );
  return found < 0 ? null : found;
}
