/** Commands share the environment's variables and the config file's keys: one key is one setting, whichever command reads it. */
import { expect, it } from 'vitest';
import type { Setting } from '../../src/cli/setting.js';
import { resolve } from '../../src/cli/resolve.js';
import { everySetting, readElsewhere, variableOf } from '../../src/cli/settings/every.js';
import { commands } from '../../src/cli/run.js';

interface Use {
  readonly command: string;
  readonly setting: Setting<unknown>;
}

const uses = new Map<string, Use[]>();
for (const { name, settings } of commands) {
  for (const [key, setting] of Object.entries(settings)) {
    uses.set(key, [...(uses.get(key) ?? []), { command: name, setting }]);
  }
}

/** What a value means: only the words of the help may differ from command to command. */
function differences(one: Setting<unknown>, other: Setting<unknown>): string[] {
  const differ: string[] = (['flag', 'value', 'expected', 'wrong', 'many', 'verbatim', 'secret'] as const).filter(
    (part) => (one[part] ?? false) !== (other[part] ?? false),
  );
  // Made by one call: the same texts are taken, for the same reason.
  if (one.parse !== other.parse) differ.push('parse');
  if (JSON.stringify(one.initial()) !== JSON.stringify(other.initial())) differ.push('initial');
  if (readElsewhere(one) !== readElsewhere(other)) differ.push('optionOnly');
  return differ;
}

it('is the same setting in every command that has its key', () => {
  const clashes: string[] = [];
  for (const [key, [first, ...others]] of uses) {
    for (const { command, setting } of others) {
      const differ = differences(first!.setting, setting);
      if (differ.length > 0) clashes.push(`${key}: ${first!.command} and ${command} differ in ${differ.join(', ')}`);
    }
  }
  expect(clashes).toEqual([]);
  // So many are shared that the loop has something to look at.
  expect([...uses.values()].filter((each) => each.length > 1).length).toBeGreaterThan(30);
});

it('is known where the environment and the config file are checked', () => {
  const read = [...uses].filter(([, [use]]) => readElsewhere(use!.setting)).map(([key]) => key);
  expect(read.filter((key) => !Object.hasOwn(everySetting, key))).toEqual([]);
  expect(Object.keys(everySetting).filter((key) => !read.includes(key))).toEqual([]);
});

it('has a variable of its own', () => {
  const variables = Object.keys(everySetting).map(variableOf);
  expect(new Set(variables).size).toBe(variables.length);
});

it('keeps downloads and directions apart, which both are --keep', () => {
  const env = { EIGENTRACE_KEEP: 'last', EIGENTRACE_KEEP_DIRECTIONS: '5' };
  const valuesOf = (name: string) => resolve(commands.find((c) => c.name === name)!.settings, {}, env, {}).values;
  expect(valuesOf('trace').keep).toBe('last');
  expect(valuesOf('ablate').keepDirections).toEqual(['5']);
});
