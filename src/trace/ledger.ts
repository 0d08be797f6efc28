/** Where a job's measurements stand in its RUN: the requests it enters there, their variants, what failed. */
import type { Series, SeriesEntry } from '../checkpoints/index.js';
import type { Sequences } from '../corpus/index.js';
import { EigentraceError, messageOf } from '../errors.js';
import { addFailure, addRequest, type MeasurementRef, type Run, type RunRecord } from '../record/index.js';
import { controlsOf, type Control } from './control.js';
import { runRequest, variantOf } from './recording.js';
import type { TraceRequest } from './request.js';
import type { Opened } from './source.js';
import { versions } from './versions.js';

export class Ledger {
  readonly run: Run;
  /** Of everything that measures, as records keep them. */
  readonly versions: Record<string, string>;
  readonly #request: TraceRequest;
  readonly #series: string;
  /** Of the real measurements. Until the request is in `run.json` it is what that said when it was opened. */
  #main: string | null;

  private constructor(run: Run, request: TraceRequest, series: string, versions: Record<string, string>) {
    this.run = run;
    this.versions = versions;
    this.#request = request;
    this.#series = series;
    this.#main = variantOf(run.record, series, request, null);
  }

  static async open(run: Run, request: TraceRequest, series: string): Promise<Ledger> {
    return new Ledger(run, request, series, await versions());
  }

  variant(control: Control | null): string | null {
    return control ? variantOf(null, this.#series, this.#request, control) : this.#main;
  }

  ref({ stage, revision }: SeriesEntry, control: Control | null): MeasurementRef {
    return { series: this.#series, stage, revision, variant: this.variant(control) };
  }

  /**
   * Writes the requests into `run.json`, the nulls' too. True where the measurements have another place than was thought:
   * another process has made its request the main one meanwhile.
   */
  async ask(series: Series, opened: Opened | null, { grows }: { grows: boolean }): Promise<boolean> {
    const sequences = opened?.kind === 'model' ? opened.sequences : null;
    const { variant } = await this.#add(series, null, sequences, grows);
    for (const control of controlsOf(this.#request)) {
      await this.#add(series, control, control.kind === 'gaussian' ? null : sequences, grows);
    }
    const moved = variant !== this.#main;
    this.#main = variant;
    return moved;
  }

  #add(series: Series, control: Control | null, sequences: Sequences | null, grows: boolean) {
    const requestOf = (record: RunRecord) => {
      const variant = variantOf(record, series.name, this.#request, control);
      return runRequest(this.#request, series, sequences, { variant, control, versions: this.versions });
    };
    return addRequest(this.run, requestOf, { grows });
  }

  /** Enters why a checkpoint could not be measured; gives what is said of it. */
  async fail(entry: SeriesEntry, control: Control | null, error: unknown): Promise<string> {
    const message = messageOf(error);
    const code = error instanceof EigentraceError ? error.code : 'internal';
    const text = code === 'internal' && !message.startsWith('internal:') ? `internal: ${message}` : message;
    const created = new Date().toISOString();
    await addFailure(this.run, { ...this.ref(entry, control), code, message: text, created });
    return text;
  }
}
