/**
 * Reads a command line and does it: `run(['trace', …], context)` gives the exit status. commander splits the words;
 * what they mean is in `settings/`.
 */
import { Command as Parser, CommanderError, Option } from 'commander';
import { EigentraceError, nearest } from '../errors.js';
import type { Command } from './command.js';
import { ablate } from './commands/ablate.js';
import { audit } from './commands/audit.js';
import { compare } from './commands/compare.js';
import { demo } from './commands/demo.js';
import { directions } from './commands/directions.js';
import { doctor } from './commands/doctor.js';
import { evaluate } from './commands/evaluate.js';
import { exportCommand } from './commands/export.js';
import { generate } from './commands/generate.js';
import { importCommand } from './commands/import.js';
import { index } from './commands/index-files.js';
import { inspect } from './commands/inspect.js';
import { memorize } from './commands/memorize.js';
import { metrics } from './commands/metrics.js';
import { phases } from './commands/phases.js';
import { relate } from './commands/relate.js';
import { reportCommand } from './commands/report.js';
import { represent } from './commands/represent.js';
import { series } from './commands/series.js';
import { serve } from './commands/serve.js';
import { sweep } from './commands/sweep.js';
import { trace } from './commands/trace.js';
import { verify } from './commands/verify.js';
import { exitStatus, widthOf, type Context } from './context.js';
import { report } from './failure.js';
import { commandHelp, mainHelp } from './help.js';
import { printConfig } from './print-config.js';
import { checkConfig, configName, resolve, type Given } from './resolve.js';
import { styleOf } from './style.js';

export const commands: readonly Command[] = [
  demo,
  trace,
  sweep,
  memorize,
  represent,
  evaluate,
  directions,
  generate,
  index,
  ablate,
  inspect,
  audit,
  series,
  phases,
  compare,
  relate,
  verify,
  exportCommand,
  reportCommand,
  serve,
  importCommand,
  metrics,
  doctor,
];

/** Runs one command line (without `node` and the script's name). Never rejects. */
export async function run(argv: readonly string[], context: Context, version: string): Promise<number> {
  let status: number = exitStatus.done;
  const program = parserOf(context, version, async (command, given) => {
    status = await perform(command, given, context);
  });
  try {
    if (argv.length === 0) {
      context.stderr.write(program.helpInformation({ error: true }));
      return exitStatus.usage;
    }
    await program.parseAsync([...argv], { from: 'user' });
    return status;
  } catch (error) {
    // Help and version come out of commander as "errors" of status 0.
    if (error instanceof CommanderError && error.exitCode === 0) return exitStatus.done;
    return report(error, context);
  }
}

async function perform(command: Command, given: Given, context: Context): Promise<number> {
  const library = await context.library();
  const path = `${context.cwd}/${configName}`;
  const config = checkConfig((await library.kindOf(path)) === null ? {} : await library.readJson(path));
  const resolved = resolve(command.settings, given, context.env, config);
  if (resolved.values.printConfig === true) {
    context.stdout.write(printConfig(command, resolved, context));
    return exitStatus.done;
  }
  return await command.run(resolved, context);
}

function parserOf(
  context: Context,
  version: string,
  perform: (command: Command, given: Given) => Promise<void>,
): Parser {
  const program = new Parser('eigentrace')
    .version(version, '-V, --version')
    .helpOption('-h, --help')
    .helpCommand('help [command]')
    .configureHelp({
      formatHelp: (_, helper) => mainHelp(commands, helper.helpWidth ?? 100, styleOf(context.stdout, context.env)),
    });
  prepare(program, context, () => ['--help', '--version']);
  for (const command of commands) {
    const parser = program.command(command.name);
    parser.configureHelp({
      formatHelp: (_, helper) => commandHelp(command, helper.helpWidth ?? 100, styleOf(context.stdout, context.env)),
    });
    const keys = new Map<string, string>();
    for (const [key, setting] of Object.entries(command.settings)) {
      if (!setting.flag.startsWith('--')) {
        parser.argument(setting.many ? `[${setting.flag}...]` : `[${setting.flag}]`);
        continue;
      }
      const option = new Option(setting.value === null ? setting.flag : `${setting.flag} <value>`);
      // Given again, it adds to the list; `<value...>` would swallow the arguments that follow.
      if (setting.many) option.argParser((value: string, before?: string[]) => [...(before ?? []), value]);
      keys.set(option.attributeName(), key);
      parser.addOption(option);
      if (setting.value === null && setting.optionOnly !== true)
        parser.addOption(new Option(setting.flag.replace('--', '--no-')));
    }
    prepare(parser, context, () => parser.options.map((option) => option.long ?? ''));
    parser.action(async () => {
      const given: Record<string, string | boolean | readonly string[] | undefined> = {};
      for (const [name, value] of Object.entries(parser.opts())) {
        given[keys.get(name) ?? name] = swallowed(parser, name, value as string | boolean | string[] | undefined);
      }
      const positional = Object.entries(command.settings).filter(([, s]) => !s.flag.startsWith('--'));
      positional.forEach(([key, setting], i) => {
        const words = parser.args.slice(i);
        given[key] = setting.many ? (words.length === 0 ? undefined : words) : words[0];
      });
      await perform(command, given);
    });
  }
  return program;
}

/** `--corpus --out run` would take `--out` for the corpus. */
function swallowed<T extends string | boolean | string[] | undefined>(parser: Parser, name: string, value: T): T {
  const words: readonly unknown[] = Array.isArray(value) ? value : [value];
  const option = words.find((word) => parser.options.some(({ long }) => long === word));
  if (typeof option !== 'string') return value;
  const flag = parser.options.find((option) => option.attributeName() === name)?.long ?? name;
  throw new EigentraceError('usage', `${flag}: needs a value, got the option ${option}`);
}

/** Makes a parser throw instead of printing and exiting, with our words. */
function prepare(parser: Parser, context: Context, candidates: () => string[]): void {
  parser
    .showSuggestionAfterError(false)
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      outputError: () => undefined,
      getOutHelpWidth: () => widthOf(context.stdout),
      getErrHelpWidth: () => widthOf(context.stderr),
      // Colour is decided in style.ts: commander must not strip it.
      getOutHasColors: () => true,
      getErrHasColors: () => true,
    })
    .exitOverride((error) => {
      throw translated(error, parser, candidates());
    });
}

function translated(error: CommanderError, parser: Parser, candidates: string[]): Error {
  if (error.exitCode === 0) return error;
  const word = /'([^']*)'/.exec(error.message)?.[1] ?? '';
  const names = error.code === 'commander.unknownCommand' ? commands.map((c) => c.name) : candidates;
  const near = nearest(word, names).join(', ');
  const help = parser.parent ? `eigentrace ${parser.name()} --help` : 'eigentrace --help';
  const usage = (message: string) => new EigentraceError('usage', message, { cause: error });
  switch (error.code) {
    case 'commander.unknownOption':
      return usage(`unknown option, got ${word} (nearest: ${near}; all of them: ${help})`);
    case 'commander.unknownCommand':
      return usage(`unknown command, got ${word} (nearest: ${near}; all of them: ${help})`);
    case 'commander.optionMissingArgument':
      return usage(`${word.split(' ')[0] ?? word}: needs a value (see ${help})`);
    case 'commander.excessArguments':
      return usage(`${parser.name()}: too many arguments, got ${parser.args.join(' ')} (see ${help})`);
    default:
      return usage(`${error.message.replace(/^error: /, '')} (see ${help})`);
  }
}
