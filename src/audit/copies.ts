/**
 * Revisions that serve another's weights. In a group of equal weights at most one revision is what its name says: the last
 * step, where the group holds it and is more than a pair of neighbours (a save that went wrong serves final weights); which
 * one is not known otherwise. A second name of the same step is no fault, nor is a stage that starts at its parent's weights.
 */
import { byStage, type RevisionFacts, type SeriesFacts, type WeightFacts } from './facts.js';
import { finding, type Finding } from './finding.js';
import { parseCheckpointName } from '../checkpoints/index.js';

/** Findings on whole checkpoints that are equal. */
export function identicalWeights({ revisions }: SeriesFacts): Finding[] {
  return groupsOf(revisions, contentOf).flatMap((group) => findingsOf(group, revisions));
}

function findingsOf(group: readonly RevisionFacts[], all: readonly RevisionFacts[]): Finding[] {
  const stepped = group.filter(({ step }) => step !== null);
  const named = group.filter(({ step }) => step === null);
  const places = [...new Set(stepped.map(placeOf))];
  const found: Finding[] = [];
  const [first] = stepped;
  if (places.length > 1) found.push(...copies(stepped, named, all));
  if (first !== undefined && places.length === 1 && stepped.length > 1) {
    found.push(finding('alias', `the same weights under ${stepped.length} names of one step`, stepped));
  }
  if (first !== undefined && places.length === 1 && named.length > 0) {
    const last = stepped.some((facts) => facts === lastOf(first.stage, all));
    const which = last ? 'the last step there' : 'not the last step';
    found.push(finding('alias', `carries the weights of ${nameOf(first, all)}, ${which}`, named));
  }
  if (first === undefined && named.length > 1)
    found.push(finding('alias', 'the same weights under several names', named));
  return found;
}

/** Equal weights at several steps. */
function copies(
  stepped: readonly RevisionFacts[],
  named: readonly RevisionFacts[],
  all: readonly RevisionFacts[],
): Finding[] {
  const isStart = startsAtParent(stepped, all);
  if (isStart !== null) return [isStart];
  const also = named.length > 0 ? ` and of ${named.map(({ revision }) => revision).join(', ')}` : '';
  const owner = ownerOf(stepped, named, all);
  if (owner === null) {
    const [first, second] = stepped;
    const message =
      stepped.length === 2
        ? `the weights don't change between ${nameOf(first!, all)} and ${nameOf(second!, all)}: at most one is what its name says`
        : `the same weights at ${stepped.length} steps${also}: at most one is what its name says`;
    return [finding('identical-weights', message, stepped)];
  }
  const others = stepped.filter((facts) => placeOf(facts) !== placeOf(owner));
  const last = owner === lastOf(owner.stage, all) ? ', the last step there' : '';
  return [finding('identical-weights', `the weights of ${nameOf(owner, all)}${last}${also}`, others)];
}

/** Step 0 of a stage has its parent's weights by right. */
function startsAtParent(stepped: readonly RevisionFacts[], all: readonly RevisionFacts[]): Finding | null {
  const starts = stepped.filter(({ step, stage }) => step === 0 && stage !== all[0]?.stage);
  const rest = stepped.filter((facts) => !starts.includes(facts));
  if (starts.length === 0 || new Set(rest.map(placeOf)).size > 1) return null;
  const parent = rest[0] ? ` of ${nameOf(rest[0], all)}` : '';
  return finding('alias', `step 0 of a stage, with the weights${parent} that it starts from`, starts);
}

/** Whose weights they are, where that can be said. */
function ownerOf(
  stepped: readonly RevisionFacts[],
  named: readonly RevisionFacts[],
  all: readonly RevisionFacts[],
): RevisionFacts | null {
  const last = stepped.filter((facts) => facts === lastOf(facts.stage, all)).at(-1);
  if (last === undefined) return null;
  if (named.length > 0 || stepped.length > 2) return last;
  const steps = all.filter(({ stage, step }) => stage === last.stage && step !== null);
  const isPair = stepped.every((facts) => steps.indexOf(facts) >= steps.length - 2);
  return isPair ? null : last;
}

