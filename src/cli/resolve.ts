/**
 * Where values come from: options > environment > `eigentrace.config.json` > preset > default. Each value keeps its
 * origin, which `--print-config` prints and error messages name.
 */
import { EigentraceError, nearest } from '../errors.js';
import type { Context } from './context.js';
import type { Setting, Settings, Values } from './setting.js';
import { everySetting, readElsewhere, variableOf } from './settings/every.js';
import { presets } from './settings/sampling.js';

export const configName = 'eigentrace.config.json';

/** Options and arguments as commander read them: by key, a text (or several), or true/false of a switch. */
export type Given = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

export interface Resolved<S extends Settings> {
  readonly values: Values<S>;
  /** By key: `option --seed`, `environment EIGENTRACE_SEED`, `eigentrace.config.json`, `preset paper`, `default`. */
  readonly origins: Readonly<Record<string, string>>;
}

const strength = { default: 0, config: 1, environment: 2, option: 3 } as const;
type Source = keyof typeof strength;

/** Reads every setting of a command from where it was given, checked. */
export function resolve<S extends Settings>(
  settings: S,
  given: Given,
  env: Context['env'],
  config: Readonly<Record<string, unknown>>,
): Resolved<S> {
  const values: Record<string, unknown> = {};
  const origins: Record<string, string> = {};
  const sources: Record<string, Source> = {};
  for (const [key, setting] of Object.entries(settings)) {
    const found = find(key, setting, given, env, config);
    sources[key] = found.source;
    origins[key] = found.origin;
    values[key] = found.text === undefined ? setting.initial() : checked(setting, found.text, found.subject);
  }
  const name = values.preset;
  if (name === 'paper' || name === 'pythia-script') {
    for (const [key, value] of Object.entries(presets[name])) {
      // A preset asked for more strongly than the single value wins: `--preset` over the config file's `minTokens`.
      if (strength[sources[key]!] > 0 && strength[sources[key]!] >= strength[sources.preset!]) continue;
      values[key] = value;
      origins[key] = `preset ${name}`;
    }
  }
  return { values: values as Values<S>, origins };
}

interface Found {
  source: Source;
  origin: string;
  subject: string;
  text: string | readonly string[] | undefined;
}

function find(
  key: string,
  setting: Setting<unknown>,
  given: Given,
  env: Context['env'],
  config: Readonly<Record<string, unknown>>,
): Found {
  const option = given[key];
  if (option !== undefined) {
    const origin = setting.flag.startsWith('--') ? `option ${setting.flag}` : `argument ${setting.flag}`;
    return {
      source: 'option',
      origin,
      subject: setting.flag,
      text: setting.verbatim === true ? asGiven(option) : asTexts(option),
    };
  }
  if (readElsewhere(setting)) {
    const variable = variableOf(key);
    const held = env[variable]?.trim();
    if (held !== undefined && held !== '') {
      return {
        source: 'environment',
        origin: `environment ${variable}`,
        subject: variable,
        text: setting.many ? [held] : held,
      };
    }
    const configured = config[key];
    if (configured !== undefined && configured !== null) {
      const subject = `${configName}: ${key}`;
      return { source: 'config', origin: configName, subject, text: fromConfig(configured, setting, subject) };
    }
  }
  return {
    source: 'default',
    origin: setting.shown === null ? 'not given' : 'default',
    subject: setting.flag,
    text: undefined,
  };
}

/** Spaces at the ends matter; each of several stays one. */
function asGiven(option: string | boolean | readonly string[]): string | readonly string[] {
  return typeof option === 'boolean' ? String(option) : option;
}

function asTexts(option: string | boolean | readonly string[]): string | readonly string[] {
  return Array.isArray(option) ? option.map((text: string) => text.trim()) : String(option).trim();
}

function fromConfig(value: unknown, setting: Setting<unknown>, subject: string): string | readonly string[] {
  if (!setting.many) return asText(value, setting, subject);
  return (Array.isArray(value) ? value : [value]).map((one) => asText(one, setting, subject));
}

/** A value of the config file as the option would be written: 600 → `600`, [0, 6] → `0,6`. */
function asText(value: unknown, setting: Setting<unknown>, subject: string): string {
  const scalar = (v: unknown): v is string | number | boolean => ['string', 'number', 'boolean'].includes(typeof v);
  if (scalar(value)) return String(value).trim();
  if (Array.isArray(value) && value.length > 0 && value.every(scalar)) return value.join(',');
  throw refused(setting, JSON.stringify(value), subject);
}

function checked(setting: Setting<unknown>, text: string | readonly string[], subject: string): unknown {
  if (typeof text !== 'string') return text.flatMap((one) => checked(setting, one, subject));
  const value = setting.parse(text);
  if (value === undefined) throw refused(setting, text, subject);
  return value;
}

function refused(setting: Setting<unknown>, text: string, subject: string): EigentraceError {
  const what = text === '' ? 'is empty' : `${setting.wrong}, got ${text}`;
  return new EigentraceError('usage', `${subject}: ${what} (expected ${setting.expected})`);
}

/** The value of a setting that the command can't do without. */
export function required<S extends Settings, K extends keyof S & string>(
  settings: S,
  resolved: Resolved<S>,
  key: K,
): NonNullable<Values<S>[K]> {
  const value = resolved.values[key];
  const isGiven = value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0);
  if (isGiven) return value;
  const setting = settings[key]!;
  throw new EigentraceError('usage', `${setting.flag}: is missing (expected ${setting.expected})`);
}

/** The config file's content, checked: an object of known keys (`$schema` is let through). */
export function checkConfig(content: unknown): Record<string, unknown> {
  if (content === undefined || content === null) return {};
  if (typeof content !== 'object' || Array.isArray(content)) {
    throw new EigentraceError('usage', `${configName}: is not an object (expected { "sequences": 600, … })`);
  }
  for (const key of Object.keys(content)) {
    if (key === '$schema' || Object.hasOwn(everySetting, key)) continue;
    const near = nearest(key, Object.keys(everySetting)).join(', ');
    throw new EigentraceError('usage', `${configName}: unknown key, got ${key} (nearest: ${near})`);
  }
  return content as Record<string, unknown>;
}

/** Variables `EIGENTRACE_…` that nothing reads: probably typed wrongly. */
export function unusedVariables(env: Context['env']): string[] {
  const known = new Set(['EIGENTRACE_CACHE', 'EIGENTRACE_DEBUG', ...Object.keys(everySetting).map(variableOf)]);
  return Object.keys(env).filter((name) => name.startsWith('EIGENTRACE_') && !known.has(name) && env[name] !== '');
}
