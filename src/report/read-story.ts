/** RUN folders as one story: what a page, a report and the findings are made from. */
import { resolve } from 'node:path';
import { EigentraceError } from '../errors.js';
import type { StoredMeasurement } from '../record/index.js';
import type { Story } from '../story/index.js';
import { ownVersion } from './bundle.js';
import { RunReader, type ReadRun } from './run-reader.js';

export interface StoryOptions {
  /** Folders or files of lm-evaluation-harness results to draw beside the curves. Default none. */
  evaluations?: readonly string[];
  /** Training logs: `trainer_state.json` or CSV files. Default none. */
  logs?: readonly string[];
  /** Whether a folder that is no run yet is waited for: a problem of the story in place of an error. Default false. */
  wait?: boolean;
  /** Version of eigentrace, for the story. Default: this one. */
  version?: string;
}

/** Reads runs again and again, keeping what did not change. */
export class StoryReader {
  readonly runs: readonly RunReader[];
  readonly #version: string;
  #runs: readonly ReadRun[] = [];
  #last: ReadStory | null = null;

  constructor(runs: readonly string[], options: StoryOptions = {}) {
    if (runs.length === 0) throw new EigentraceError('usage', 'RUN: is missing (expected the folder of a run)');
    const paths = runs.map((run) => resolve(run));
    const again = paths.find((path, i) => paths.indexOf(path) < i);
    if (again !== undefined) throw new EigentraceError('usage', `${again}: the same run twice (expected each once)`);
    const names = namesOf(paths);
    this.runs = paths.map((path, i) => new RunReader(path, String(i + 1), names[i]!, { wait: options.wait ?? false }));
    this.#version = options.version ?? ownVersion();
  }

  /** Reads what changed since the last time; where nothing did, the result is the same object as before. */
  async read(): Promise<ReadStory> {
    const read: ReadRun[] = [];
    for (const run of this.runs) read.push(await run.read());
    if (this.#last !== null && read.every((run, i) => run === this.#runs[i])) return this.#last;
    this.#runs = read;
    const story = {
      made: new Date().toISOString(),
      version: this.#version,
      runs: read.map((run) => run.story),
    };
    this.#last = { story, sources: new Map(read.flatMap(({ sources }) => [...sources])) };
    return this.#last;
  }
}

export interface ReadStory {
  readonly story: Story;
  /** By id of a series: the measurements of its checkpoints, for their spectra. */
  readonly sources: ReadonlyMap<string, readonly StoredMeasurement[]>;
}

/** The story of some runs. A folder that is no run is an error; a damaged file in one is a problem of the story. */
export async function readStory(runs: readonly string[], options: StoryOptions = {}): Promise<Story> {
  return (await new StoryReader(runs, options).read()).story;
}

/** As many last parts of each path as tell the runs apart. */
function namesOf(paths: readonly string[]): string[] {
  const parts = paths.map((path) => path.split(/[\\/]/).filter((part) => part !== ''));
  const most = Math.max(...parts.map(({ length }) => length));
  for (let count = 1; count < most; count++) {
    const names = parts.map((words) => words.slice(-count).join('/'));
    if (new Set(names).size === names.length) return names;
  }
  return parts.map((words) => words.join('/'));
}
