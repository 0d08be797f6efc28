/**
 * `--revisions`: which checkpoints of a series are meant. `all`, `log:24`, `every:10`, `1000..20000:1000`, `paper`, or a
 * comma list of those, of revisions, steps, `stage/revision` and globs. Rules about steps hold within each stage, for steps
 * begin anew there; several checkpoints at one step (seeds, children of several parents) are taken or left together.
 */
import { EigentraceError, messageOf, nearest } from '../errors.js';
import type { SeriesEntry } from './series.js';

/** The entries that are meant, in the order of the series. A spec that is wrong or matches nothing is an error. */
export function selectRevisions<E extends SeriesEntry>(entries: readonly E[], spec: string): E[] {
  const items = splitList(spec);
  if (items.length === 0) throw refuse(spec, `is empty (expected ${forms})`);
  const chosen = new Set<E>();
  for (const item of items) {
    const found = selectOne(entries, item);
    if (found.length === 0) throw refuse(item, nothing(entries, item));
    for (const entry of found) chosen.add(entry);
  }
  return entries.filter((entry) => chosen.has(entry));
}

/**
 * Whether one entry of a series that still grows is meant. Rules that choose among all steps (`log:24`, `every:10`) would
 * choose otherwise with each checkpoint that comes, so they are refused.
 */
export function matchesRevisions(entry: SeriesEntry, spec: string): boolean {
  const items = splitList(spec);
  if (items.length === 0) throw refuse(spec, `is empty (expected ${forms})`);
  const rule = items.find((item) => /^(log|every):/.test(item));
  if (rule !== undefined) {
    const advice = 'expected all, paper, a range with a stride such as 0..:5000, names, steps or a glob';
    throw refuse(
      rule,
      `chooses among all checkpoints, and a series that is followed has not all of them yet (${advice})`,
    );
  }
  return items.some((item) => selectOne([entry], item).length > 0);
}

const forms = 'all, log:24, every:10, 1000..20000:1000, paper, a comma list of revisions, or a glob';
const keywords = ['all', 'log:24', 'every:10', 'paper'];

/** At commas, but not those between the brackets of a glob. */
function splitList(spec: string): string[] {
  const items = spec.match(/(?:\[[^\]]*\]|[^,])+/g) ?? [];
  return items.map((item) => item.trim()).filter((item) => item !== '');
}

