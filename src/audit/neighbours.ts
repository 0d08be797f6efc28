/**
 * What a revision has otherwise than its neighbours of the same stage: keys of its config, its tokenizer, dtypes, names and
 * shapes of tensors. The value that most have counts as the stage's own, of two equally common ones the earlier.
 */
import { byStage, isWhole, type RevisionFacts, type SeriesFacts } from './facts.js';
import { finding, type Finding, type FindingCode } from './finding.js';

/** Keys that say who wrote the file, how it is run or where it came from. */
const bookkeeping = new Set([
  ...['_name_or_path', '_commit_hash', '_attn_implementation', '_attn_implementation_autoset', 'transformers_version'],
  ...['use_cache', 'architectures', 'output_attentions', 'output_hidden_states', 'return_dict', 'id2label', 'label2id'],
  // What the weights are stored in is seen on the weights.
  ...['torch_dtype', 'dtype'],
]);

export function differingNeighbours({ revisions }: SeriesFacts): Finding[] {
  return [...byStage(revisions)].flatMap(([, own]) => {
    const whole = own.filter(isWhole);
    return [...differingConfigs(whole), ...differingRest(whole)];
  });
}

function differingConfigs(own: readonly RevisionFacts[]): Finding[] {
  const withConfig = own.filter(({ config }) => config !== null);
  const keys = new Set(withConfig.flatMap(({ config }) => Object.keys(config!)));
  return [...keys]
    .filter((key) => !bookkeeping.has(key))
    .flatMap((key) =>
      deviating(
        'config-differs',
        withConfig,
        ({ config }) => canonical(config![key]),
        (value, usual) => {
          return `${key} of the config is ${short(value)}, ${short(usual)} in most`;
        },
      ),
    );
}

function differingRest(own: readonly RevisionFacts[]): Finding[] {
  return [
    ...deviating(
      'tokenizer-differs',
      own.filter(({ tokenizer }) => tokenizer !== null),
      ({ tokenizer }) => tokenizer!,
      () => `another tokenizer.json than in most`,
    ),
    ...deviating(
      'dtype-differs',
      own.filter(({ dtypes }) => dtypes.length > 0),
      ({ dtypes }) => dtypes.join(' and '),
      (value, usual) => `stored as ${value}, most as ${usual}`,
    ),
    ...differingTensors(own.filter(({ shapes }) => shapes !== null)),
  ];
}

function differingTensors(own: readonly RevisionFacts[]): Finding[] {
  const shapesBy = new Map<string, ReadonlyMap<string, string>>();
  const keyOf = ({ shapes }: RevisionFacts): string => {
    const key = JSON.stringify([...shapes!].sort(([a], [b]) => (a < b ? -1 : 1)));
    shapesBy.set(key, shapes!);
    return key;
  };
  return deviating('tensors-differ', own, keyOf, (value, usual) => {
    const [has, expected] = [shapesBy.get(value)!, shapesBy.get(usual)!];
    const other = [...has].find(([name, shape]) => expected.get(name) !== shape);
    const lacking = [...expected.keys()].filter((name) => !has.has(name));
    if (lacking.length > 0) return `lacks ${lacking.length} of ${expected.size} tensors, ${lacking[0]} among them`;
    const [name, shape] = other!;
    const than = expected.get(name);
    return than === undefined ? `has a tensor that most lack, ${name}` : `${name} is ${shape}, ${than} in most`;
  });
}

/** One finding a value that is not the usual one. */
function deviating(
  code: FindingCode,
  own: readonly RevisionFacts[],
  valueOf: (facts: RevisionFacts) => string,
  say: (value: string, usual: string) => string,
): Finding[] {
  const groups = new Map<string, RevisionFacts[]>();
  for (const facts of own) {
    const value = valueOf(facts);
    groups.set(value, [...(groups.get(value) ?? []), facts]);
  }
  const most = Math.max(0, ...[...groups.values()].map(({ length }) => length));
  const usual = [...groups].find(([, members]) => members.length === most)?.[0];
  return [...groups]
    .filter(([value]) => value !== usual)
    .map(([value, members]) => finding(code, say(value, usual!), members));
}

/** JSON with sorted keys; an absent key is not null. */
function canonical(value: unknown): string {
  if (value === undefined) return 'absent';
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

function short(value: string): string {
  return value.length <= 40 ? value : `${value.slice(0, 39)}…`;
}
