/** What can be refused of a request without looking at anything. */
import { EigentraceError } from '../errors.js';
import type { TraceRequest } from './request.js';

export function checkRequest(request: TraceRequest): void {
  if (request.saveFeatures && request.position === 'all') {
    throw new EigentraceError(
      'usage',
      '--save-features: can not be kept for every token, got --position all (expected last or mean); ' +
        'use `eigentrace represent` for a checkpoint',
    );
  }
  if (request.features === null) {
    const missing = request.series === null ? 'SERIES' : request.corpus === null ? '--corpus' : null;
    if (missing) throw new EigentraceError('usage', `${missing}: is missing (expected it, or --features)`);
  } else {
    refuseModelOptions(request);
  }
  if ((request.precision ?? 'float32') !== 'float32' && request.device !== 'cpu') {
    throw new EigentraceError(
      'usage',
      `--precision: is the CPU's, got ${request.precision} with --device ${request.device} (expected float32, or --device cpu)`,
    );
  }
  if (!Number.isInteger(request.threads) || request.threads < 1) {
    throw new EigentraceError('usage', `--threads: got ${request.threads} (expected a whole number of at least 1)`);
  }
}

/** What would need a model, or tokens. */
function refuseModelOptions({ corpus, nll, position, device, precision, control }: TraceRequest): void {
  const needing = control.find((kind) => kind !== 'gaussian');
  const wrong =
    corpus !== null
      ? ['--corpus', corpus, 'none: the rows were made on it elsewhere']
      : nll
        ? ['--nll', 'on', 'off: it needs a model']
        : position === 'all'
          ? ['--position', 'all', 'last or mean: one row a sequence, for the rows of one depend on one another']
          : device !== 'cpu'
            ? ['--device', device, 'cpu: there is no forward pass']
            : (precision ?? 'float32') !== 'float32'
              ? ['--precision', precision, 'float32: there is no forward pass']
              : needing !== undefined
                ? ['--control', needing, 'gaussian: the others need a model']
                : null;
  if (!wrong) return;
  const [option, got, expected] = wrong;
  throw new EigentraceError('usage', `${option}: can not be used with --features, got ${got} (expected ${expected})`);
}