function selectOne<E extends SeriesEntry>(entries: readonly E[], item: string): E[] {
  if (item === 'all') return [...entries];
  if (item === 'paper') return bySteps(entries, item, (steps) => steps.filter((s) => s <= 10_000 || s % 10_000 === 0));
  const rule = /^(log|every):(.*)$/.exec(item);
  if (rule) return byRule(entries, item, rule[1] as 'log' | 'every', rule[2]!);
  const range = /^(\d*)\.\.(\d*)(?::(.*))?$/.exec(item);
  if (range && (range[1] !== '' || range[2] !== '')) return byRange(entries, item, range[1]!, range[2]!, range[3]);
  // A name before a step: a revision may well be called `1000`.
  const exact = entries.filter(({ stage, revision }) => revision === item || `${stage}/${revision}` === item);
  if (exact.length > 0) return exact;
  if (/^\d+$/.test(item)) return entries.filter(({ step }) => step === Number(item));
  if (/[*?[]/.test(item)) {
    const glob = globPattern(item);
    return entries.filter(({ stage, revision }) => glob.test(item.includes('/') ? `${stage}/${revision}` : revision));
  }
  return [];
}

function byRule<E extends SeriesEntry>(entries: readonly E[], item: string, rule: 'log' | 'every', text: string): E[] {
  const least = rule === 'log' ? 2 : 1;
  const n = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (n < least)
    throw refuse(item, `got ${text || 'no number'} (expected a whole number from ${least} after ${rule}:)`);
  if (rule === 'log') return bySteps(entries, item, (steps) => logSpaced(steps, n));
  // Counted along the list, so checkpoints without a step count too.
  return stagesIn(entries).flatMap((stage) => {
    const own = entries.filter((entry) => entry.stage === stage);
    const places = [...new Set(own.map(placeOf))];
    return own.filter((entry) => places.indexOf(placeOf(entry)) % n === 0);
  });
}

function placeOf({ step, revision }: SeriesEntry): string {
  return step === null ? `revision ${revision}` : `step ${step}`;
}

/** Steps from A to B, ends included; `:S` takes A, A + S, A + 2S, … An end left out is open. */
function byRange<E extends SeriesEntry>(entries: readonly E[], item: string, a: string, b: string, by?: string): E[] {
  const [first, last] = [a === '' ? 0 : Number(a), b === '' ? Infinity : Number(b)];
  const stride = by === undefined ? 1 : /^\d{1,15}$/.test(by) ? Number(by) : 0;
  if (stride < 1) throw refuse(item, `got ${by || 'no stride'} after the colon (expected a whole number from 1)`);
  if (last < first) throw refuse(item, `ends before it begins, got ${a}..${b} (expected ${b}..${a})`);
  return bySteps(entries, item, (steps) => steps.filter((s) => s >= first && s <= last && (s - first) % stride === 0));
}

/** Lets a rule choose among the steps of each stage. */
function bySteps<E extends SeriesEntry>(
  entries: readonly E[],
  item: string,
  choose: (steps: number[]) => number[],
): E[] {
  if (entries.every(({ step }) => step === null)) {
    const names = entries.slice(0, 3).map(({ revision }) => revision);
    throw refuse(
      item,
      `goes by step, and no checkpoint has one, got ${names.join(', ')} (expected names such as step1000)`,
    );
  }
  return stagesIn(entries).flatMap((stage) => {
    const own = entries.filter((entry) => entry.stage === stage);
    const steps = [...new Set(own.flatMap(({ step }) => (step === null ? [] : [step])))].sort((x, y) => x - y);
    const chosen = new Set(choose(steps));
    return own.filter(({ step }) => step !== null && chosen.has(step));
  });
}

/**
 * `count` of the sorted steps, nearest to even spacing in ln(1 + step): the first and the last always, none twice,
 * all of them when there are no more.
 */
function logSpaced(steps: readonly number[], count: number): number[] {
  if (steps.length <= count) return [...steps];
  const x = steps.map((step) => Math.log(1 + step));
  const [from, to] = [x[0]!, x.at(-1)!];
  const chosen: number[] = [];
  let at = 0;
  for (let j = 0; j < count; j++) {
    const target = from + ((to - from) * j) / (count - 1);
    // One must be left for each that is still to come.
    const last = steps.length - count + j;
    while (at < last && Math.abs(x[at + 1]! - target) <= Math.abs(x[at]! - target)) at++;
    chosen.push(steps[at++]!);
  }
  return chosen;
}

function stagesIn(entries: readonly SeriesEntry[]): string[] {
  return [...new Set(entries.map(({ stage }) => stage))];
}

/** `*`, `?` and `[abc]`, `[a-z]`, `[!abc]`; letters count as they are. */
function globPattern(glob: string): RegExp {
  const source = glob.replace(
    /\*+|\?|\[(!?)([^\]]+)\]|[^]/g,
    (part, not: string | undefined, set: string | undefined) => {
      if (part.startsWith('*')) return '.*';
      if (part === '?') return '.';
      if (set !== undefined) return `[${not === '!' ? '^' : ''}${set.replace(/[\\\]^]/g, '\\$&')}]`;
      return part.replace(/[.+^${}()|[\]\\/-]/g, '\\$&');
    },
  );
  try {
    return new RegExp(`^${source}$`, 's');
  } catch (error) {
    throw refuse(glob, `is not a glob (expected *, ? and sets such as [0-9]; ${messageOf(error)})`);
  }
}

/** Why nothing was found, with what is nearest. */
function nothing(entries: readonly SeriesEntry[], item: string): string {
  const steps = [...new Set(entries.flatMap(({ step }) => (step === null ? [] : [step])))].sort((a, b) => a - b);
  const span = steps.length > 0 ? `, steps ${steps[0]} to ${steps.at(-1)}` : '';
  const there = `the series has ${entries.length} checkpoints${span}`;
  if (/^\d+$/.test(item)) {
    const near = steps.sort((a, b) => Math.abs(a - Number(item)) - Math.abs(b - Number(item))).slice(0, 3);
    return `no checkpoint at that step (nearest: ${near.join(', ')})`;
  }
  if (/[*?[]|\.\./.test(item)) return `matches nothing; ${there}`;
  const names = new Set([...entries.map(({ revision }) => revision), ...keywords]);
  return `no such revision (nearest: ${nearest(item, names).join(', ')}); ${there}`;
}

function refuse(item: string, what: string): EigentraceError {
  return new EigentraceError('usage', `--revisions ${item}: ${what}`);
}