/** Weight files of checkpoints in several files that are a file of another step. */
export function foreignShards({ revisions }: SeriesFacts): Finding[] {
  const holders = new Map<string, { facts: RevisionFacts; file: WeightFacts }[]>();
  for (const facts of revisions) {
    for (const file of facts.weights) {
      if (file.content !== null && facts.weights.length > 1) {
        holders.set(file.content, [...(holders.get(file.content) ?? []), { facts, file }]);
      }
    }
  }
  /** By who holds whose file: the files' names. */
  const shared = new Map<string, { group: RevisionFacts[]; files: Set<string> }>();
  for (const held of holders.values()) {
    // Of revisions that are equal as wholes one is enough.
    const wholes = new Map(held.map(({ facts }) => [contentOf(facts) ?? facts.revision, facts]));
    const group = [...wholes.values()];
    if (new Set(group.map(placeOf)).size < 2) continue;
    const key = JSON.stringify(group.map(({ stage, revision }) => [stage, revision]));
    const entry = shared.get(key) ?? { group, files: new Set<string>() };
    entry.files.add(held[0]!.file.name);
    shared.set(key, entry);
  }
  return [...shared.values()].map(({ group, files }) => {
    const of = Math.max(...group.map(({ weights }) => weights.length));
    const which = `${[...files].join(', ')} (${files.size} of ${of} weight files)`;
    const last = group.find((facts) => facts === lastOf(facts.stage, revisions));
    const isPair = group.length === 2 && last !== undefined && neighbours(group, revisions);
    if (last === undefined || isPair) {
      const names = group.map((facts) => nameOf(facts, revisions));
      return finding('foreign-shard', `${which} is the same in ${list(names)}: at most one's own`, group);
    }
    const others = group.filter((facts) => facts !== last);
    return finding('foreign-shard', `${which} is that of ${nameOf(last, revisions)}, the last step there`, others);
  });
}

function neighbours(group: readonly RevisionFacts[], all: readonly RevisionFacts[]): boolean {
  const steps = all.filter(({ step }) => step !== null);
  return Math.abs(steps.indexOf(group[0]!) - steps.indexOf(group[1]!)) === 1;
}

/** Two revisions of one step that are not the same. */
export function doubledSteps({ revisions }: SeriesFacts): Finding[] {
  const places = groupsOf(revisions, (facts) => (facts.step === null ? null : `${placeOf(facts)} ${facts.branch}`));
  return places.flatMap((group) => {
    const contents = new Set(group.map((facts) => contentOf(facts) ?? facts.revision));
    if (contents.size < 2) return [];
    return [finding('same-step', `${group.length} revisions at step ${group[0]!.step}, with other weights`, group)];
  });
}

/** A checkpoint's weights as one; null where a part of it is not known. */
function contentOf({ weights }: RevisionFacts): string | null {
  if (weights.length === 0 || weights.some(({ content }) => content === null)) return null;
  return JSON.stringify(weights.map(({ content }) => content).sort());
}

function groupsOf(
  revisions: readonly RevisionFacts[],
  keyOf: (facts: RevisionFacts) => string | null,
): RevisionFacts[][] {
  const groups = new Map<string, RevisionFacts[]>();
  for (const facts of revisions) {
    const key = keyOf(facts);
    if (key !== null) groups.set(key, [...(groups.get(key) ?? []), facts]);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

function lastOf(stage: string, all: readonly RevisionFacts[]): RevisionFacts | null {
  return all.filter((facts) => facts.stage === stage && facts.step !== null).at(-1) ?? null;
}

const placeOf = ({ stage, step }: RevisionFacts): string => `${stage} ${step}`;

/** By its revision, with the stage where the series has several. */
function nameOf({ stage, revision }: RevisionFacts, all: readonly RevisionFacts[]): string {
  return byStage(all).size > 1 && parseCheckpointName(revision).stage === null ? `${stage}/${revision}` : revision;
}

function list(names: readonly string[]): string {
  if (names.length > 4) return `${names.slice(0, 3).join(', ')} and ${names.length - 3} others`;
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
