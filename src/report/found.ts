/**
 * What the neighbours of `trace` found in a run (RUN/memorization, ablation, directions, samples, tasks, …): read again and
 * again, each file once while it stays as it is, and only what a page shows is kept of it.
 */
import { listFindings, type Finding, type FindingKind, type KnownFindings, type Run } from '../record/index.js';

/** Where a finding stands, and of what it is. */
export interface FindingPlace extends Pick<
  Finding,
  'series' | 'stage' | 'revision' | 'step' | 'tokens' | 'parent' | 'seed'
> {
  readonly isControl: boolean;
  readonly weights: string | null;
  readonly provenance: Pick<Finding['provenance'], 'model' | 'precision' | 'device' | 'versions' | 'created'>;
}

export function placeOf(finding: Finding): FindingPlace {
  const { series, stage, revision, step, tokens, parent, seed, control, provenance } = finding;
  const { model, precision, device, versions, created, weights } = provenance;
  return {
    ...{ series, stage, revision, step, tokens, parent, seed },
    isControl: (control ?? null) !== null,
    weights: weights?.sha256 ?? null,
    provenance: { model, precision, device, versions, created },
  };
}

/** What is read of one kind. */
export interface FoundKind<T extends { readonly place: FindingPlace }, S> {
  readonly kind: FindingKind;
  /** What is needed of a finding; throws where it has another form. */
  readonly keep: (finding: Finding) => T;
  /** By name of the series. */
  readonly tell: (kept: readonly T[]) => ReadonlyMap<string, readonly S[]>;
}

export interface ReadFound<S> {
  readonly stories: ReadonlyMap<string, readonly S[]>;
  /** In the order of the findings. */
  readonly places: readonly FindingPlace[];
  readonly problems: readonly { readonly path: string; readonly message: string }[];
}

/** Reads a kind again and again; where no file changed, the result is the same object as before. */
export class FoundReader<T extends { readonly place: FindingPlace }, S> {
  readonly #of: FoundKind<T, S>;
  readonly #known: KnownFindings<T> = new Map();
  #before: { readonly kept: readonly T[]; readonly problems: readonly unknown[]; readonly read: ReadFound<S> } | null =
    null;

  constructor(of: FoundKind<T, S>) {
    this.#of = of;
  }

  async read(run: Run): Promise<ReadFound<S>> {
    const { kind, keep, tell } = this.#of;
    const { kept, problems } = await listFindings(run, kind, ({ finding }) => keep(finding), this.#known);
    const before = this.#before;
    if (before && isSame(kept, before.kept) && isSame(problems, before.problems)) return before.read;
    const read = { stories: tell(kept), places: kept.map(({ place }) => place), problems };
    this.#before = { kept, problems, read };
    return read;
  }
}

function isSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}

/** What has one key together, in the order in which the keys appear. */
export function grouped<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return [...groups.values()];
}

/** By name, what `of` gives. */
export function columns<T>(names: readonly string[], of: (name: string) => T): Record<string, T> {
  return Object.fromEntries(names.map((name) => [name, of(name)]));
}

/** A page needs no more digits than pixels. */
export function significant(value: number | null): number | null {
  return value === null ? null : Number(value.toPrecision(5));
}

/** Places of a list in the order in which they matter: the last, the first, then halves of what lies between. */
export function spreadOrder(length: number): number[] {
  const order = new Set<number>([length - 1, 0]);
  for (let parts = 2; order.size < length; parts *= 2) {
    for (let i = 1; i < parts; i++) order.add(Math.round(((length - 1) * i) / parts));
  }
  return [...order].filter((at) => at >= 0 && at < length);
}
