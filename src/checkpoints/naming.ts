/**
 * What the name of a checkpoint says (definitions §13): Pythia `step{N}`, OLMo-2 `stage1-step{N}-tokens{B}B` and
 * `stage2-ingredient{k}-step{N}-tokens{B}B` (a few without `stage1-`), OLMo-1 `step{N}-tokens{B}B`, RLVR `step_{N}`,
 * Trainer `checkpoint-{N}`, Megatron `iter_{N}`, DeepSpeed `global_step{N}`. Whatever else it is, a name says nothing:
 * `main`, `best` and `epoch_3` have no step. A name is a claim, not a fact; the weights' hashes are the fact.
 */

export interface CheckpointName {
  readonly step: number | null;
  /** As labelled: the label rounds up to whole billions, so `step × tokens a step` is better where it is known. */
  readonly tokens: number | null;
  /** `stage1`, `stage2`, …, or a word of post-training before the step (`sft-step20`): `sft`. */
  readonly stage: string | null;
  readonly ingredient: number | null;
}

/** Words before `-step{N}` that name a stage, in the order in which the stages follow one another. */
const stageWords = ['pretrain', 'midtrain', 'sft', 'dpo', 'kto', 'ppo', 'grpo', 'rl', 'rlvr'];

// The prefix is tried last (`??`): `stage2-` belongs to the stage, `pythia-160m-` to nobody.
const pattern = new RegExp(
  [
    '^(?:(?<prefix>.*?)[-_./@ ])??',
    '(?:stage(?<stage>\\d{1,3})[-_/])?',
    '(?:ingredient(?<ingredient>\\d{1,3})[-_/])?',
    '(?:global[-_]?step|step|iter(?:ation)?|checkpoint)[-_]?(?<step>\\d{1,15})',
    '(?:[-_]tokens(?<count>\\d{1,9}(?:\\.\\d{1,9})?)(?<unit>[MBT]))?',
    '(?:[-_](?:unsharded|hf))*$',
  ].join(''),
  'i',
);

const units: Record<string, number> = { M: 1e6, B: 1e9, T: 1e12 };

/** Reads a revision or folder name; null for each thing that it does not say. */
export function parseCheckpointName(name: string): CheckpointName {
  const groups = pattern.exec(name)?.groups;
  if (!groups) return { step: null, tokens: null, stage: null, ingredient: null };
  const { prefix, stage, ingredient, step, count, unit } = groups;
  const word = prefix
    ?.split(/[-_./@ ]/)
    .at(-1)
    ?.toLowerCase();
  return {
    step: Number(step),
    // Rounded: 4.2 × 1e9 is not whole in binary.
    tokens: count === undefined ? null : Math.round(Number(count) * units[unit!.toUpperCase()]!),
    stage: stage !== undefined ? `stage${Number(stage)}` : word && stageWords.includes(word) ? word : null,
    ingredient: ingredient === undefined ? null : Number(ingredient),
  };
}

/**
 * The stage that a folder name puts a checkpoint in: `pretrain` for names without one and for OLMo-2's `stage1`
 * (some of its branches lack the prefix), `stage2-ingredient1` for its second stage: each ingredient is a run of its own
 * from the end of stage 1.
 */
export function stageOfName({ stage, ingredient }: CheckpointName): string {
  if (stage === null || stage === 'stage1') return 'pretrain';
  return ingredient === null ? stage : `${stage}-ingredient${ingredient}`;
}

/** Orders stages found by name: pretraining, its later stages, then post-training; unknown ones last, by name. */
export function compareStages(a: string, b: string): number {
  return rankOfStage(a) - rankOfStage(b) || compareNames(a, b);
}

function rankOfStage(stage: string): number {
  const numbered = /^stage(\d+)/.exec(stage);
  if (numbered) return Number(numbered[1]) / 1000;
  const at = stageWords.indexOf(stage);
  return at < 0 ? stageWords.length : at;
}

/** Orders names as a reader does, numbers by value: `checkpoint-500` before `checkpoint-1000`. */
export function compareNames(a: string, b: string): number {
  const left = a.match(/\d+|\D+/g) ?? [];
  const right = b.match(/\d+|\D+/g) ?? [];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [x, y] = [left[i]!, right[i]!];
    const numbers = /^\d/.test(x) && /^\d/.test(y);
    const order = numbers ? Number(x) - Number(y) : x < y ? -1 : x > y ? 1 : 0;
    if (order !== 0) return order;
  }
  return left.length - right.length || (a < b ? -1 : a > b ? 1 : 0);
}
