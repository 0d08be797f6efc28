/**
 * A RUN folder as a page shows it. A reader keeps what it read: looking again reads only the files that changed, so a
 * live page can look every second. Damaged files are problems of the story, never an end of it.
 */
import { identify, kindOf, stageFile } from '../bytes/index.js';
import { EigentraceError, messageOf } from '../errors.js';
import {
  alertsName,
  listMeasurements,
  openRun,
  readAlerts,
  runFormat,
  runVersion,
  type FiredAlert,
  type Known,
  type Listing,
  type Run,
  type RunRecord,
  type StoredMeasurement,
} from '../record/index.js';
import type { AlertStory, Failure, RunStory, SeriesStory } from '../story/index.js';
import { commandsOf } from './commands.js';
import { MemorizationReader, type ReadMemorization } from './memorization.js';
import { seriesOf, type SeriesSource } from './series.js';
import { TasksReader, withTasks, type ReadTasks } from './tasks.js';

/** What was read of a run at one moment. */
export interface ReadRun {
  readonly story: RunStory;
  /** By id of a series: the measurements of its checkpoints, in the story's order. */
  readonly sources: ReadonlyMap<string, readonly StoredMeasurement[]>;
}

/** State of a run.json that isn't there. */
const absent = 'absent';

export interface RunReaderOptions {
  /** Whether a folder that is no run (yet) is told as a problem instead of thrown. Default false. */
  readonly wait?: boolean;
}

export class RunReader {
  readonly path: string;
  readonly #id: string;
  readonly #name: string;
  readonly #wait: boolean;
  readonly #known: Known = new Map();
  #opened: { state: string; run: Run; problem: string | null } | null = null;
  #listing: Listing | null = null;
  #alerts: { state: string | null; fired: readonly FiredAlert[]; problem: string | null } | null = null;
  #read: ReadRun | null = null;
  readonly #memorizationReader = new MemorizationReader();
  #memorization: ReadMemorization | null = null;
  readonly #tasksReader = new TasksReader();
  #tasks: ReadTasks | null = null;
  #series = new Map<string, { measurements: readonly StoredMeasurement[]; record: RunRecord; story: SeriesStory }>();

  /** `name`: what the run is called on the page. */
  constructor(path: string, id: string, name: string, options: RunReaderOptions = {}) {
    this.path = path;
    this.#id = id;
    this.#name = name;
    this.#wait = options.wait ?? false;
  }

  /** What the page calls it. */
  get name(): string {
    return this.#name;
  }

  /**
   * Reads what changed since the last time; where nothing did, the result is the same object as before. Throws only where
   * the folder is no run at all.
   */
  async read(): Promise<ReadRun> {
    const before = this.#opened;
    const { run, problem } = await this.#open();
    const listing = await listMeasurements(run, this.#known);
    const heard = this.#alerts;
    await this.#readAlerts();
    const memorization = await this.#memorizationReader.read(run);
    const tasks = await this.#tasksReader.read(run);
    const isBesideSame = heard === this.#alerts && memorization === this.#memorization && tasks === this.#tasks;
    const isUnchanged = before === this.#opened && isBesideSame && isSame(listing, this.#listing);
    if (this.#read !== null && isUnchanged) return this.#read;
    this.#listing = listing;
    this.#memorization = memorization;
    this.#tasks = tasks;
    this.#read = this.#tell(run, problem, listing, { memorization, tasks });
    return this.#read;
  }

  /** Read again only when the file changed. */
  async #readAlerts(): Promise<void> {
    const state = await stateOf(`${this.path}/${alertsName}`).catch(() => null);
    if (this.#alerts?.state === state) return;
    try {
      this.#alerts = { state, fired: await readAlerts(this.path), problem: null };
    } catch (error) {
      this.#alerts = { state, fired: [], problem: messageOf(error) };
    }
  }

  #tell(
    { record }: Run,
    problem: string | null,
    listing: Listing,
    { memorization, tasks }: { readonly memorization: ReadMemorization; readonly tasks: ReadTasks },
  ): ReadRun {
    const sources = seriesSources(listing, this.#id);
    const told = new Map(sources.map((source) => [source.id, this.#seriesOf(source, record)]));
    this.#series = told;
    const series = [...told.values()].map(({ story }) => {
      const own = story.variant === null ? memorization.stories.get(story.name) : undefined;
      return withTasks(own ? { ...story, memorization: own } : story, tasks);
    });
    const { fired, problem: alertsProblem } = this.#alerts ?? { fired: [], problem: null };
    const story: RunStory = {
      ...{ id: this.#id, name: this.#name, series },
      failures: failuresOf(record).map((failure) => ({ ...failure, message: this.#below(failure.message) })),
      ...(fired.length === 0 ? {} : { alerts: fired.map(toldAlert) }),
      problems: [
        ...(problem === null ? [] : [{ file: 'run.json', message: this.#below(problem) }]),
        ...(alertsProblem === null ? [] : [{ file: alertsName, message: this.#below(alertsProblem) }]),
        ...[...listing.problems, ...memorization.problems, ...tasks.problems].map(({ path, message }) => ({
          file: this.#below(path),
          message: this.#below(message),
        })),
      ],
      commands: commandsOf(record, this.#name),
    };
    return { story, sources: new Map(sources.map(({ id, measurements }) => [id, measurements])) };
  }

  /** A series whose measurements are the same objects is the same curve. */
  #seriesOf(source: SeriesSource, record: RunRecord) {
    const { id, measurements } = source;
    const before = this.#series.get(id);
    if (before?.record === record && isSameList(before.measurements, measurements)) return before;
    return { measurements, record, story: seriesOf(source, record) };
  }

  /** A run whose run.json is damaged still has its measurements; run.json is read again only when it changed. */
  async #open(): Promise<{ run: Run; problem: string | null }> {
    const state = (await stateOf(`${this.path}/run.json`)) ?? absent;
    const before = this.#opened;
    if (before?.state === state && state !== absent) return before;
    const now = await this.#openNow();
    // Where there is still nothing, the same trouble as before is no change.
    if (before?.state === state && before.problem === now.problem) return before;
    this.#opened = { state, ...now };
    return this.#opened;
  }

  async #openNow(): Promise<{ run: Run; problem: string | null }> {
    try {
      return { run: await openRun(this.path), problem: null };
    } catch (error) {
      const isRun = (await kindOf(`${this.path}/geometry`)) === 'folder';
      const mayCome = this.#wait && (await kindOf(this.path)) !== 'file';
      if (!(error instanceof EigentraceError) || !(isRun || mayCome)) throw error;
      const record: RunRecord = { format: runFormat, version: runVersion, requests: [], failures: [] };
      return { run: { path: this.path, record, stage: stageFile }, problem: messageOf(error) };
    }
  }

  /** Text without the folder's own place on this machine: pages are shared. */
  #below(text: string): string {
    return text.replaceAll(`${this.path}/`, '');
  }
}

function toldAlert({ series, stage, revision, variant, message }: FiredAlert): AlertStory {
  return { series, stage, revision, variant, message };
}

function isSame(a: Listing, b: Listing | null): boolean {
  return b !== null && isSameList(a.measurements, b.measurements) && isSameList(a.problems, b.problems);
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}

/** What changes when a file does; null where there is none. */
async function stateOf(path: string): Promise<string | null> {
  if ((await kindOf(path)) === null) return null;
  const { size, mtimeNs, inode } = await identify(path);
  return `${size} ${mtimeNs} ${inode}`;
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
