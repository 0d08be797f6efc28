/**
 * Whether a checkpoint that another program is writing is all there. Trainer writes weights, then the index of their shards,
 * the tokenizer, the optimizer and `trainer_state.json` last; others write in any order, or copy. So weights must be as long
 * as their headers say and every shard of the index present, and then either `trainer_state.json` says that the writer came
 * to its end, or no file has changed between two looks. Nothing is watched: looks work on network file systems too.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { identify, readJson } from '../bytes/index.js';
import { messageOf } from '../errors.js';
import { openCheckpoint, type CheckpointOptions } from './checkpoint.js';
import { holdsWeights } from './weights.js';

/** What a folder's files were at one look. */
export interface FilesSeen {
  readonly names: readonly string[];
  /** Changes whenever a file comes, goes, grows or is written to. */
  readonly all: string;
  /** The same of config and weights alone: when these change, what was measured is no longer what is there. */
  readonly weights: string;
}

/** Looks at the files named; null when one of them went away meanwhile. */
export async function lookAtFiles(folder: string, names: readonly string[]): Promise<FilesSeen | null> {
  const all: string[] = [];
  const weights: string[] = [];
  for (const name of names) {
    const identity = await identify(join(folder, name)).catch(() => null);
    if (identity === null) return null;
    const line = [name, identity.size, identity.mtimeNs, identity.inode].join(' ');
    all.push(line);
    if (name === 'config.json' || name === 'adapter_config.json' || isWeight(name)) weights.push(line);
  }
  return { names, all: all.join('\n'), weights: weights.join('\n') };
}

/** Optimizer and the like end in `.pt`, `.bin` too, and are no weights. */
function isWeight(name: string): boolean {
  return /^adapter_model\./.test(name) || holdsWeights([name]);
}

export interface TrainerState {
  readonly step: number | null;
  /** The step at which the training ends. */
  readonly last: number | null;
}

const stateSchema = z.looseObject({ global_step: z.number().optional(), max_steps: z.number().optional() });
const stateLimit = 256 * 1024 * 1024;

/** What `trainer_state.json` says; null when it is not there, or not written to its end. */
export async function readTrainerState(folder: string, names: readonly string[]): Promise<TrainerState | null> {
  if (!names.includes('trainer_state.json')) return null;
  const json = await readJson(join(folder, 'trainer_state.json'), stateLimit).catch(() => null);
  const parsed = stateSchema.safeParse(json);
  if (!parsed.success) return null;
  const step = (value: number | undefined) => (value !== undefined && value >= 0 ? value : null);
  const last = step(parsed.data.max_steps);
  return { step: step(parsed.data.global_step), last: last === 0 ? null : last };
}

const shardName = /-\d{5}-of-\d{5}\.(safetensors|bin)$/;

/** What is missing or cut short in a checkpoint's folder, in words; null when nothing is. Reads headers, never a weight. */
export async function missingFrom(
  folder: string,
  names: readonly string[],
  options: CheckpointOptions,
): Promise<string | null> {
  if (names.length === 0) return 'empty so far';
  const isAdapter = names.some((name) => name.startsWith('adapter_model.'));
  if (!isAdapter && !holdsWeights(names)) return 'no weights yet';
  if (isAdapter && !names.includes('adapter_config.json')) return 'no adapter_config.json yet';
  // The index comes after its shards: the first shard alone would pass for the only weight file.
  const sharded = names.some((name) => shardName.test(name));
  if (sharded && !names.some((name) => name.endsWith('.index.json'))) return 'shards without their index yet';
  try {
    const { tokenizer } = await openCheckpoint(folder, options);
    if (tokenizer === null) return noTokenizer;
    await readJson(tokenizer.path);
    return null;
  } catch (error) {
    return messageOf(error).replace(`${folder}/`, '').replace(`${folder}: `, '');
  }
}

/** Said of a checkpoint that has all but its tokenizer, which may come with a later save. */
export const noTokenizer = 'no tokenizer.json yet, in it or above (--tokenizer PATH gives one)';
