/** Help texts: examples first, then usage, then every option with unit, default and meaning. */
import type { Command } from './command.js';
import { wrap } from './format.js';
import type { Setting, Settings } from './setting.js';
import { readElsewhere, variableOf } from './settings/every.js';
import type { Style } from './style.js';

/** The help of `eigentrace` itself. */
export function mainHelp(commands: readonly Command[], width: number, style: Style): string {
  const longest = Math.max(...commands.map((c) => c.name.length), 'help'.length);
  const summary = (name: string, words: string) => `  ${style.bold(name.padEnd(longest))}   ${words}`;
  return joined([
    wrap(
      "Trace the geometry of a language model's representations across its checkpoints: RankMe, α-ReQ and the " +
        'eigenspectrum, from pretraining to post-training.',
      width,
    ),
    [
      style.bold('Examples'),
      ...examples(
        [
          { does: 'the bundled series, offline, in under two minutes', type: 'eigentrace demo' },
          {
            does: 'your own checkpoints on your own text',
            type: 'eigentrace trace checkpoints/ --corpus heldout.jsonl --out run',
          },
          {
            does: 'what that would cost, before doing it',
            type: 'eigentrace trace checkpoints/ --corpus heldout.jsonl --out run --dry-run',
          },
          { does: 'the figures as a table', type: 'eigentrace export run --format csv --out run.csv' },
        ],
        style,
      ),
    ],
    [
      style.bold('Commands'),
      ...commands.map((c) => summary(c.name, c.summary)),
      summary('help', 'Help on one command: eigentrace help trace.'),
    ],
    [
      style.bold('Every command'),
      '  --json           Machine-readable result on stdout, and nothing else there.',
      '  --quiet          No progress and no notes on stderr, only errors.',
      '  --print-config   Every setting with where it came from.',
      '  --help           Examples and options of the command.',
      '  --version        The version of eigentrace.',
    ],
    [...wrap(precedence, width), ...wrap(statuses, width)],
  ]);
}

const precedence =
  'Options go before the environment (EIGENTRACE_SEQUENCES=600), that before eigentrace.config.json in the current ' +
  'folder ({ "sequences": 600 }), that before the defaults.';
const statuses =
  'Exit status: 0 done, 1 failed, 2 wrong usage, 3 some checkpoints failed and the rest is there, 4 integrity, ' +
  '130 interrupted (what was finished is kept; the next run goes on).';

/** The help of one command. */
export function commandHelp(command: Command, width: number, style: Style): string {
  const entries = Object.entries(command.settings);
  const arguments_ = entries.filter(([, s]) => !s.flag.startsWith('--'));
  const options = entries.filter(([, s]) => s.flag.startsWith('--'));
  return joined([
    wrap(command.description, width),
    [style.bold('Examples'), ...examples(command.examples, style)],
    [style.bold('Usage'), `  eigentrace ${command.name} ${command.usage}`],
    arguments_.length === 0 ? [] : [style.bold('Arguments'), ...list(arguments_, width, style)],
    [style.bold('Options'), ...list(options, width, style), ...row('--help', 'Show this.', width, style)],
    ...command.notes.map((note) => wrap(note, width)),
    wrap(precedence, width),
  ]);
}

/** The names that stand before an option's meaning: `--seed N|none`. */
function names(setting: Setting<unknown>): string {
  return setting.value === null ? setting.flag : `${setting.flag} ${setting.value}`;
}

function list(entries: readonly [string, Settings[string]][], width: number, style: Style): string[] {
  return entries.flatMap(([key, setting]) => {
    const facts = [
      setting.value === null && setting.shown === 'off'
        ? null
        : setting.shown === null
          ? 'required'
          : `default: ${setting.shown}`,
      readElsewhere(setting) ? variableOf(key) : null,
    ].filter((fact) => fact !== null);
    const meaning = facts.length === 0 ? setting.meaning : `${setting.meaning} [${facts.join('; ')}]`;
    return row(names(setting), meaning, width, style);
  });
}

const indent = 26;

function row(name: string, meaning: string, width: number, style: Style): string[] {
  const lines = wrap(meaning, Math.max(24, width - indent));
  const head = `  ${style.bold(name)}`;
  if (name.length + 4 <= indent) {
    const first = `${head}${' '.repeat(indent - 2 - name.length)}${lines[0] ?? ''}`;
    return [first, ...lines.slice(1).map((line) => ' '.repeat(indent) + line)];
  }
  return [head, ...lines.map((line) => ' '.repeat(indent) + line)];
}

function examples(list: readonly { does: string; type: string }[], style: Style): string[] {
  return list.flatMap(({ does, type }) => [`  ${style.dim(`# ${does}`)}`, `  ${type}`]);
}

function joined(blocks: readonly (readonly string[])[]): string {
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')}\n`;
}
