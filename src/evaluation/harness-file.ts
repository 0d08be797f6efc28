/**
 * Findings as the lm-evaluation-harness lays its result files out, so that its readers read them: one
 * `RUN/lm-eval/<series>/results_<stage>_<revision>.json` a checkpoint, made anew from all that the run holds of it.
 */
import { makeFolder, writeAtomic } from '../bytes/index.js';
import { encodeName, openRun, readFindings, type Finding } from '../record/index.js';
import { readableJson } from '../record/json.js';
import type { VisitResult } from '../visit/index.js';

/** Writes the files of the checkpoints that a visit went to; answers with their paths. */
export async function writeHarnessFiles(path: string, { results, series }: VisitResult): Promise<string[]> {
  const visited = new Set(
    results.filter(({ control }) => control === null).map(({ stage, revision }) => `${stage}\n${revision}`),
  );
  if (visited.size === 0) return [];
  const run = await openRun(path);
  const { findings } = await readFindings(run, 'tasks');
  const folder = `${path}/lm-eval/${encodeName(series)}`;
  await makeFolder(folder);
  const files: string[] = [];
  for (const place of visited) {
    const own = findings
      .map(({ finding }) => finding)
      .filter((finding) => finding.series === series && `${finding.stage}\n${finding.revision}` === place)
      .filter((finding) => !finding.control);
    if (own.length === 0) continue;
    const { stage, revision } = own[0]!;
    const file = `${folder}/results_${encodeName(stage)}_${encodeName(revision)}.json`;
    await writeAtomic(file, readableJson(harnessResults(own)));
    files.push(file);
  }
  return files;
}

/** The findings of one checkpoint in the harness's layout. Where a task was asked with several numbers of examples, each is a task of its own. */
export function harnessResults(findings: readonly Finding[]): Record<string, unknown> {
  const results: Record<string, Record<string, unknown>> = {};
  const versions: Record<string, unknown> = {};
  const shots: Record<string, number> = {};
  const samples: Record<string, { original: number; effective: number }> = {};
  const better: Record<string, unknown> = {};
  const [first] = findings;
  for (const { values, detail, options } of findings) {
    const alias = String(detail?.['task'] ?? options['task']);
    const name = alias in results ? (values[0]?.name ?? alias) : alias;
    const filter = 'exact_match' === values[0]?.metric ? 'remove_whitespace' : 'none';
    const row: Record<string, unknown> = { alias };
    for (const { metric, value, se } of values) {
      row[`${metric},${filter}`] = value;
      row[`${metric}_stderr,${filter}`] = se ?? 'N/A';
    }
    results[name] = row;
    versions[name] = detail?.['version'] ?? null;
    shots[name] = Number(detail?.['fewshot'] ?? 0);
    better[name] = detail?.['higher_is_better'] ?? {};
    const n = values[0]?.n ?? 0;
    samples[name] = { original: n, effective: n };
  }
  return {
    results,
    versions,
    'n-shot': shots,
    higher_is_better: better,
    'n-samples': samples,
    config: {
      model: 'eigentrace',
      model_args: { pretrained: first?.series ?? '', revision: first?.revision ?? '', dtype: 'float32' },
      model_num_parameters: first?.provenance.model.parameters ?? null,
      limit: first?.options['limit'] ?? null,
      bootstrap_iters: 0,
    },
    eigentrace_version: first?.provenance.versions['eigentrace'] ?? null,
    model_name: first?.series ?? '',
    date: first === undefined ? 0 : Date.parse(first.provenance.created) / 1000,
  };
}
