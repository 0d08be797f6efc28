/**
 * A RUN folder as a page shows it. A reader keeps what it read: looking again reads only the files that changed, so a
 * live page can look every second. Damaged files are problems of the story, never an end of it.
 */
import { kindOf, stageFile } from '../bytes/index.js';
import { EigentraceError, messageOf } from '../errors.js';
import {
  listMeasurements,
  openRun,
  runFormat,
  runVersion,
  type Known,
  type Listing,
  type Run,
  type RunRecord,
  type StoredMeasurement,
} from '../record/index.js';
import type { Failure, RunStory } from '../story/index.js';
import { commandsOf } from './commands.js';
import { seriesOf, type SeriesSource } from './series.js';

/** What was read of a run at one moment. */
export interface ReadRun {
  readonly story: RunStory;
  /** By id of a series: the measurements of its checkpoints, in the story's order. */
  readonly sources: ReadonlyMap<string, readonly StoredMeasurement[]>;
}

export class RunReader {
  readonly path: string;
  readonly #id: string;
  readonly #name: string;
  readonly #known: Known = new Map();

  /** `name`: what the run is called on the page. */
  constructor(path: string, id: string, name: string) {
    this.path = path;
    this.#id = id;
    this.#name = name;
  }

  /** Reads what changed since the last time. Throws only where the folder is no run at all. */
  async read(): Promise<ReadRun> {
    const { run, problem } = await this.#open();
    const listing = await listMeasurements(run, this.#known);
    const { record } = run;
    const sources = seriesSources(listing, this.#id);
    const series = sources.map((source) => seriesOf(source, record));
    const story: RunStory = {
      ...{ id: this.#id, name: this.#name, series },
      failures: failuresOf(record).map((failure) => ({ ...failure, message: this.#below(failure.message) })),
      problems: [
        ...(problem === null ? [] : [{ file: 'run.json', message: this.#below(problem) }]),
        ...listing.problems.map(({ path, message }) => ({ file: this.#below(path), message: this.#below(message) })),
      ],
      commands: commandsOf(record, this.#name),
    };
    return { story, sources: new Map(sources.map(({ id, measurements }) => [id, measurements])) };
  }

  /** A run whose run.json is damaged still has its measurements. */
  async #open(): Promise<{ run: Run; problem: string | null }> {
    try {
      return { run: await openRun(this.path), problem: null };
    } catch (error) {
      const isRun = (await kindOf(`${this.path}/geometry`)) === 'folder';
      if (!(error instanceof EigentraceError) || !isRun) throw error;
      const record: RunRecord = { format: runFormat, version: runVersion, requests: [], failures: [] };
      return { run: { path: this.path, record, stage: stageFile }, problem: messageOf(error) };
    }
  }

  /** Text without the folder's own place on this machine: pages are shared. */
  #below(text: string): string {
    return text.replaceAll(`${this.path}/`, '');
  }
}

/** Failed checkpoints, with the place that the requests give them. */
function failuresOf(record: RunRecord): Failure[] {
  const planned = record.requests.flatMap((request) =>
    request.series.stages.flatMap((stage) =>
      stage.checkpoints.map((checkpoint) => ({ series: request.series.name, stage: stage.name, ...checkpoint })),
    ),
  );
  return record.failures.map(({ series, stage, revision, variant, code, message }) => {
    const place = planned.find((p) => p.series === series && p.stage === stage && p.revision === revision);
    const { step = null, tokens = null } = place ?? {};
    return { series, stage, revision, variant, step, tokens, code, message };
  });
}

/** The curves of a run: measurements by series and variant, in the listing's order. */
function seriesSources(listing: Listing, run: string): SeriesSource[] {
  const found = new Map<string, StoredMeasurement[]>();
  for (const stored of listing.measurements) {
    const { series, variant } = stored.measurement;
    const id = [run, series, ...(variant === null ? [] : [variant])].join('/');
    found.set(id, [...(found.get(id) ?? []), stored]);
  }
  // A series' main request first, whatever was measured first.
  const order = [...found].map(([id, measurements], at) => ({ id, run, measurements, at }));
  const names = order.map(({ measurements: [m] }) => m!.measurement.series);
  return order.sort((a, b) => {
    const [x, y] = [a.measurements[0]!.measurement, b.measurements[0]!.measurement];
    if (x.series !== y.series) return names.indexOf(x.series) - names.indexOf(y.series);
    return Number(x.variant !== null) - Number(y.variant !== null) || a.at - b.at;
  });
}
