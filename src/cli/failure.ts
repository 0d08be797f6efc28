/** From an error to the line that the user reads and the exit status that a script reads. */
import { EigentraceError, messageOf, type ErrorCode } from '../errors.js';
import { exitStatus, type Context } from './context.js';
import { printable, styleOf } from './style.js';

const statuses: Record<ErrorCode, number> = {
  usage: exitStatus.usage,
  input: exitStatus.failed,
  integrity: exitStatus.integrity,
  environment: exitStatus.failed,
  interrupted: exitStatus.interrupted,
  internal: exitStatus.failed,
};

/** Prints `eigentrace: message` on stderr. The stack only with EIGENTRACE_DEBUG=1. */
export function report(error: unknown, context: Context): number {
  const ours = error instanceof EigentraceError;
  const bug = !ours || error.code === 'internal';
  const message = ours ? error.message : `internal: ${messageOf(error)}`;
  const style = styleOf(context.stderr, context.env);
  const debug = context.env.EIGENTRACE_DEBUG !== undefined && !['', '0'].includes(context.env.EIGENTRACE_DEBUG);
  context.stderr.write(`${style.bad('eigentrace:')} ${printable(message)}\n`);
  if (debug) {
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
      context.stderr.write(`${printable(cause.stack ?? cause.message)}\n`);
    }
  } else if (bug) {
    context.stderr.write(
      '  This is a fault of eigentrace, not of your data. EIGENTRACE_DEBUG=1 shows where it happened.\n',
    );
  }
  return ours ? statuses[error.code] : exitStatus.failed;
}
