/** What an audit may find: codes, how bad each is, and what it means. docs/audit.md says the same at length. */

/** `error`: some numbers would belong to another checkpoint, or to none. `warning`: look before you trust. `note`: good to know. */
export type Severity = 'error' | 'warning' | 'note';

export interface RevisionRef {
  readonly stage: string;
  readonly revision: string;
}

export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** One sentence on all members together, without their names. */
  readonly message: string;
  /** Whom it concerns, in order of the series; empty where it concerns revisions that are not there. */
  readonly members: readonly RevisionRef[];
  /** Of a missing revision: its stage and step. */
  readonly missing?: readonly { readonly stage: string; readonly step: number }[];
}

const catalogue = {
  'identical-weights': ['error', 'the weights are, byte for byte, those of another step'],
  'foreign-shard': ['error', 'one of its weight files is, byte for byte, a file of another step'],
  'step-mismatch': ['error', 'the name says another step than trainer_state.json'],
  'no-weights': ['error', 'a revision without weights'],
  'no-config': ['error', 'a revision without a config.json, there or above'],
  'missing-shards': ['error', 'the index names weight files that are not there'],
  'damaged-file': ['error', 'a weight file is cut short or damaged'],
  'broken-link': ['error', 'a symbolic link that leads nowhere, or in a circle'],
  unreadable: ['error', "what is there can't be read as a checkpoint"],
  missing: ['warning', 'a step of the schedule that is not there'],
  unfinished: ['warning', 'files that a download or a save left when it was cut off'],
  'same-step': ['warning', 'two revisions at one step, with other weights'],
  'tokens-mismatch': ['warning', "the tokens in the name don't fit its step"],
  'config-differs': ['warning', 'its config differs from those of its neighbours'],
  'tokenizer-differs': ['warning', 'its tokenizer differs from those of its neighbours'],
  'dtype-differs': ['warning', 'its weights are stored in another dtype than those of its neighbours'],
  'tensors-differ': ['warning', 'its tensors have other names or shapes than those of its neighbours'],
  'no-tokenizer': ['warning', 'no tokenizer.json, there or above'],
  alias: ['note', 'the same checkpoint under a second name'],
  skipped: ['note', 'a folder that is no checkpoint'],
} as const satisfies Record<string, readonly [Severity, string]>;

export type FindingCode = keyof typeof catalogue;

export const findingCodes = Object.keys(catalogue) as FindingCode[];

/** Codes that can stand on a record: what stops a checkpoint from being measured is no flag of its measurement. */
export const flagCodes: readonly FindingCode[] = [
  ...['identical-weights', 'foreign-shard', 'step-mismatch', 'same-step', 'tokens-mismatch'],
  ...['config-differs', 'tokenizer-differs', 'dtype-differs', 'tensors-differ', 'unfinished'],
] as FindingCode[];

export function severityOf(code: FindingCode): Severity {
  return catalogue[code][0];
}

/** What a code means, in general. */
export function meaningOfFinding(code: FindingCode): string {
  return catalogue[code][1];
}

export function finding(
  code: FindingCode,
  message: string,
  members: readonly RevisionRef[],
  missing?: Finding['missing'],
): Finding {
  const refs = members.map(({ stage, revision }) => ({ stage, revision }));
  return { code, severity: severityOf(code), message, members: refs, ...(missing ? { missing } : {}) };
}

/** Worst first, then in the order of the catalogue, the larger before the smaller. */
export function inOrderOfWeight(findings: readonly Finding[]): Finding[] {
  const sizeOf = ({ members, missing }: Finding): number => Math.max(members.length, missing?.length ?? 0);
  return [...findings].sort(
    (a, b) => findingCodes.indexOf(a.code) - findingCodes.indexOf(b.code) || sizeOf(b) - sizeOf(a),
  );
}
