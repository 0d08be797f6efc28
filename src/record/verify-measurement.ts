/**
 * One stored measurement verified: its two files' forms and hashes, what it says twice, the arrays against one another,
 * and every figure recomputed from them. Holds one measurement's spectra in memory; rows that were kept are only hashed,
 * and read again when `deep` is given.
 */
import {
  FileSource,
  identify,
  isRegularFile,
  readSafetensorsHeader,
  readSafetensorsTensor,
  readText,
  repeatedKey,
} from '../bytes/index.js';
import { EigentraceError, messageOf } from '../errors.js';
import { definitionsVersion, readSums } from '../spectrum/index.js';
import { arraysProblem } from './arrays.js';
import { hashProblems } from './check.js';
import type { Measurement } from './measurement.js';
import { readForm, type StoredMeasurement } from './store.js';
import type { Run } from './run.js';
import { checkFigures } from './verify-figures.js';
import { consistencyProblems, rowsProblem } from './verify-provenance.js';
import { spectraProblems } from './verify-spectra.js';
import { deepProblems, type Deep } from './verify-features.js';

/** What is wrong with a file of a run. */
export interface VerifyProblem {
  /** Path below RUN. */
  readonly file: string;
  readonly code: 'form' | 'hash' | 'arrays' | 'figures' | 'consistency' | 'spectra' | 'features' | 'run' | 'stray';
  readonly message: string;
}

/** What could not be checked, and why. */
export interface Unchecked {
  readonly what: string;
  readonly why: string;
  readonly file: string;
}

export interface MeasurementCheck {
  readonly problems: VerifyProblem[];
  readonly unchecked: Unchecked[];
  /** Null where the file holds no measurement. */
  readonly measurement: Measurement | null;
  readonly checked: { layers: number; figures: number; spectra: number; rows: number; bytes: number };
}

/** Verifies the measurement in the JSON file at `path`. Never throws for what the files hold, only when interrupted. */
export async function verifyMeasurement(run: Run, path: string, deep: Deep | null): Promise<MeasurementCheck> {
  const file = path.slice(run.path.length + 1);
  const check: MeasurementCheck = {
    problems: [],
    unchecked: [],
    measurement: null,
    checked: { layers: 0, figures: 0, spectra: 0, rows: 0, bytes: 0 },
  };
  const add = (code: VerifyProblem['code'], message: string, where = file): void => {
    check.problems.push({
      file: where,
      code,
      message: message.startsWith(`${run.path}/`) ? message.slice(message.indexOf(': ') + 2) : message,
    });
  };
  let stored: StoredMeasurement;
  try {
    if (!(await isRegularFile(path))) throw new EigentraceError('integrity', 'not a regular file');
    const repeated = repeatedKey(await readText(path));
    stored = await readForm(run, path);
    if (repeated !== null)
      add('form', `names ${repeated} twice (expected each key once: readers differ in which they take)`);
  } catch (error) {
    if (isInterrupted(error)) throw error;
    add('form', messageOf(error));
    return check;
  }
  const { measurement, arraysPath } = stored;
  const arraysFile = arraysPath.slice(run.path.length + 1);
  for (const { message } of hashProblems(stored)) add('hash', message);
  for (const message of guarded(() => consistencyProblems(measurement))) add('consistency', message);
  const unchecked = (what: string, why: string): void => void check.unchecked.push({ what, why, file });
  if (measurement.provenance_sha256 === undefined) {
    unchecked('provenance', 'written by an early version, which kept no hash of it');
  }
  if (measurement.nll) unchecked('nll', 'needs the model again: covered by the hash of the figures alone');

  if (!(await isRegularFile(arraysPath))) {
    add('arrays', `${measurement.arrays.file} is missing or no regular file (expected it beside)`, arraysFile);
    return { ...check, measurement };
  }
  const problem = await arraysProblem(arraysPath, measurement.arrays);
  check.checked.bytes += measurement.arrays.bytes;
  if (problem !== null) {
    const { size } = await identify(arraysPath);
    const cut = size === measurement.arrays.bytes ? '' : `; ${size} bytes (expected ${measurement.arrays.bytes})`;
    add('arrays', `${problem}${cut}`, arraysFile);
    return { ...check, measurement };
  }
  try {
    await verifyArrays(
      measurement,
      arraysPath,
      file,
      check,
      (code, message) => add(code, message, code === 'arrays' ? arraysFile : file),
      deep,
    );
  } catch (error) {
    if (isInterrupted(error)) throw error;
    add('arrays', messageOf(error), arraysFile);
  }
  return { ...check, measurement };
}

