/**
 * `--alert`: conditions over the tidy table, held against each checkpoint as it is measured, or found measured. Earlier
 * checkpoints are those of the run, also where their weights are long deleted, as far as they were measured alike.
 */
import { holds, parseCondition, valuesOf, type Condition } from '../alerts/index.js';
import { EigentraceError } from '../errors.js';
import {
  differences,
  listMeasurements,
  settleAlerts,
  tableColumns,
  tableRow,
  type FiredAlert,
  type Known,
  type Measurement,
  type MeasurementRef,
  type Run,
  type TableRow,
} from '../record/index.js';
import { checkWebhook, postAlert } from './webhook.js';

/** What a caller wants to hear of. */
export interface AlertOptions {
  /** Conditions such as `rankme < 0.5*max`; see docs/live.md. */
  readonly conditions: readonly string[];
  /** End when one holds. Default false: go on. */
  readonly stop: boolean;
  /** A web address that is posted each new alert; null: none. */
  readonly webhook: string | null;
}

/** The conditions read and the address checked; wrong ones are a `usage` error. */
export function checkAlerts(options: AlertOptions): { conditions: Condition[]; webhook: URL | null } {
  const conditions = options.conditions.map((text) => parseCondition(text, tableColumns));
  if (conditions.length === 0 && (options.stop || options.webhook !== null)) {
    const flag = options.stop ? '--alert-stop' : '--alert-webhook';
    throw new EigentraceError(
      'usage',
      `${flag}: has no --alert (expected a condition, such as --alert 'rankme < 0.5*max')`,
    );
  }
  return { conditions, webhook: options.webhook === null ? null : checkWebhook(options.webhook) };
}

export class Alerts {
  readonly #run: Run;
  readonly #conditions: readonly Condition[];
  readonly #webhook: URL | null;
  readonly #stop: boolean;
  readonly #signal: AbortSignal | undefined;
  readonly #known: Known = new Map();
  readonly #posts: Promise<string | null>[] = [];
  readonly #fired: FiredAlert[] = [];

  constructor(run: Run, options: AlertOptions, signal: AbortSignal | undefined) {
    const { conditions, webhook } = checkAlerts(options);
    this.#run = run;
    this.#conditions = conditions;
    this.#webhook = webhook;
    this.#stop = options.stop;
    this.#signal = signal;
  }

  /** All that fired. */
  get fired(): readonly FiredAlert[] {
    return this.#fired;
  }

  /** Whether the work is to end now. */
  get isStopped(): boolean {
    return this.#stop && this.#fired.length > 0;
  }

  /** Holds the conditions against a stored measurement; those that hold are kept in the run, and new ones posted. */
  async check(ref: MeasurementRef): Promise<FiredAlert[]> {
    const all = (await listMeasurements(this.#run, this.#known)).measurements.map(({ measurement }) => measurement);
    const at = all.findIndex((m) => isAt(m, ref));
    const own = all[at];
    if (!own) return [];
    const before = all.slice(0, at).filter((m) => isAlike(m, own));
    const fired = this.#conditions.flatMap((condition) => alertOf(condition, own, before) ?? []);
    const fresh = await settleAlerts(
      this.#run.path,
      ref,
      this.#conditions.map(({ text }) => text),
      fired,
    );
    for (const alert of this.#webhook ? fresh : []) {
      this.#posts.push(postAlert(this.#webhook!, alert, this.#run.path, { signal: this.#signal }));
    }
    this.#fired.push(...fired);
    return fired;
  }

  /** Waits for what is on its way to the webhook; gives what did not arrive. */
  async close(): Promise<string[]> {
    const problems = await Promise.all(this.#posts);
    return [...new Set(problems.filter((problem) => problem !== null))];
  }
}

function isAt(m: Measurement, ref: MeasurementRef): boolean {
  return m.series === ref.series && m.stage === ref.stage && m.revision === ref.revision && m.variant === ref.variant;
}

/** An earlier checkpoint of the same curve: nothing but the weights tells its key from this one's. */
function isAlike(m: Measurement, own: Measurement): boolean {
  return (
    m.series === own.series &&
    m.stage === own.stage &&
    m.variant === own.variant &&
    differences(m.keyParts, own.keyParts).every((line) => line.startsWith('weights'))
  );
}

function alertOf(condition: Condition, own: Measurement, before: readonly Measurement[]): FiredAlert | null {
  const layers = Object.keys(own.layers).flatMap((layer) => {
    const row = tableRow(own, layer);
    const earlier = before.filter((m) => layer in m.layers).map((m) => tableRow(m, layer));
    return holds(condition, row, earlier) === true ? [{ layer, values: valuesOf(condition, row, earlier) }] : [];
  });
  if (layers.length === 0) return null;
  const { series, stage, revision, variant, step, tokens, key } = own;
  return {
    ...{ alert: condition.text, series, stage, revision, variant, step, tokens, layers, key },
    message: messageOf(condition, own, layers),
    created: new Date().toISOString(),
  };
}

/** `rankme < 0.5*max (rankme 12.1, max(rankme) 63.4)`; of several layers the first speaks. */
function messageOf({ text }: Condition, own: Measurement, layers: FiredAlert['layers']): string {
  const [first] = layers;
  const number = (value: TableRow[keyof TableRow]) =>
    typeof value === 'number' ? String(Number(value.toPrecision(4))) : (value ?? 'absent');
  const values = Object.entries(first!.values).map(([name, value]) => `${name} ${number(value)}`);
  const all = Object.keys(own.layers).length;
  const where =
    all === 1 ? '' : ` at layer ${first!.layer}${layers.length > 1 ? ` and ${layers.length - 1} more of ${all}` : ''}`;
  return `${text}${where}${values.length > 0 ? ` (${values.join(', ')})` : ''}`;
}
