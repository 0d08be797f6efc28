/**
 * Steps that a series should have and has not. The schedule is what the user gives, a Trainer's own `save_steps`, or what
 * most revisions follow: multiples of one spacing, with Pythia's powers of two before; the ingredients of OLMo-2's stage 2
 * end at the same step. It is claimed only where four in five of its steps are there, so a selection of revisions is no fault.
 * What lies before the first or after the last revision can't be seen, but for Pythia by its name.
 */
import { byStage, type RevisionFacts, type SeriesFacts } from './facts.js';
import { finding, type Finding } from './finding.js';

const least = { steps: 5, share: 0.8 };
const powers = [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512];
const pythia = { spacing: 1000, last: 143_000 };

export interface Schedule {
  /** In words, for the finding. */
  readonly name: string;
  /** Sorted. */
  readonly steps: readonly number[];
}

/** Pythia's 154 steps. */
export const pythiaSteps: readonly number[] = [...powers, ...multiples([pythia.spacing, pythia.last], pythia.spacing)];

/** Missing steps of every stage. `given`: the schedules by stage as the user knows them; null: what the revisions follow. */
export function missingSteps(series: SeriesFacts, given: ReadonlyMap<string, Schedule> | null = null): Finding[] {
  const stages = byStage(series.revisions);
  if (given !== null) {
    return [...given].flatMap(([stage, schedule]) => missingOf(stage, stages.get(stage) ?? [], schedule) ?? []);
  }
  return [...stages].flatMap(([stage, revisions]) => {
    const schedule = inferSchedule(series.name, revisions);
    const found = schedule ? [missingOf(stage, revisions, schedule)] : [];
    return [...found, endOfIngredient(stage, stages)].flatMap((each) => each ?? []);
  });
}

function missingOf(stage: string, revisions: readonly RevisionFacts[], { name, steps }: Schedule): Finding | null {
  const there = new Set(revisions.map(({ step }) => step));
  const missing = steps.filter((step) => !there.has(step));
  if (missing.length === 0) return null;
  const message = `${missing.length} of ${steps.length} steps are not there (${name})`;
  return finding(
    'missing',
    message,
    [],
    missing.map((step) => ({ stage, step })),
  );
}

/** What the revisions of a stage follow; null where they follow nothing that can be told. */
export function inferSchedule(name: string, revisions: readonly RevisionFacts[]): Schedule | null {
  const steps = [...new Set(revisions.flatMap(({ step }) => (step === null ? [] : [step])))].sort((a, b) => a - b);
  return trainerSchedule(revisions, steps) ?? regularSchedule(name, steps);
}

/** From the first checkpoint that a Trainer kept to the last: older ones it may have deleted (`save_total_limit`). */
function trainerSchedule(revisions: readonly RevisionFacts[], steps: readonly number[]): Schedule | null {
  const spacings = new Set(revisions.flatMap(({ trainer }) => trainer?.saveSteps ?? []));
  const [spacing] = spacings;
  if (spacing === undefined || spacings.size > 1) return null;
  const kept = steps.filter((step) => step % spacing === 0);
  if (kept.length < 2) return null;
  return { name: `every ${spacing} steps, as trainer_state.json says`, steps: multiples(kept, spacing) };
}

function regularSchedule(name: string, steps: readonly number[]): Schedule | null {
  const spacing = commonGap(steps);
  if (spacing === null) return null;
  const kept = steps.filter((step) => step % spacing === 0);
  const isPythia = /pythia/i.test(name) && spacing === pythia.spacing && steps.at(-1)! <= pythia.last;
  const expected = multiples(isPythia ? [...kept, pythia.last] : kept, spacing);
  if (kept.length < least.steps || kept.length < least.share * expected.length) return null;
  const early = powers.filter((step) => step < spacing);
  const hasEarly = early.filter((step) => steps.includes(step)).length >= least.share * early.length;
  if (!hasEarly || early.length < least.steps) return { name: `every ${spacing} steps`, steps: expected };
  const all = [...new Set([...early, ...expected])].sort((a, b) => a - b);
  return { name: `powers of two, then every ${spacing} steps${isPythia ? ` to ${pythia.last}` : ''}`, steps: all };
}

/** The gap that occurs most; of several the larger, for a few extra steps split large ones. */
function commonGap(steps: readonly number[]): number | null {
  const counts = new Map<number, number>();
  for (let i = 1; i < steps.length; i++) {
    const gap = steps[i]! - steps[i - 1]!;
    counts.set(gap, (counts.get(gap) ?? 0) + 1);
  }
  const most = Math.max(0, ...counts.values());
  const gaps = [...counts].filter(([, count]) => count === most).map(([gap]) => gap);
  return gaps.length === 0 ? null : Math.max(...gaps);
}

/** Multiples of the spacing from the first of some to the last. */
function multiples(of: readonly number[], spacing: number): number[] {
  const [first, last] = [Math.min(...of), Math.max(...of)];
  const count = Math.floor((last - first) / spacing) + 1;
  return Array.from({ length: count }, (_, i) => first + i * spacing);
}

/** The last step that all other ingredients of a stage end at, where this one lacks it. */
function endOfIngredient(stage: string, stages: ReadonlyMap<string, readonly RevisionFacts[]>): Finding | null {
  const base = /^(.+)-ingredient\d+$/.exec(stage)?.[1];
  if (base === undefined) return null;
  const lastStep = (name: string): number => Math.max(-1, ...stages.get(name)!.map(({ step }) => step ?? -1));
  const others = [...stages.keys()].filter((name) => name !== stage && name.startsWith(`${base}-ingredient`));
  const ends = new Set(others.map(lastStep));
  const [end] = ends;
  if (end === undefined || ends.size > 1 || others.length < 2 || lastStep(stage) >= end) return null;
  const message = `ends at step ${lastStep(stage)}, the other ingredients of ${base} at ${end}`;
  return finding('missing', message, [], [{ stage, step: end }]);
}
