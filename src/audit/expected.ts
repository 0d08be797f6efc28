/**
 * The revisions that there should be, as the user knows them: `pythia`, `none`, or a file with one revision name or step a
 * line, or a CSV table with a column Step (and Ingredient), as OLMo's lists of checkpoints are.
 */
import { readText } from '../bytes/index.js';
import { parseCheckpointName, stageOfName } from '../checkpoints/index.js';
import { EigentraceError } from '../errors.js';
import { pythiaSteps, type Schedule } from './schedule.js';

/** By stage; a stage that is not named has no schedule. */
export type Expected = ReadonlyMap<string, Schedule>;

const sizeLimit = 64 * 1024 * 1024;

/** Null: nothing is known, the revisions themselves say what they follow. */
export async function readExpected(spec: string | null): Promise<Expected | null> {
  if (spec === null) return null;
  if (spec === 'none') return new Map();
  if (spec === 'pythia') return new Map([['pretrain', { name: "Pythia's schedule", steps: pythiaSteps }]]);
  return parseExpected(await readText(spec, sizeLimit), spec);
}

/** `name` is the file's, for errors. */
export function parseExpected(text: string, name: string): Expected {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const stages = new Map<string, Set<number>>();
  const seen = new Map<string, number>();
  const head = columnsOf(lines[0] ?? '');
  for (const [at, raw] of lines.entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#') || (at === 0 && head !== null)) continue;
    const before = seen.get(line);
    if (before !== undefined) {
      throw refuse(
        name,
        `line ${at + 1} is line ${before} again, got ${line.slice(0, 80)} (expected each revision once)`,
      );
    }
    seen.set(line, at + 1);
    const { stage, step } = head === null ? fromName(line) : fromRow(line.split(','), head);
    if (step === null) {
      const got = line.slice(0, 80);
      throw refuse(name, `line ${at + 1} says no step, got ${got} (expected a revision such as step1000, or a step)`);
    }
    stages.set(stage, (stages.get(stage) ?? new Set()).add(step));
  }
  if (stages.size === 0) throw refuse(name, 'lists no revision (expected one a line, such as step1000)');
  return new Map(
    [...stages].map(([stage, steps]) => [stage, { name: `as ${name} lists`, steps: [...steps].sort((a, b) => a - b) }]),
  );
}

interface Columns {
  readonly step: number;
  readonly ingredient: number;
}

function columnsOf(line: string): Columns | null {
  const names = line.split(',').map((name) => name.trim().toLowerCase().replaceAll('"', ''));
  const step = names.indexOf('step');
  return step < 0 ? null : { step, ingredient: names.indexOf('ingredient') };
}

interface Place {
  readonly stage: string;
  readonly step: number | null;
}

function fromRow(cells: readonly string[], { step, ingredient }: Columns): Place {
  const whole = (at: number): number | null => (/^\s*\d{1,15}\s*$/.test(cells[at] ?? '') ? Number(cells[at]) : null);
  const of = whole(ingredient);
  return { stage: of === null ? 'pretrain' : `stage2-ingredient${of}`, step: whole(step) };
}

function fromName(line: string): Place {
  if (/^\d{1,15}$/.test(line)) return { stage: 'pretrain', step: Number(line) };
  const said = parseCheckpointName(line.replace(/\/$/, ''));
  return { stage: stageOfName(said), step: said.step };
}

function refuse(name: string, what: string): EigentraceError {
  return new EigentraceError('input', `${name}: ${what}`);
}
