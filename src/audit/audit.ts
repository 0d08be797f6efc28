/** All checks over the facts of a series, and what they say of each revision. Pure: where the facts came from is not known here. */
import { doubledSteps, foreignShards, identicalWeights } from './copies.js';
import type { RevisionFacts, SeriesFacts } from './facts.js';
import { finding, findingCodes, inOrderOfWeight, type Finding, type RevisionRef } from './finding.js';
import { wrongSteps, wrongTokens } from './labels.js';
import { differingNeighbours } from './neighbours.js';
import type { Expected } from './expected.js';
import { missingSteps } from './schedule.js';

export interface AuditedRevision extends RevisionRef {
  readonly step: number | null;
  /** Bytes of its weight files. */
  readonly bytes: number;
  /** Codes of the errors and warnings that concern it, in order of weight. */
  readonly flags: readonly string[];
  /** Of its weight files, where they are known. */
  readonly files: readonly { readonly name: string; readonly size: number; readonly sha256: string | null }[];
}

/** Findings of a series, worst first. `expected`: the revisions there should be; null: what those there follow. */
export function findingsIn(series: SeriesFacts, expected: Expected | null = null): Finding[] {
  return inOrderOfWeight([
    ...identicalWeights(series),
    ...foreignShards(series),
    ...doubledSteps(series),
    ...wrongSteps(series),
    ...wrongTokens(series),
    ...differingNeighbours(series),
    ...missingSteps(series, expected),
    ...ownProblems(series.revisions),
  ]);
}

/** What is wrong with revisions by themselves: the same of several is one finding. */
function ownProblems(revisions: readonly RevisionFacts[]): Finding[] {
  const groups = new Map<string, { code: (typeof findingCodes)[number]; message: string; members: RevisionFacts[] }>();
  for (const facts of revisions) {
    for (const { code, message } of facts.problems) {
      const key = `${code} ${message}`;
      const group = groups.get(key) ?? { code, message, members: [] };
      group.members.push(facts);
      groups.set(key, group);
    }
  }
  return [...groups.values()].map(({ code, message, members }) => finding(code, message, members));
}

/** Every revision with the codes of what concerns it. */
export function audited(revisions: readonly RevisionFacts[], findings: readonly Finding[]): AuditedRevision[] {
  const serious = findings.filter(({ severity }) => severity !== 'note');
  return revisions.map(({ stage, revision, step, weights }) => ({
    ...{ stage, revision, step },
    bytes: weights.reduce((sum, { size }) => sum + size, 0),
    flags: [...new Set(serious.filter(({ members }) => members.some(isAt(stage, revision))).map(({ code }) => code))],
    files: weights.map(({ name, size, sha256 }) => ({ name, size, sha256 })),
  }));
}

function isAt(stage: string, revision: string) {
  return (ref: RevisionRef): boolean => ref.stage === stage && ref.revision === revision;
}