async function verifyArrays(
  measurement: Measurement,
  path: string,
  file: string,
  check: MeasurementCheck,
  add: (code: VerifyProblem['code'], message: string) => void,
  deep: Deep | null,
): Promise<void> {
  const source = await FileSource.open(path);
  try {
    const { tensors, metadata } = await readSafetensorsHeader(source);
    const { arrays, keyParts, definitions } = measurement;
    const names = [...tensors.keys()].sort();
    if (source.byteLength !== arrays.bytes) add('arrays', `${source.byteLength} bytes (expected ${arrays.bytes})`);
    if (path.slice(path.lastIndexOf('/') + 1) !== arrays.file) add('consistency', `arrays.file is ${arrays.file}`);
    if (names.join('\n') !== [...arrays.tensors].sort().join('\n')) {
      add('arrays', `holds the tensors ${names.join(', ')} (expected ${arrays.tensors.join(', ')})`);
    }
    if (metadata['key'] !== measurement.key || metadata['revision'] !== measurement.revision) {
      add(
        'arrays',
        `its metadata is of ${metadata['revision']}, key ${(metadata['key'] ?? 'none').slice(0, 12)}… (expected ${measurement.revision}, ${measurement.key.slice(0, 12)}…)`,
      );
    }
    const isImported = keyParts['imported'] !== undefined;
    const isKnown = String(definitions.version) === definitionsVersion;
    if (isImported) {
      check.unchecked.push({
        what: 'figures',
        why: 'imported: the file held no eigenvalues to recompute them from',
        file,
      });
    } else if (!isKnown) {
      const why = `measured with definitions version ${definitions.version} (this is ${definitionsVersion}): can't be recomputed here`;
      check.unchecked.push({ what: 'figures', why, file });
    }
    for (const [layer, figures] of Object.entries(measurement.layers)) {
      check.checked.layers++;
      if (isImported) {
        for (const message of publishedProblems(figures)) add('figures', `layer ${layer}: ${message}`);
        continue;
      }
      const loaded: Record<string, Float64Array> = {};
      for (const [name, range] of tensors) {
        if (!name.endsWith(`.${layer}`) || name.startsWith('features.')) continue;
        const { data, dtype, shape } = await readSafetensorsTensor(source, name, range);
        if (!(data instanceof Float64Array) || shape.length !== 1) {
          throw new EigentraceError(
            'integrity',
            `tensor ${name} is ${dtype} of shape [${shape.join(', ')}] (expected F64 of one dimension)`,
          );
        }
        loaded[name.slice(0, -layer.length - 1)] = data;
        if (name.startsWith('eigenvalues')) check.checked.spectra++;
      }
      for (const message of guarded(() => layerProblems(measurement, layer, loaded)))
        add('spectra', `layer ${layer}: ${message}`);
      if (isKnown) {
        try {
          const { problems, recomputed, unknown } = checkFigures(measurement, layer, loaded);
          check.checked.figures += recomputed;
          for (const message of problems) add('figures', `layer ${layer}: ${message}`);
          for (const name of unknown)
            check.unchecked.push({ what: name, why: 'this version does not compute it', file });
        } catch (error) {
          add('figures', `layer ${layer}: can't be recomputed, ${messageOf(error)}`);
        }
      }
      const features = tensors.get(`features.${layer}`);
      if (!features) continue;
      if (deep) {
        for (const message of await deepProblems(measurement, layer, loaded, source, features, deep)) {
          add('features', `layer ${layer}: ${message}`);
        }
        check.checked.rows += features.shape[0] ?? 0;
      } else {
        check.unchecked.push({
          what: 'spectra from the rows kept',
          why: 'only hashed: --deep computes them again',
          file,
        });
      }
    }
  } finally {
    await source.close();
  }
}

function layerProblems(measurement: Measurement, layer: string, arrays: Record<string, Float64Array>): string[] {
  const problems = spectraProblems(arrays, measurement.position);
  const { rows, n, d } = readSums(arrays['sums']!);
  const figures = measurement.layers[layer]!;
  for (const [name, value] of Object.entries({ n, d })) {
    if (figures[name] !== value) problems.push(`${name} is ${figures[name]} (expected ${value}, as in the sums)`);
  }
  const misfit = rowsProblem(measurement, rows);
  return misfit === null ? problems : [...problems, misfit];
}

/** Bounds of figures that nothing recomputes. */
function publishedProblems(figures: Readonly<Record<string, number | null>>): string[] {
  const problems: string[] = [];
  // ε makes a flat spectrum read a little more than its 2048 eigenvalues.
  const { rankme_published: rankme, r2, r2_100 } = figures;
  if (rankme != null && !(rankme >= 0.99 && rankme <= 2060))
    problems.push(`rankme_published is ${rankme} (expected 1 to 2051)`);
  for (const [name, value] of Object.entries({ r2, r2_100 })) {
    if (value != null && value > 1 + 1e-6) problems.push(`${name} is ${value} (expected at most 1)`);
  }
  return problems;
}

/** What a check says, or what stopped it. */
function guarded(check: () => string[]): string[] {
  try {
    return check();
  } catch (error) {
    return [messageOf(error)];
  }
}

function isInterrupted(error: unknown): boolean {
  return error instanceof EigentraceError && error.code === 'interrupted';
}
