/** Results of tasks in a run (RUN/tasks) as curves of its series' stories. */
import { identify } from '../bytes/index.js';
import { taskCurves } from '../evaluation/index.js';
import { findingFiles } from '../record/finding-store.js';
import { readFindings, type Run } from '../record/index.js';
import type { DownstreamCurve, SeriesStory } from '../story/index.js';

export interface ReadTasks {
  /** By name of the series. */
  readonly curves: ReadonlyMap<string, readonly DownstreamCurve[]>;
  readonly problems: readonly { readonly path: string; readonly message: string }[];
}

/** Reads them again and again; where no file changed, the result is the same object as before. */
export class TasksReader {
  #state: string | null = null;
  #read: ReadTasks | null = null;

  async read(run: Run): Promise<ReadTasks> {
    const files = await findingFiles(run, 'tasks');
    const state = JSON.stringify(await Promise.all(files.map((path) => identify(path).catch(() => null))));
    if (this.#read && state === this.#state) return this.#read;
    const { findings, problems } = await readFindings(run, 'tasks');
    this.#state = state;
    this.#read = { curves: taskCurves(findings.map(({ finding }) => finding)), problems };
    return this.#read;
  }
}

/** The story of a series' main request with the results that its run holds. */
export function withTasks(story: SeriesStory, { curves }: ReadTasks): SeriesStory {
  const own = story.variant === null ? curves.get(story.name) : undefined;
  return own ? { ...story, downstream: own } : story;
}
