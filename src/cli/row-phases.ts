/** Which phase each row of the table of a trace stands in: RankMe's, as `eigentrace phases` finds them in the run. */
import { mainLayer } from './layer-table.js';
import type { CheckpointResult, Library, PhaseFinding } from './library.js';

/** Short names: the table has 100 columns. */
const shortNames: Readonly<Record<string, string>> = {
  'entropy-seeking': 'entropy',
  'compression-seeking': 'compression',
};

/** Names by row, `''` where there is none; empty where the run's phases can't be told or found. */
export async function rowPhases(
  run: string,
  results: readonly CheckpointResult[],
  library: Library,
): Promise<readonly string[]> {
  let findings: readonly PhaseFinding[];
  try {
    ({ findings } = await library.findPhases(run, { layer: mainLayer(results), store: false }));
  } catch {
    // Nothing was measured, or another file of the run is damaged: the table stands without them.
    return [];
  }
  const measured = results.filter(({ state }) => state !== 'failed');
  const ours = findings.filter(({ stage, checkpoints }) => {
    const names = new Set(checkpoints.map(({ revision }) => revision));
    const rows = measured.filter((result) => result.stage === stage);
    return rows.length > 0 && rows.every(({ revision }) => names.has(revision));
  });
  // Two series of the run with checkpoints of the same names can't be told apart by them.
  return ours.length === 1 ? results.map((result) => phaseOf(result, ours[0]!)) : [];
}

function phaseOf(result: CheckpointResult, { stage, phases: { rankme } }: PhaseFinding): string {
  const x = rankme.axis === 'tokens' ? result.tokens : result.step;
  if (result.stage !== stage || result.state === 'failed' || x === null) return '';
  const phase = rankme.phases.findLast(({ from }) => from <= x);
  if (phase === undefined || x > phase.to || phase.name === 'not resolved') return '';
  return shortNames[phase.name] ?? phase.name;
}
