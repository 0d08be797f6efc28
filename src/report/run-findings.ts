/** All that the neighbours of `trace` found in a run, by series. */
import { findingKinds, type Run } from '../record/index.js';
import type { SeriesStory } from '../story/index.js';
import { ablationStories, keepAblation } from './ablation.js';
import { directionsStories, keepDirections } from './directions.js';
import { FoundReader, placeOf, type FindingPlace } from './found.js';
import { keepMemorization, memorizationStories } from './memorization.js';
import { keepSamples, samplesStories } from './samples.js';
import { keepTasks, taskStories } from './tasks.js';

/** What a series' story holds of it. */
export type FoundStories = Partial<
  Pick<SeriesStory, 'memorization' | 'ablation' | 'directions' | 'samples' | 'downstream'>
>;

/** Kinds that have sections of their own. */
const shown: readonly string[] = ['memorization', 'ablation', 'directions', 'samples', 'tasks'];

export interface RunFindings {
  readonly stories: ReadonlyMap<string, FoundStories>;
  /** By name of the series: every finding that is no control's, kind by kind, each kind in its order. */
  readonly places: ReadonlyMap<string, readonly FindingPlace[]>;
  readonly problems: readonly { readonly path: string; readonly message: string }[];
}

/** Reads them again and again; where nothing changed, the result is the same object as before. */
export class RunFindingsReader {
  readonly #memorization = new FoundReader({
    ...{ kind: 'memorization' as const, keep: keepMemorization, tell: memorizationStories },
  });
  readonly #ablation = new FoundReader({ kind: 'ablation' as const, keep: keepAblation, tell: ablationStories });
  readonly #directions = new FoundReader({
    kind: 'directions' as const,
    keep: keepDirections,
    tell: directionsStories,
  });
  readonly #samples = new FoundReader({ kind: 'samples' as const, keep: keepSamples, tell: samplesStories });
  readonly #tasks = new FoundReader({ kind: 'tasks' as const, keep: keepTasks, tell: taskStories });
  /** Of kinds that are not shown: where they stand. */
  readonly #others = findingKinds
    .filter((kind) => !shown.includes(kind))
    .map(
      (kind) =>
        new FoundReader({
          ...{ kind, keep: (finding) => ({ place: placeOf(finding) }), tell: () => new Map<string, never[]>() },
        }),
    );
  #before: { readonly parts: readonly unknown[]; readonly read: RunFindings } | null = null;

  async read(run: Run): Promise<RunFindings> {
    const memorization = await this.#memorization.read(run);
    const ablation = await this.#ablation.read(run);
    const directions = await this.#directions.read(run);
    const samples = await this.#samples.read(run);
    const tasks = await this.#tasks.read(run);
    const others = [];
    for (const reader of this.#others) others.push(await reader.read(run));
    const parts = [memorization, ablation, directions, samples, tasks, ...others];
    if (this.#before?.parts.every((part, i) => part === parts[i])) return this.#before.read;
    const places = new Map<string, FindingPlace[]>();
    for (const place of parts.flatMap((part) => part.places)) {
      if (!place.isControl) places.set(place.series, [...(places.get(place.series) ?? []), place]);
    }
    const names = [...new Set(parts.flatMap(({ stories }) => [...stories.keys()]))];
    const storiesOf = (name: string): FoundStories => ({
      ...own('memorization', memorization.stories.get(name)),
      ...own('ablation', ablation.stories.get(name)),
      ...own('directions', directions.stories.get(name)),
      ...own('samples', samples.stories.get(name)),
      ...own('downstream', tasks.stories.get(name)),
    });
    const read: RunFindings = {
      stories: new Map(names.map((name) => [name, storiesOf(name)])),
      places,
      problems: parts.flatMap(({ problems }) => problems),
    };
    this.#before = { parts, read };
    return read;
  }
}

/** A story holds no key of what was not found. */
function own<K extends string, T>(key: K, value: T | undefined): { readonly [k in K]?: T } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [k in K]: T });
}
