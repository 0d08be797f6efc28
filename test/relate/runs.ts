/** Runs with chosen geometry and results of tasks: curves whose correlations are known beforehand. */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFinding } from '../../src/record/finding-store.js';
import { addRequest, openRun, writeMeasurement, type Run } from '../../src/record/index.js';
import { draft, hash, keyParts, layer, request } from '../record/fixture.js';

export interface Checkpoint {
  readonly revision: string;
  readonly stage?: string;
  readonly step: number | null;
  readonly tokens: number | null;
  readonly parent?: string;
  readonly seed?: number;
  readonly rankme: number;
  readonly alpha: number;
  readonly nll?: number;
  /** Of its weights; default one of its own. */
  readonly weights?: string;
  /** By task: the metric's value. */
  readonly tasks?: Readonly<Record<string, Readonly<Record<string, number | null>>>>;
  /** By task: scores of its questions. */
  readonly items?: Readonly<Record<string, readonly unknown[]>>;
}

/** `groups` curves of RankMe and α without each group of rows; 0: measured without errors. */
export async function relatedRun(
  checkpoints: readonly Checkpoint[],
  { series = 'pythia-14m', groups = 10 }: { series?: string; groups?: number } = {},
): Promise<Run> {
  const run = await openRun(await mkdtemp(join(tmpdir(), 'eigentrace-relate-')), { create: true });
  const stages = [...new Set(checkpoints.map(({ stage = 'pretrain' }) => stage))].map((name) => ({
    name,
    checkpoints: checkpoints
      .filter(({ stage = 'pretrain' }) => stage === name)
      .map(({ revision, step, tokens }) => ({ revision, step, tokens })),
  }));
  await addRequest(run, request({ series: { name: series, stages } }));
  for (const [i, checkpoint] of checkpoints.entries()) {
    const { revision, stage = 'pretrain', step, tokens, parent = null, seed = null, rankme, alpha } = checkpoint;
    const ref = { series, stage, revision, step, tokens, parent, seed };
    const sha256 = checkpoint.weights ?? hash('0').slice(0, -4) + i.toString(16).padStart(4, '0');
    const parts = { ...keyParts, weights: sha256 };
    const { provenance } = draft();
    const curve = (value: number, phase: number) =>
      Array.from({ length: groups }, (_, k) => value * (1 + Math.sin(k + phase + i) / 100));
    const figures = { rankme, alpha, top1: 1 / rankme, mean_norm: 3 };
    const measured = {
      ...{ ...layer, figures, reasons: {}, flags: [] },
      ...(groups === 0 ? {} : { replicates: { rankme: curve(rankme, 0), alpha: curve(alpha, 1) } }),
    };
    await writeMeasurement(
      run,
      draft({
        ...{ ...ref, flags: [], keyParts: parts },
        layers: { final: groups === 0 ? withoutReplicates(measured) : measured },
        nll: checkpoint.nll === undefined ? null : { value: checkpoint.nll, tokens: 10, se: null },
        provenance: { ...provenance, weights: { ...provenance.weights!, sha256 } },
      }),
    );
    for (const [task, metrics] of Object.entries(checkpoint.tasks ?? {})) {
      const first = Object.keys(checkpoints.find(({ tasks }) => tasks)?.tasks ?? {})[0];
      await writeFinding(run, {
        ...ref,
        ...{ kind: 'tasks', variant: task === first ? null : task.slice(0, 6), control: null },
        options: { task, fewshot: 0, limit: null },
        values: Object.entries(metrics).map(([metric, value]) => ({
          ...{ name: task, metric, value, se: value === null ? null : 0.01, n: 100, definition: `${task} 1` },
          ...(value === null ? { reason: 'no questions' } : {}),
        })),
        detail: { task, ...(checkpoint.items?.[task] ? { items: checkpoint.items[task] } : {}) },
        keyParts: { task, weights: sha256 },
        provenance: {
          weights: { ...provenance.weights!, sha256 },
          model: { architecture: 'gpt_neox', parameters: 1, non_embedding: 1 },
          ...{ config_sha256: hash('b'), tokenizer_sha256: null, precision: 'float32', device: 'cpu' },
          ...{ versions: {}, commit: null, created: '2025-01-02T03:04:05.678Z', seconds: 1 },
        },
      });
    }
  }
  return openRun(run.path);
}

function withoutReplicates<T extends { replicates?: unknown }>(measured: T): T {
  const { replicates: _, ...rest } = measured;
  return { ...rest, replicates: null } as T;
}

/** A folder of result files of the harness, one a checkpoint: file name → task → value of `acc`. */
export async function resultFiles(files: Readonly<Record<string, Readonly<Record<string, number>>>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'eigentrace-results-'));
  for (const [name, tasks] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    const results = Object.fromEntries(Object.entries(tasks).map(([task, acc]) => [task, { acc, acc_stderr: 0.01 }]));
    await writeFile(join(folder, name), JSON.stringify({ results }));
  }
  return folder;
}
