/**
 * Names against what they name: the tokens that a name is labelled with against its step (a label is rounded to its last
 * digit, in OLMo's names up), and its step against what the Trainer wrote beside the weights.
 */
import { parseCheckpointName } from '../checkpoints/index.js';
import { byStage, type RevisionFacts, type SeriesFacts } from './facts.js';
import { finding, type Finding } from './finding.js';

const least = { names: 4, share: 0.75 };

/** Labels that don't fit: against the series' tokens a step, or those that most labels of the stage agree on. */
export function wrongTokens({ revisions, tokensPerStep }: SeriesFacts): Finding[] {
  return [...byStage(revisions)].flatMap(([stage, own]) => {
    const labelled = own.flatMap((facts) => labelOf(facts) ?? []);
    const isPretraining = /^(pretrain|midtrain|stage\d)/.test(stage);
    const perStep = (isPretraining ? tokensPerStep : null) ?? agreedTokens(labelled);
    if (perStep === null) return [];
    const wrong = labelled.filter((label) => label.step > 0 && !fits(label, perStep));
    return wrong.map(({ facts, step, low, high }) => {
      const expected = billions(step * perStep);
      const message = `labelled ${billions((low + high) / 2)} tokens, step ${step} has ${expected} at ${Math.round(perStep)} a step`;
      return finding('tokens-mismatch', message, [facts]);
    });
  });
}

interface Label {
  readonly facts: RevisionFacts;
  readonly step: number;
  /** The tokens lie between, ends excluded. */
  readonly low: number;
  readonly high: number;
}

/** What a label can mean: rounded up, down or to the nearest of its last digit. */
function labelOf(facts: RevisionFacts): Label | null {
  const { step, tokens } = parseCheckpointName(facts.revision);
  if (step === null || tokens === null) return null;
  const [, fraction = '', unit = 'B'] = /tokens\d+(?:\.(\d+))?([MBT])/i.exec(facts.revision) ?? [];
  const digit = { M: 1e6, B: 1e9, T: 1e12 }[unit.toUpperCase()]! / 10 ** fraction.length;
  return { facts, step, low: tokens - digit, high: tokens + digit };
}

const fits = ({ step, low, high }: Label, perStep: number): boolean => step * perStep > low && step * perStep < high;

/** Tokens a step that most labels allow; null where too few do. The middle of the narrowest range that the most of them share. */
function agreedTokens(labels: readonly Label[]): number | null {
  const ranges = labels.filter(({ step }) => step > 0).map(({ step, low, high }) => [low / step, high / step] as const);
  if (ranges.length < least.names) return null;
  // The best point is just inside the upper end of some range.
  let best: { count: number; from: number; to: number } | null = null;
  for (const [, to] of ranges) {
    const holding = ranges.filter(([low, high]) => low < to && high >= to);
    if (best !== null && holding.length <= best.count) continue;
    best = { count: holding.length, from: Math.max(...holding.map(([low]) => low)), to };
  }
  if (best === null || best.count < least.share * ranges.length) return null;
  return (best.from + best.to) / 2;
}

/** A checkpoint whose Trainer counted another step than its name. */
export function wrongSteps({ revisions }: SeriesFacts): Finding[] {
  return revisions
    .filter(({ step, trainer }) => step !== null && trainer !== null && trainer.step !== step)
    .map((facts) => finding('step-mismatch', `trainer_state.json says step ${facts.trainer!.step}`, [facts]));
}

function billions(tokens: number): string {
  const [unit, sign] = tokens >= 1e12 ? [1e12, 'T'] : tokens >= 1e9 ? [1e9, 'B'] : [1e6, 'M'];
  return `${Number((tokens / unit).toPrecision(4))}${sign}`;
}
