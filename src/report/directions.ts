/** Directions of a run as a page shows them: by series, the checkpoints at which the same was asked. */
import { changesOf, type DirectionChange } from '../directions/change.js';
import { directionsOf, type Direction, type DirectionEnd } from '../directions/detail.js';
import { canonicalJson, type Finding } from '../record/index.js';
import type { DirectionEndStory, DirectionsPoint, DirectionsStory, DirectionStory } from '../story/index.js';
import { grouped, placeOf, significant, spreadOrder, type FindingPlace } from './found.js';

/** Characters of tokens and passages that a page holds of one request, and of one passage. */
const budget = 300_000;
const longestPassage = 160;
const mostMassive = 12;
const mostCoordinates = 5;

/** What is kept of a finding. */
export interface KeptDirections {
  readonly place: FindingPlace;
  readonly finding: Finding;
}

/** Throws where it holds none. */
export function keepDirections(finding: Finding): KeptDirections {
  directionsOf(finding);
  return { place: placeOf(finding), finding };
}

/** By series, in the order of the findings. */
export function directionsStories(kept: readonly KeptDirections[]): Map<string, DirectionsStory[]> {
  const stories = new Map<string, DirectionsStory[]>();
  const real = kept.filter(({ place }) => !place.isControl).map(({ finding }) => finding);
  for (const group of grouped(real, ({ series, options }) => canonicalJson([series, options]))) {
    const { series } = group[0]!;
    stories.set(series, [...(stories.get(series) ?? []), storyOf(group)]);
  }
  for (const [series, all] of stories) {
    stories.set(
      series,
      all.map((story) => {
        const same = all.filter(({ name }) => name === story.name);
        return same.length === 1 ? story : { ...story, name: `${story.name}, request ${same.indexOf(story) + 1}` };
      }),
    );
  }
  return stories;
}

function storyOf(group: readonly Finding[]): DirectionsStory {
  const changes = changesOf(group);
  const points = group.map((finding, i) => pointOf(finding, changes[i] ?? null));
  // The last checkpoint first, then those spread evenly: what doesn't fit has its figures, not its texts.
  const shown = new Set<number>();
  let used = 0;
  for (const at of spreadOrder(points.length)) {
    used += JSON.stringify(points[at]!.directions.map(({ ends }) => ends)).length;
    if (shown.size > 0 && used > budget) break;
    shown.add(at);
  }
  const corpus = group[0]!.options['corpus'];
  return {
    name: typeof corpus === 'string' ? corpus.split('/').at(-1)! : 'a corpus',
    position: directionsOf(group[0]!).position,
    points: points.map((point, i) =>
      shown.has(i) ? point : { ...point, directions: point.directions.map((each) => ({ ...each, ends: null })) },
    ),
    left: points.length - shown.size,
  };
}

function pointOf(finding: Finding, change: DirectionChange | null): DirectionsPoint {
  const { stage, revision, step, tokens, flags } = finding;
  const { n, d, rank, massive, directions } = directionsOf(finding);
  const largest = massive.toSorted((a, b) => b.rms - a.rms).slice(0, mostMassive);
  return {
    ...{ stage, revision, step, tokens, n, d, rank },
    massive: largest.map(({ index, rms, mean }) => ({ index, rms: significant(rms)!, mean: significant(mean)! })),
    moreMassive: massive.length - largest.length,
    change: change && {
      since: change.since,
      subspace: significant(change.subspace),
      chance: significant(change.chance)!,
    },
    directions: directions.map((direction, u) => directionOf(direction, change?.directions[u])),
    notes: flags.filter(({ code }) => code !== 'note').map(({ message }) => message),
  };
}

function directionOf(direction: Direction, change: DirectionChange['directions'][number] | undefined): DirectionStory {
  const { rank, share, carried_by: carriedBy, close, coordinates, positive, negative } = direction;
  return {
    ...{ rank, share: significant(share)!, carriedBy: significant(carriedBy)!, close },
    change: change
      ? {
          overlap: significant(change.overlap),
          nearest: significant(change.nearest)!,
          nearestRank: change.nearestRank,
        }
      : null,
    coordinates: coordinates
      .slice(0, mostCoordinates)
      .map(({ index, share: part, massive }) => ({ index, share: Number(part.toPrecision(3)), massive })),
    ends: [endOf(positive), endOf(negative)],
  };
}

function endOf({ tokens, passages }: DirectionEnd): DirectionEndStory {
  return {
    tokens:
      tokens?.slice(0, 10).map(({ id, text, logit }) => ({ text: text ?? String(id), logit: significant(logit)! })) ??
      null,
    passages: passages.slice(0, 3).map(({ text, ids, score }) => ({
      text: lastOf(text ?? ids.join(' ')),
      score: significant(score)!,
    })),
  };
}

/** The end of a passage is what matters: its start is cut. */
function lastOf(text: string): string {
  const characters = Array.from(text);
  return characters.length <= longestPassage ? text : `…${characters.slice(1 - longestPassage).join('')}`;
}
