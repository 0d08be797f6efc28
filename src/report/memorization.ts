/** Findings of memorization in a run, as a page shows them: by series, a set of questions or passages each. */
import { detailOf } from '../memorization/detail.js';
import { groupsOf, summaryOf } from '../memorization/summary.js';
import type { Finding, FindingValue } from '../record/index.js';
import type { MemorizationBars, MemorizationStory } from '../story/index.js';
import { placeOf, significant, type FindingPlace } from './found.js';

/** Questions that are drawn one by one. */
const scatterLimit = 1000;

/** What is kept of a finding. */
export interface KeptMemorization {
  readonly place: FindingPlace;
  readonly finding: Finding;
}

export function keepMemorization(finding: Finding): KeptMemorization {
  return { place: placeOf(finding), finding };
}

/** By series, in the order of the findings. */
export function memorizationStories(kept: readonly KeptMemorization[]): Map<string, MemorizationStory[]> {
  const stories = new Map<string, MemorizationStory[]>();
  for (const group of groupsOf(kept.map(({ finding }) => finding))) {
    const { series } = group[0]!;
    stories.set(series, [...(stories.get(series) ?? []), memorizationStory(group)]);
  }
  return stories;
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
  // Points are those that are no control's, in this order.
  const details = findings.filter(({ control: drawn }) => !drawn).map(detailOf);
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
    bars:
      detail?.what === 'passages'
        ? { suffix: barsOf(details, 'by_suffix'), position: barsOf(details, 'by_position') }
        : null,
    windows: windowsOf(last),
  };
}

function barsOf(details: readonly ReturnType<typeof detailOf>[], by: 'by_suffix' | 'by_position'): MemorizationBars {
  const all = details.map((detail) => (detail?.what === 'passages' ? detail[by] : []));
  const edges = all.findLast((bars) => bars.length > 0) ?? [];
  return {
    edges: edges.map(({ from, to, tokens, share }) => ({ from, to, tokens, share: significant(share) })),
    gaps: all.map((bars) => edges.map(({ from }) => significant(bars.find((bar) => bar.from === from)?.gap ?? null))),
  };
}

/** Lengths stand in the definition: `memorization[extractable 32+32]@1`. */
function windowsOf({ values }: Finding): MemorizationStory['windows'] {
  const found = values.find(({ metric }) => metric === 'extractable');
  const lengths = /extractable (\d+)\+(\d+)/.exec(found?.definition ?? '');
  if (!found?.n || !lengths) return null;
  return { count: found.n, promptTokens: Number(lengths[1]), extractTokens: Number(lengths[2]) };
}

/** A page needs no more digits than pixels. */
const round = (value: number): number => significant(value)!;
