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

/** One a request, the main ones first; the same command once. `name`: the run's folder. */
export function commandsOf(record: RunRecord, name: string): string[] {
  const requests = record.requests.toSorted((a, b) => Number(a.variant !== null) - Number(b.variant !== null));
  return [...new Set(requests.map((request) => commandOf(request, name)))];
}

function commandOf({ options, series }: RunRequest, name: string): string {
  const from = options['series'] ?? (isSet(options['features']) ? null : series.name);
  const place = from === null ? [] : [quoted(textOf(from))];
  const flags = flagsOf(options).map(({ words }) => words);
  return ['eigentrace trace', ...place, ...flags, '--out', quoted(name)].join(' ');
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
