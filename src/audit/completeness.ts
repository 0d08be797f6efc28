/**
 * Whether a revision is all there, by the names and sizes of its files and its small JSON files: the same question for a
 * folder and for the Hub, where no weight is at hand.
 */
import { z } from 'zod';
import type { RevisionFacts, RevisionFile } from './facts.js';

export interface Listing {
  readonly files: readonly RevisionFile[];
  /** A small file's text; null when it is not there or can't be read. */
  readonly text: (name: string) => Promise<string | null>;
  /** Whether a config.json above serves for it. */
  readonly configAbove: boolean;
}

const indexSchema = z.looseObject({
  metadata: z.looseObject({ total_size: z.number().optional() }).nullish(),
  weight_map: z.record(z.string(), z.string()),
});

const leftover = /\.(incomplete|partial|part|tmp|crdownload|aria2)$|^(tmp|temp)[-_.]/i;
const notWeights = /^(training_args|optimizer|scheduler|rng_state.*|trainer_state)\.|^tokenizer|\.index\.json$/;
const weightFile = /\.(safetensors|bin|pt|pth|gguf)$/;

/** Whether a file of this name holds weights (an adapter's too). */
export function isWeightFile(name: string): boolean {
  return weightFile.test(name) && !notWeights.test(name) && !name.includes('/');
}

/** The weight files that would be read: safetensors before `.bin`, as transformers takes them. */
export function weightFilesOf<F extends { readonly name: string }>(files: readonly F[]): F[] {
  const named = (name: string) => files.filter((file) => file.name === name);
  for (const single of ['model.safetensors', 'pytorch_model.bin']) {
    if (named(single).length > 0) return named(single);
    const shard = new RegExp(`^${single.replace('.', '(-\\d+-of-\\d+)\\.')}$`);
    const shards = files.filter(({ name }) => shard.test(name));
    if (shards.length > 0) return shards.sort((a, b) => (a.name < b.name ? -1 : 1));
  }
  const weights = files.filter(({ name }) => isWeightFile(name));
  const tensors = weights.filter(({ name }) => name.endsWith('.safetensors'));
  return (tensors.length > 0 ? tensors : weights).sort((a, b) => (a.name < b.name ? -1 : 1));
}

export async function incompleteness({ files, text, configAbove }: Listing): Promise<RevisionFacts['problems']> {
  const problems: { code: RevisionFacts['problems'][number]['code']; message: string }[] = [];
  const has = (name: string): boolean => files.some((file) => file.name === name);
  const weights = weightFilesOf(files);
  const index = ['model.safetensors', 'pytorch_model.bin'].find((single) => has(`${single}.index.json`));
  if (index !== undefined && !has(index)) problems.push(...(await shardProblems(`${index}.index.json`, files, text)));
  else if (weights.length === 0) problems.push({ code: 'no-weights', message: 'no weight file' });
  else problems.push(...countProblems(weights));
  for (const { name } of weights.filter(({ size }) => size === 0)) {
    problems.push({ code: 'damaged-file', message: `${name} is empty` });
  }
  const ownConfig = has('config.json') || has('adapter_config.json') || files.some(({ name }) => /\.gguf$/.test(name));
  if (!ownConfig && !configAbove) problems.push({ code: 'no-config', message: 'no config.json' });
  const left = files.filter(({ name }) => leftover.test(name)).map(({ name }) => name);
  if (left.length > 0) {
    const message = 'left by a download or a save that was cut off';
    problems.push({ code: 'unfinished', message: `${some(left)}: ${message}` });
  }
  return problems;
}

async function shardProblems(
  index: string,
  files: readonly RevisionFile[],
  text: Listing['text'],
): Promise<RevisionFacts['problems']> {
  const content = await text(index);
  const parsed = indexSchema.safeParse(content === null ? null : tryJson(content));
  if (!parsed.success) return [{ code: 'damaged-file', message: `${index} is not an index of shards` }];
  const shards = [...new Set(Object.values(parsed.data.weight_map))].sort();
  const there = files.filter(({ name }) => shards.includes(name));
  if (there.length < shards.length) {
    const missing = shards.filter((shard) => !there.some(({ name }) => name === shard));
    const message = `${there.length} of ${shards.length} shards: ${some(missing)} not there`;
    return [{ code: 'missing-shards', message }];
  }
  const total = parsed.data.metadata?.total_size;
  const bytes = there.reduce((sum, { size }) => sum + size, 0);
  // Files are larger than their tensors by their headers.
  if (total === undefined || bytes >= total) return [];
  const message = `its shards have ${bytes} bytes, fewer than the ${total} that ${index} counts`;
  return [{ code: 'damaged-file', message }];
}

/** Shards without an index say in their names how many there are. */
function countProblems(weights: readonly RevisionFile[]): RevisionFacts['problems'] {
  const counts = weights.map(({ name }) => Number(/-of-(\d+)\./.exec(name)?.[1] ?? 0));
  const expected = Math.max(0, ...counts);
  if (expected === 0) return [];
  const index = 'and no index of them';
  return expected === weights.length
    ? [{ code: 'unreadable', message: `${expected} shards ${index}` }]
    : [{ code: 'missing-shards', message: `${weights.length} of ${expected} shards, ${index}` }];
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function some(names: readonly string[]): string {
  return names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;
}
