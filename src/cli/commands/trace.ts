/** `eigentrace trace`: the main job. */
import { command } from '../command.js';
import { conclude } from '../conclusion.js';
import { exitStatus } from '../context.js';
import type { TraceHooks, TraceRequest } from '../library.js';
import { planText } from '../plan-text.js';
import { EigentraceError } from '../../errors.js';
import { ownReport } from '../own-report.js';
import { required, type Resolved } from '../resolve.js';
import { traceSettings } from '../settings/trace.js';
import { styleOf } from '../style.js';
import { json, watched } from '../watch.js';

export const trace = command({
  name: 'trace',
  summary: 'Measure every checkpoint of a series on a corpus: the main job, resumable.',
  description:
    'Measures every checkpoint of a series on a corpus: RankMe, α-ReQ and the rest of the eigenspectrum of its ' +
    'representations, with standard errors. What is there already is reused, so an interrupted run goes on.',
  usage: 'SERIES --corpus CORPUS --out RUN [options], or [SERIES] --features PATTERN --out RUN [options]',
  examples: [
    {
      does: "every checkpoint of a folder, the paper's filter (15,000 sequences of 33 to 512 tokens)",
      type: 'eigentrace trace checkpoints/ --corpus heldout.jsonl --out run',
    },
    {
      does: 'revisions of a repository on the Hub; each one’s weights are deleted when it is measured',
      type: 'eigentrace trace EleutherAI/pythia-160m --corpus heldout.jsonl --out run --revisions log:24 --keep none',
    },
    {
      does: 'first see what it costs',
      type: 'eigentrace trace checkpoints/ --corpus heldout.jsonl --out run --dry-run',
    },
    {
      does: 'a quick look: 12 checkpoints, 2,000 sequences, no standard errors',
      type: "eigentrace trace checkpoints/ --corpus 'text/*.txt' --out look --revisions log:12 --sequences 2000 --errors none",
    },
    {
      does: 'all layers and the likelihood, as JSON',
      type: 'eigentrace trace series.json --corpus sample: --out run --layers all --nll --json',
    },
    {
      does: 'a public series of which some revisions serve the weights of others: without those',
      type: 'eigentrace trace checkpoints/ --corpus heldout.jsonl --out run --skip-flagged',
    },
    {
      does: 'the series and its nulls: the same without syntax, without training, without structure',
      type: 'eigentrace trace checkpoints/ --corpus heldout.jsonl --out run --control shuffled-tokens,random-init,gaussian',
    },
    {
      does: 'a training that is running: each checkpoint as it is saved, until step 10000',
      type: 'eigentrace trace output/ --follow --until 10000 --corpus heldout.jsonl --out run',
    },
    {
      does: 'hear of a collapse: exit status 3, a line on stderr, a message in a channel',
      type: "eigentrace trace output/ --follow --corpus heldout.jsonl --out run --alert 'rankme < 0.5*max' --alert-webhook https://hooks.example.com/…",
    },
    {
      does: 'representations that were made on a GPU, one file a checkpoint: features/step1000.npy, …',
      type: "eigentrace trace --features 'features/{revision}.npy' --out run",
    },
  ],
  settings: traceSettings,
  notes: [
    'With --features nothing is run: --layers and --position say what the rows are, and options about models and the ' +
      'corpus are refused (those of the environment and the config file are not used).',
    'Hashes of weights and token ids are remembered in EIGENTRACE_CACHE (else the folder for caches of this system), ' +
      'which can be deleted at any time.',
    'The table goes to stdout, progress to stderr. Ctrl-C finishes or drops the checkpoint under way and keeps the ' +
      'others; a second one stops at once. A checkpoint that fails does not stop the others (exit status 3).',
  ],
  async run(resolved, context) {
    const request = requestOf(resolved);
    const { json: asJson, quiet, dryRun } = resolved.values;
    refuseWithoutFollow(resolved);
    const library = await context.library();
    const alerts = alertsOf(resolved);
    if (dryRun) {
      const plan = await watched(context, quiet, (hooks) => library.planTrace(request, { ...hooks, ...alerts }));
      context.stdout.write(asJson ? json(plan) : planText(plan, request.out, styleOf(context.stdout, context.env)));
      return exitStatus.done;
    }
    const start = context.clock.now();
    const { until, poll } = resolved.values;
    const result = await watched(context, quiet, (hooks) =>
      resolved.values.follow
        ? library.followTrace(request, { until, poll }, { ...hooks, ...alerts })
        : library.trace(request, { ...hooks, ...alerts }),
    );
    const status = await conclude(result, (context.clock.now() - start) / 1000, { json: asJson, quiet }, context);
    if (resolved.values.report && !result.interrupted) await ownReport(library, result.run, quiet, context);
    return status;
  },
});

