/** The tables of a run that export writes, with what a row of each is. */
import { findingKinds, type FindingKind } from './finding.js';

export const geometryTable = 'geometry';
export const phasesTable = 'phases';

const findingTables: Readonly<Record<FindingKind, string>> = {
  tasks: 'a score of a task',
  memorization: 'a figure of memorization',
  ablation: 'a score with directions removed or kept',
  samples: 'a figure of the texts generated',
  posttraining: 'a figure of post-training',
  directions: 'a figure of a direction',
};

/** By name: what a row is. */
export const exportTables: Readonly<Record<string, string>> = {
  [geometryTable]: 'a checkpoint, layer and position',
  [phasesTable]: 'a number found by phases',
  ...Object.fromEntries(findingKinds.map((kind) => [kind, findingTables[kind]])),
};
