/** `eigentrace serve`: runs as a live page, until Ctrl-C. */
import { EigentraceError } from '../../errors.js';
import { command } from '../command.js';
import { exitStatus, type Context } from '../context.js';
import type { Library, RunningServer, ServerOptions } from '../library.js';
import { required } from '../resolve.js';
import { serveSettings } from '../settings/report.js';
import { printable } from '../style.js';
import { json } from '../watch.js';

export const serve = command({
  name: 'serve',
  summary: 'Runs as a live page: new measurements appear as they are written.',
  description:
    'Serves the page of the report, live: measurements appear as they are written (by this machine or another that shares ' +
    'the folder), with the progress of a running trace. Only this machine can reach it, unless --host and --token say otherwise.',
  usage: 'RUN… [--port N] [--host HOST --token TOKEN] [options]',
  examples: [
    { does: 'on http://127.0.0.1:6116/', type: 'eigentrace serve run' },
    { does: 'two runs, in the browser at once', type: 'eigentrace serve run-1b run-7b --open' },
    {
      does: 'for others on the network, who need the token',
      type: 'eigentrace serve run --host 0.0.0.0 --token "$(openssl rand -hex 16)"',
    },
    {
      does: 'from another machine by SSH, safer: then open the printed address there',
      type: 'ssh -L 6116:127.0.0.1:6116 HOST eigentrace serve run',
    },
  ],
  settings: serveSettings,
  notes: [
    'A run that is not there yet is waited for. Ctrl-C ends it.',
    'The address goes to stdout; with --json as {"url", "port"}.',
  ],
  async run(resolved, context) {
    const { values, origins } = resolved;
    const runs = required(serveSettings, resolved, 'runs');
    const library = await context.library();
    const { host, token, evaluations, logs, quiet, port } = values;
    const options: ServerOptions = {
      ...{ port, host, token, evaluations, logs },
      onProblem: (message) => {
        if (!quiet) context.stderr.write(`note: ${printable(message)}\n`);
      },
    };
    const server = await start(library, runs, options, origins.port === 'default');
    context.stdout.write(values.json ? json({ url: server.url, port: server.port }) : `${server.url}\n`);
    if (!quiet) context.stderr.write('serving until Ctrl-C\n');
    if (values.open && !(await library.openBrowser(server.url)) && !quiet) {
      context.stderr.write('note: no browser could be opened; the address is above\n');
    }
    await interrupted(context);
    await server.close();
    return exitStatus.done;
  },
});

/** Where nobody asked for a port and ours is taken, any free one will do. */
async function start(
  library: Library,
  runs: readonly string[],
  options: ServerOptions,
  anyPort: boolean,
): Promise<RunningServer> {
  try {
    return await library.startServer(runs, options);
  } catch (error) {
    const isTaken = error instanceof EigentraceError && error.message.startsWith('--port: is in use');
    if (!isTaken || !anyPort) throw error;
    return await library.startServer(runs, { ...options, port: 0 });
  }
}

/** Until the first Ctrl-C; a second one while closing ends the process at once. */
function interrupted(context: Context): Promise<void> {
  return new Promise((resolve) => {
    let again = false;
    const listener = () => {
      if (again) context.exit(exitStatus.interrupted);
      again = true;
      resolve();
    };
    context.signals.on('SIGINT', listener);
    context.signals.on('SIGTERM', listener);
  });
}
