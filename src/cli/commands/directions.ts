/** `eigentrace directions`: what the directions are along which a model's states vary most. */
import { EigentraceError } from '../../errors.js';
import { command } from '../command.js';
import { exitStatus, widthOf, type Context } from '../context.js';
import { directionsText, sharesLine, type Described } from '../directions-table.js';
import { count, duration } from '../format.js';
import type { DirectionsRequest } from '../library.js';
import { required, type Resolved } from '../resolve.js';
import { directionsSettings } from '../settings/directions.js';
import { printable, styleOf } from '../style.js';
import { json, watchedVisit } from '../watch.js';

export const directions = command({
  name: 'directions',
  summary: 'What the top eigen-directions are: passages, tokens and coordinates at their ends.',
  description:
    'Takes the eigenvectors of the covariance of the final states over a corpus and says of each what lies at its two ends: ' +
    'the passages furthest along it, the tokens whose logits it moves most, the coordinates that carry it (massive ones ' +
    'named), its share of the variance, and how it turned since the checkpoint before.',
  usage: 'SERIES --corpus CORPUS [options]',
  examples: [
    {
      does: 'offline: the bundled sample at its last pretraining checkpoint',
      type: 'eigentrace directions sample: --corpus sample: --max-tokens 128 --revisions step6000',
    },
    {
      does: 'one checkpoint, its first three directions, on 2,000 passages',
      type: 'eigentrace directions pythia-1b/step143000 --corpus heldout.jsonl --sequences 2000 --top 3',
    },
    {
      does: 'how they turn over training, kept in a run',
      type: 'eigentrace directions checkpoints/ --corpus heldout.jsonl --revisions log:10 --out run',
    },
    {
      does: 'the tokens at the positive end of the first direction, with jq',
      type: "eigentrace directions checkpoint/ --corpus heldout.jsonl --json | jq '.results[0].finding.detail.directions[0].positive.tokens'",
    },
  ],
  settings: directionsSettings,
  notes: [
    'A direction has no sign of its own: its largest coordinate is made positive. Scores of passages are in standard ' +
      'deviations along the direction, logits are changed by one of them.',
    'A direction whose eigenvalue is closer to a neighbour’s than its sampling error may turn from sample to sample: it is marked.',
    'Findings go to RUN/directions and are reused when nothing that determines them changed; numbers: export RUN --table directions.',
  ],
  async run(resolved, context) {
    const request = requestOf(resolved);
    const { json: asJson, quiet } = resolved.values;
    const library = await context.library();
    const start = context.clock.now();
    const result = await watchedVisit(context, quiet, sharesLine, (hooks) => library.directions(request, hooks));
    const { results, changes } = result;
    if (asJson) context.stdout.write(json(result));
    else {
      const described = results.flatMap((row, i): Described[] =>
        row.finding ? [{ row, detail: library.directionsOf(row.finding), change: changes[i] ?? null }] : [],
      );
      context.stdout.write(directionsText(described, styleOf(context.stdout, context.env), widthOf(context.stdout)));
    }
    if (!quiet) conclude(result, (context.clock.now() - start) / 1000, context);
    const failed = results.filter(({ state }) => state === 'failed').length;
    if (result.interrupted) return exitStatus.interrupted;
    if (failed === 0) return exitStatus.done;
    return failed === results.length ? exitStatus.failed : exitStatus.partly;
  },
});

function conclude(
  { results, run, interrupted }: { results: readonly { state: string }[]; run: string | null; interrupted: boolean },
  seconds: number,
  context: Context,
): void {
  const number = (state: string): number => results.filter((r) => r.state === state).length;
  const failed = number('failed');
  const where = run === null ? '; nothing was kept, --out RUN keeps it' : `; in ${printable(run)}`;
  context.stderr.write(
    `${count(results.length, 'checkpoint')}: ${number('measured')} measured, ${number('reused')} reused, ${failed} failed; ` +
      `${duration(seconds)}${where}\n`,
  );
  if (interrupted) context.stderr.write('interrupted: the same command goes on from here\n');
  else if (failed > 0) context.stderr.write('the same command tries the failed ones again\n');
}

function requestOf(resolved: Resolved<typeof directionsSettings>): DirectionsRequest {
  const { values, origins } = resolved;
  const { corpus, ids, out, position } = values;
  const { field, sequences, minTokens, maxTokens, seed, rows, revisions, tokensPerStep, memory, threads, force } =
    values;
  if (ids !== null && origins['corpus']?.startsWith('option')) {
    const got = `${ids} and ${String(corpus)}`;
    throw new EigentraceError('usage', `--ids: given together with --corpus, got ${got} (expected one of them)`);
  }
  return {
    series: required(directionsSettings, resolved, 'series'),
    corpus: ids === null ? required(directionsSettings, resolved, 'corpus') : null,
    ...{ ids, out, position, top: values.topDirections },
    ...{ passages: values.endPassages, passageTokens: values.endPassageTokens },
    ...{ tokens: values.endTokens, coordinates: values.endCoordinates },
    ...{ field, sequences, minTokens, maxTokens, seed, rows },
    ...{ revisions, tokensPerStep, memory, threads, force, randomInit: null },
  };
}
