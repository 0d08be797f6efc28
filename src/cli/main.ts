/** The process: fills a Context and runs its command line. */
import { createRequire } from 'node:module';
import type { Context } from './context.js';
import type { Library } from './library.js';
import { run } from './run.js';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

// A reader that has seen enough (`| head`) is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? (process.exitCode ?? 0) : 1);
  });
}

const context: Context = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  signals: process,
  clock: {
    now: () => performance.now(),
    every: (ms, tick) => {
      const timer = setInterval(tick, ms).unref();
      return () => clearInterval(timer);
    },
  },
  exit: (status) => process.exit(status),
  library: async (): Promise<Library> => await import('../index.js'),
};

process.exitCode = await run(process.argv.slice(2), context, version);
