/** `eigentrace phases`: the phases of a run's curves, found and stored in the run. */
import { EigentraceError } from '../errors.js';
import {
  curvesOf,
  listMeasurements,
  openRun,
  phasesOfCurves,
  writePhases,
  type CurveOptions,
  type PhaseFinding,
  type StageOptions,
} from '../record/index.js';

export type { PhaseFinding };

export interface FindPhasesOptions extends Omit<CurveOptions, 'stage'>, StageOptions {
  /** Store each finding in `RUN/phases`. Default true; a run that can't be written is read all the same. */
  store?: boolean;
}

export interface FoundPhases {
  readonly run: string;
  readonly findings: readonly PhaseFinding[];
  /** Files written, below the run. */
  readonly stored: readonly string[];
  /** What was left out or could not be done, in words. */
  readonly notes: readonly string[];
}

/** Finds the phases of the curves of the run in folder `path`. */
export async function findPhases(path: string, options: FindPhasesOptions = {}): Promise<FoundPhases> {
  const { store = true, stage, standardErrors, rankmeChange, alphaChange, scatter, ...selection } = options;
  const run = await openRun(path);
  const { curves, notes } = curvesOf(await listMeasurements(run), selection);
  const rule = { stage, standardErrors, rankmeChange, alphaChange, scatter };
  const given = Object.fromEntries(Object.entries(rule).filter(([, value]) => value !== undefined)) as StageOptions;
  const found = phasesOfCurves(curves, given);
  const stored: string[] = [];
  const problems: string[] = [];
  for (const finding of store ? found.findings : []) {
    try {
      stored.push(await writePhases(run, finding));
    } catch (error) {
      if (!(error instanceof EigentraceError) || error.code === 'internal') throw error;
      problems.push(`not stored in the run: ${error.message}`);
      break;
    }
  }
  return { run: path, findings: found.findings, stored, notes: [...notes, ...found.notes, ...problems] };
}
