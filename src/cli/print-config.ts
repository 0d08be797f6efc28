/** `--print-config`: every setting of the command, its value, and where that came from. */
import type { Command } from './command.js';
import type { Context } from './context.js';
import { absent } from './format.js';
import { unusedVariables, type Resolved } from './resolve.js';
import type { Settings } from './setting.js';

export function printConfig(command: Command, resolved: Resolved<Settings>, context: Context): string {
  const keys = Object.keys(command.settings).filter((key) => key !== 'printConfig');
  const value = (key: string): unknown => {
    const held = resolved.values[key];
    return command.settings[key]?.secret === true && held !== null ? '(given, not shown)' : held;
  };
  if (value('json') === true) {
    const entries = keys.map((key) => [key, { value: value(key), origin: resolved.origins[key] }]);
    return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
  }
  const shown = (key: string): string => {
    const v = value(key);
    // null of `N|all` is its word.
    if (v === null || v === undefined) return /^N\|(.*)$/.exec(command.settings[key]?.value ?? '')?.[1] ?? absent;
    if (Array.isArray(v)) return v.join(v.every((part) => typeof part === 'number') ? '-' : ', ');
    return JSON.stringify(v).replace(/^"|"$/g, '');
  };
  const keyWidth = Math.max(...keys.map((key) => key.length));
  const valueWidth = Math.min(40, Math.max(...keys.map((key) => shown(key).length)));
  const lines = keys.map(
    (key) => `${key.padEnd(keyWidth)}   ${shown(key).padEnd(valueWidth)}   ${resolved.origins[key] ?? ''}`,
  );
  for (const name of unusedVariables(context.env)) lines.push(`${name} is set, but is no setting`);
  return `${lines.join('\n')}\n`;
}
