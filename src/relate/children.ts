/**
 * Children of checkpoints (definitions §9 on a tree): does a parent's geometry say how well what was trained from it does?
 * A child's score or loss stands at its parent: of each seed the last child, then the mean over seeds, so that every
 * parent counts once. What follows is a curve over parents and is related to their geometry as any other.
 */
import type { CurvePoint, Finding } from '../record/index.js';
import { relationsOf, type DownstreamCurve, type Geometry, type StageRelations } from '../story/index.js';

export interface ChildPair {
  readonly revision: string;
  readonly step: number | null;
  readonly seed: number | string | null;
  readonly parent: string;
  /** Whether the series names the parent; else it is the last checkpoint of the stage before. */
  readonly isNamed: boolean;
  /** Figures of the parent. */
  readonly figures: Readonly<Record<string, number | null>>;
  /** Of the child, by `task metric`. */
  readonly scores: Readonly<Record<string, number>>;
}

export interface ChildRelations {
  readonly stage: string;
  readonly parentStage: string;
  readonly parents: number;
  readonly pairs: readonly ChildPair[];
  readonly relations: StageRelations;
}

/** A child before its parent's figures are known. */
interface Child {
  readonly stage: string;
  readonly revision: string;
  readonly step: number | null;
  readonly seed: number | string | null;
  readonly parent: string | null;
  readonly scores: Map<string, { task: string; metric: string; value: number }>;
}

/** `findings`: of tasks and of post-training, of this series; `curves`: those of tasks that were asked for. */
export function childrenOf(
  points: readonly CurvePoint[],
  findings: readonly Finding[],
  curves: readonly DownstreamCurve[],
  geometry: Geometry,
  figures: readonly string[],
): ChildRelations[] {
  const children = collected(points, findings, curves);
  const groups = new Map<string, { stage: string; parentStage: string; pairs: (ChildPair & { child: Child })[] }>();
  for (const child of children.values()) {
    const found = parentOf(child, children, geometry);
    if (found === null || child.scores.size === 0) continue;
    const { index, isNamed } = found;
    const { stage: parentStage, revision: parent } = geometry.checkpoints[index]!;
    const key = JSON.stringify([child.stage, parentStage]);
    const group = groups.get(key) ?? { stage: child.stage, parentStage, pairs: [] };
    groups.set(key, group);
    const { revision, step, seed, scores } = child;
    group.pairs.push({
      ...{ revision, step, seed, parent, isNamed, child },
      figures: Object.fromEntries(figures.map((name) => [name, geometry.figures[name]?.[index] ?? null])),
      scores: Object.fromEntries([...scores].map(([name, { value }]) => [name, value])),
    });
  }
  return [...groups.values()].map(({ stage, parentStage, pairs }) => ({
    ...{ stage, parentStage, parents: new Set(pairs.map(({ parent }) => parent)).size },
    pairs: pairs.map(({ child: _, ...pair }) => pair),
    relations: relationsOf(geometry, curvesOverParents(pairs, parentStage), {
      stage: parentStage,
      figures,
      points: 'parents with children',
    }),
  }));
}

/** Scores at each parent. */
function curvesOverParents(pairs: readonly (ChildPair & { child: Child })[], parentStage: string): DownstreamCurve[] {
  const names = [...new Set(pairs.flatMap(({ child }) => [...child.scores.keys()]))];
  return names.map((name) => {
    const { task, metric } = pairs.find(({ child }) => child.scores.has(name))!.child.scores.get(name)!;
    const parents = [...new Set(pairs.map(({ parent }) => parent))];
    return {
      ...{ task, metric, source: 'children' },
      points: parents.flatMap((parent) => {
        const own = pairs.filter((pair) => pair.parent === parent && pair.child.scores.has(name));
        if (own.length === 0) return [];
        const last = [...new Set(own.map(({ seed }) => seed))].map((seed) =>
          own.filter((pair) => pair.seed === seed).reduce((a, b) => ((b.step ?? 0) >= (a.step ?? 0) ? b : a)),
        );
        const value = last.reduce((sum, { child }) => sum + child.scores.get(name)!.value, 0) / last.length;
        return [{ stage: parentStage, revision: parent, step: null, tokens: null, value, se: null, n: last.length }];
      }),
    };
  });
}

function collected(
  points: readonly CurvePoint[],
  findings: readonly Finding[],
  curves: readonly DownstreamCurve[],
): Map<string, Child> {
  const children = new Map<string, Child>();
  const child = (of: Omit<Child, 'scores'>): Child => {
    const known = children.get(`${of.stage}\n${of.revision}`);
    const made = known ?? { ...of, scores: new Map() };
    children.set(`${of.stage}\n${of.revision}`, made);
    return made;
  };
  for (const { measurement: m } of points) {
    const { stage, revision, step, seed, parent, nll } = m;
    const made = child({ stage, revision, step, seed, parent });
    const loss = nll?.value ?? null;
    if (loss !== null) made.scores.set('nll', { task: 'nll', metric: 'nats a token', value: loss });
  }
  for (const { stage, revision, step, seed, parent, kind, values } of findings) {
    const made = child({ stage, revision, step, seed, parent });
    if (kind !== 'posttraining') continue;
    for (const { name, metric, value } of values) {
      if (value !== null) made.scores.set(`${name} ${metric}`, { task: name, metric, value });
    }
  }
  for (const { task, metric, points: results } of curves) {
    for (const { stage, revision, step, value } of results) {
      const made = child({ stage, revision: revision ?? `step${step ?? ''}`, step, seed: null, parent: null });
      made.scores.set(`${task} ${metric}`, { task, metric, value });
    }
  }
  return children;
}

/**
 * The measured checkpoint of another stage that it was trained from: the one its `parent`s lead to, else the last of the
 * stage before. Null for pretraining, and where the parent was not measured.
 */
function parentOf(
  child: Child,
  children: ReadonlyMap<string, Child>,
  { checkpoints }: Geometry,
): { index: number; isNamed: boolean } | null {
  const seen = new Set<string>();
  let at: string | null = child.parent;
  while (at !== null && !seen.has(at)) {
    seen.add(at);
    const name: string = at;
    const index = checkpoints.findIndex(({ revision }) => revision === name);
    if (index >= 0 && checkpoints[index]!.stage !== child.stage) return { index, isNamed: true };
    at = children.get(`${child.stage}\n${name}`)?.parent ?? null;
  }
  if (child.parent !== null) return null;
  const first = checkpoints.findIndex(({ stage }) => stage === child.stage);
  return first <= 0 ? null : { index: first - 1, isNamed: false };
}
