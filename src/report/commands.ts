/**
 * What a run was asked for, as command lines that ask for it again. `run.json` keeps every option resolved; a command
 * names those that are not the defaults.
 */
import type { RunRecord, RunRequest } from '../record/index.js';

interface Flag {
  readonly key: string;
  /** The option's value as it is typed, unquoted; empty for a switch. */
  readonly value: string;
  /** The option and its value for a shell. */
  readonly words: string;
}

/**
 * One a request, the main ones first; the same command once, and one for a sweep's points that differ in the value alone.
 * `name`: the run's folder.
 */
export function commandsOf(record: RunRecord, name: string): string[] {
  const requests = record.requests.toSorted((a, b) => Number(a.variant !== null) - Number(b.variant !== null));
  const values = new Map<string, string[]>();
  for (const request of requests) {
    const { command, value } = commandOf(request, name);
    values.set(command, [...(values.get(command) ?? []), ...(value === null ? [] : [value])]);
  }
  return [...values].map(([command, of]) =>
    of.length === 0 ? command : `${command} --values ${quoted(of.join(','))}`,
  );
}

/** `value`: of a sweep's point. */
function commandOf({ options, series }: RunRequest, name: string): { command: string; value: string | null } {
  const from = options['series'] ?? (isSet(options['features']) ? null : series.name);
  const place = from === null ? [] : [quoted(textOf(from))];
  const { over, value } = partsOf(options['sweep']);
  const isSweep = typeof over === 'string' && isSet(value);
  const left = ['control', 'sweep', ...(isSweep ? [variedOptions[over] ?? ''] : [])];
  const flags = flagsOf(Object.fromEntries(Object.entries(options).filter(([key]) => !left.includes(key))));
  const { kind, seed } = partsOf(options['control']);
  const control = [
    ...(isSet(kind) ? [`--control ${quoted(textOf(kind))}`] : []),
    ...(isSet(seed) && seed !== 0 ? [`--control-seed ${quoted(textOf(seed))}`] : []),
  ];
  const words = [...place, ...flags.map((flag) => flag.words), ...control, '--out', quoted(name)];
  if (!isSweep) return { command: ['eigentrace trace', ...words].join(' '), value: null };
  return { command: ['eigentrace sweep', ...words, '--over', quoted(over)].join(' '), value: textOf(value) };
}

/** What each kind of sweep varies; --corpus is needed in any case. */
const variedOptions: Readonly<Record<string, string>> = {
  ...{ n: 'sequences', length: 'maxTokens', layer: 'layers', position: 'position' },
};

/** Of an option that is an object; run.json may hold anything. */
function partsOf(option: unknown): Readonly<Record<string, unknown>> {
  return typeof option === 'object' && option !== null ? (option as Record<string, unknown>) : {};
}

/** Defaults of `trace` that change numbers; what is asked beyond them is named. */
const defaults: Readonly<Record<string, unknown>> = {
  ...{ revisions: 'all', field: 'text', sequences: 15_000, minTokens: 32, maxTokens: 512, position: 'last' },
  ...{ layers: 'final', errors: 'jackknife', device: 'cpu' },
};

/** Options beyond the defaults, in the request's order, as they are typed. */
export function flagsOf(options: Readonly<Record<string, unknown>>): Flag[] {
  return Object.entries(options).flatMap(([key, value]) => {
    if (key === 'series' || !isSet(value) || defaults[key] === value) return [];
    if (key === 'alphaRange' && Array.isArray(value) && value.join('-') === '12-100') return [];
    const flag = `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (value === true) return [{ key, value: '', words: flag }];
    const text = key === 'alphaRange' && Array.isArray(value) ? value.join('-') : textOf(value);
    return [{ key, value: text, words: `${flag} ${quoted(text)}` }];
  });
}

function isSet(value: unknown): boolean {
  return value !== null && value !== undefined && value !== false;
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value);
}

/** A word for a POSIX shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