function requestOf(resolved: Resolved<typeof traceSettings>): TraceRequest {
  const { values } = resolved;
  const { features } = values;
  if (features !== null) refuseOthers(resolved);
  return {
    series: features === null ? required(traceSettings, resolved, 'series') : values.series,
    corpus: features === null ? required(traceSettings, resolved, 'corpus') : null,
    features,
    out: required(traceSettings, resolved, 'out'),
    ...(features === null && values.tokenizer !== null ? { tokenizer: values.tokenizer } : {}),
    revisions: values.revisions,
    tokensPerStep: values.tokensPerStep,
    field: values.field,
    sequences: values.sequences,
    minTokens: values.minTokens,
    maxTokens: values.maxTokens,
    seed: values.seed,
    rows: values.rows,
    position: values.position,
    layers: values.layers,
    errors: values.errors,
    alphaRange: values.alphaRange,
    nll: features === null && values.nll,
    control: values.control,
    controlSeed: values.controlSeed,
    saveFeatures: values.saveFeatures,
    device: values.device,
    precision: features === null ? values.precision : 'float32',
    memory: values.memory,
    keep: values.keep,
    threads: values.threads,
    force: values.force,
    skipFlagged: values.skipFlagged,
  };
}

/** What the user wants to hear of; nothing where no option asks. */
function alertsOf({ values }: Resolved<typeof traceSettings>): Pick<TraceHooks, 'alerts'> {
  const { alert: conditions, alertStop: stop, alertWebhook: webhook } = values;
  return conditions.length === 0 && !stop && webhook === null ? {} : { alerts: { conditions, stop, webhook } };
}

/** Options that mean something only to a series that is followed, typed without `--follow`; and what can't be followed. */
function refuseWithoutFollow({ values, origins }: Resolved<typeof traceSettings>): void {
  const typed = (['until', 'poll'] as const).filter((key) => origins[key]?.startsWith('option '));
  if (!values.follow && typed.length > 0) {
    const flags = typed.map((key) => traceSettings[key].flag).join(', ');
    throw new EigentraceError(
      'usage',
      `${flags}: has no meaning for a series that is whole (expected --follow with it)`,
    );
  }
  if (values.follow && values.dryRun) {
    const message = '--dry-run: can not plan what is still to come, got --follow too (expected one of the two)';
    throw new EigentraceError('usage', message);
  }
}

/** Options that need a model or a corpus, typed together with `--features`. */
function refuseOthers({ origins }: Resolved<typeof traceSettings>): void {
  const needing = [
    'corpus',
    'field',
    'preset',
    'sequences',
    'minTokens',
    'maxTokens',
    'seed',
    'rows',
    'nll',
    'tokenizer',
    'precision',
  ] as const;
  const typed = needing.filter((key) => origins[key]?.startsWith('option '));
  if (typed.length === 0) return;
  const flags = typed.map((key) => traceSettings[key].flag).join(', ');
  throw new EigentraceError(
    'usage',
    `--features: the representations are made already, got ${flags} too (expected none of these: they need a model or a corpus)`,
  );
}
