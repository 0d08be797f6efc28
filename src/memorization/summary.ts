/**
 * What the findings of a run say together: for each set of questions and each series the curve of its figures, the control
 * beside it, and whether memorization may be claimed. The control is drawn weights where they were measured, else the
 * series' step 0.
 */
import type { Finding, FindingValue } from '../record/index.js';
import { againstControl, type AgainstControl } from './control.js';
import { detailOf, type QuestionDetail } from './detail.js';
import { suffixBars, suffixShares, zeroHandlings, type ZeroHandling } from './likelihood.js';
import { conclusionOf } from './words.js';

export interface SummaryPoint {
  readonly stage: string;
  readonly revision: string;
  readonly step: number | null;
  readonly tokens: number | null;
  readonly isControl: boolean;
  readonly values: readonly FindingValue[];
  /** Of questions: partial ρ against the control's; null without a control, and for the control itself. */
  readonly against: Readonly<Record<ZeroHandling, AgainstControl>> | null;
}

export interface Summary {
  readonly series: string;
  readonly what: 'questions' | 'passages';
  /** Of the set of questions, or the passages' corpus. */
  readonly name: string;
  readonly index: string;
  /** In the order of the series; step 0 among them, drawn weights not. */
  readonly points: readonly SummaryPoint[];
  readonly control: { readonly kind: 'step 0' | 'random-init'; readonly values: readonly FindingValue[] } | null;
  /** Shares of the tokens looked up by the length of the suffix that was found: the bars of the paper's Table 7. */
  readonly suffixes: readonly { readonly name: string; readonly share: number | null }[];
  /** Of questions: whether memorization is claimed, in a sentence. */
  readonly conclusion: Readonly<Record<ZeroHandling, string>> | null;
}

/** Findings of memorization, in the order of their series. */
export function summaries(findings: readonly Finding[]): Summary[] {
  return groupsOf(findings).map(summaryOf);
}

/** Findings that belong together: of one series, index and set of questions or passages. */
export function groupsOf(findings: readonly Finding[]): Finding[][] {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    if (finding.kind !== 'memorization' || detailOf(finding) === null) continue;
    const { questions = null, passages = null, index = null } = finding.options;
    const key = JSON.stringify([finding.series, questions, passages, index]);
    groups.set(key, [...(groups.get(key) ?? []), finding]);
  }
  return [...groups.values()];
}

export function summaryOf(findings: readonly Finding[]): Summary {
  const real = findings.filter(({ control }) => !control);
  const drawn = findings.find(({ control }) => control);
  const control = drawn ?? real.find(({ step }) => step === 0);
  const against = control ? compare(real, control) : new Map<Finding, SummaryPoint['against']>();
  const { series, options } = findings[0]!;
  const { what, suffix_lengths: lengths } = detailOf(findings[0]!)!;
  const shares = suffixShares(lengths);
  const summary = {
    ...{ series, what, name: textOf(options[what]), index: textOf(options['index']) },
    points: real.map((finding): SummaryPoint => {
      const { stage, revision, step, tokens, values } = finding;
      const isControl = finding === control;
      return { stage, revision, step, tokens, isControl, values, against: against.get(finding) ?? null };
    }),
    control: control ? { kind: drawn ? ('random-init' as const) : ('step 0' as const), values: control.values } : null,
    suffixes: suffixBars.map(({ name }, b) => ({ name, share: shares[b]! })),
  };
  const said = zeroHandlings.map((zeros) => [zeros, conclusionOf(summary, zeros)] as const);
  const conclusion = said.some(([, sentence]) => sentence === null) ? null : Object.fromEntries(said);
  return { ...summary, conclusion: conclusion as Summary['conclusion'] };
}

function compare(real: readonly Finding[], control: Finding): Map<Finding, SummaryPoint['against']> {
  const compared = new Map<Finding, SummaryPoint['against']>();
  if (detailOf(control)?.what !== 'questions') return compared;
  const others = real.filter((finding) => finding !== control);
  const [strict, published] = zeroHandlings.map((zeros) =>
    againstControl(
      others.map((finding) => partialRho(finding, zeros)),
      partialRho(control, zeros),
    ),
  );
  others.forEach((finding, i) => compared.set(finding, { strict: strict![i]!, published: published![i]! }));
  return compared;
}

function partialRho(finding: Finding, zeros: ZeroHandling) {
  const { figures } = detailOf(finding) as QuestionDetail;
  const metric = zeros === 'strict' ? 'rho_partial' : 'rho_partial_published';
  const value = finding.values.find((each) => each.metric === metric)?.value ?? null;
  return { value, replicates: figures[zeros].rho_partial.replicates };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
