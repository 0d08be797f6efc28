/** Findings of memorization in a run, as a page shows them: by series, a set of questions or passages each. */
import { identify } from '../bytes/index.js';
import { detailOf } from '../memorization/detail.js';
import { groupsOf, summaryOf } from '../memorization/summary.js';
import { findingFiles } from '../record/finding-store.js';
import { readFindings, type Finding, type FindingValue, type Run } from '../record/index.js';
import type { MemorizationStory } from '../story/index.js';

export interface ReadMemorization {
  /** By name of the series. */
  readonly stories: ReadonlyMap<string, readonly MemorizationStory[]>;
  readonly problems: readonly { readonly path: string; readonly message: string }[];
}

/** Questions that are drawn one by one. */
const scatterLimit = 1000;

/** Reads them again and again; where no file changed, the result is the same object as before. */
export class MemorizationReader {
  #state: string | null = null;
  #read: ReadMemorization | null = null;

  async read(run: Run): Promise<ReadMemorization> {
    const files = await findingFiles(run, 'memorization');
    const states = await Promise.all(files.map((path) => identify(path).catch(() => null)));
    const state = JSON.stringify(states);
    if (this.#read && state === this.#state) return this.#read;
    const { findings, problems } = await readFindings(run, 'memorization');
    const stories = new Map<string, MemorizationStory[]>();
    for (const group of groupsOf(findings.map(({ finding }) => finding))) {
      const { series } = group[0]!;
      stories.set(series, [...(stories.get(series) ?? []), memorizationStory(group)]);
    }
    this.#state = state;
    this.#read = { stories, problems };
    return this.#read;
  }
}

/** `findings`: those that belong together, in the order of their series. */
export function memorizationStory(findings: readonly Finding[]): MemorizationStory {
  const { what, name, index, points, control, suffixes, conclusion } = summaryOf(findings);
  const metrics = [...new Set(points.flatMap(({ values }) => values.map(({ metric }) => metric)))];
  const column = (of: (value: FindingValue) => number | null) =>
    Object.fromEntries(
      metrics.map((metric) => [
        metric,
        points.map(({ values }) => {
          const found = values.find((value) => value.metric === metric);
          return found ? of(found) : null;
        }),
      ]),
    );
  const last = findings.filter((finding) => !finding.control).at(-1) ?? findings.at(-1)!;
  const detail = detailOf(last);
  const { revision } = last;
  return {
    ...{ what, name, index, suffixes, conclusion },
    n: last.values[0]?.n ?? null,
    points: points.map(({ stage, revision, step, tokens, isControl, against }) => ({
      ...{ stage, revision, step, tokens, isControl },
      verdict: against && { strict: against.strict.verdict, published: against.published.verdict },
    })),
    values: column(({ value }) => value),
    errors: column(({ se }) => se),
    control: control && {
      kind: control.kind,
      values: Object.fromEntries(control.values.map(({ metric, value }) => [metric, value])),
    },
    scatter:
      detail?.what === 'questions'
        ? {
            revision,
            items: detail.items
              .slice(0, scatterLimit)
              .map(([lm, strict, published, tokens]) => [
                ...([round(lm), strict === null ? null : round(strict)] as const),
                ...([published === null ? null : round(published), tokens] as const),
              ]),
          }
        : null,
    bars: detail?.what === 'passages' ? { revision, suffix: detail.by_suffix, position: detail.by_position } : null,
  };
}

/** A page needs no more digits than pixels. */
const round = (value: number): number => Number(value.toPrecision(5));
