/**
 * One stored finding verified: its form, its place, and its hashes (values, key, provenance). Its numbers come from a
 * model, so they can't be computed again from what is stored.
 */
import { isRegularFile, readText, repeatedKey } from '../bytes/index.js';
import { messageOf } from '../errors.js';
import { findingProblems } from './finding.js';
import { readFindingForm } from './finding-store.js';
import type { Run } from './run.js';
import type { VerifyProblem } from './verify-measurement.js';

/** What is wrong with the finding in the file at `path`; empty when nothing is. Never throws for what the file holds. */
export async function verifyFinding(run: Pick<Run, 'path'>, path: string): Promise<VerifyProblem[]> {
  const file = path.slice(run.path.length + 1);
  const problem = (code: 'form' | 'hash', message: string): VerifyProblem => ({
    ...{ file, code },
    message: message.startsWith(`${path}: `) ? message.slice(path.length + 2) : message,
  });
  try {
    if (!(await isRegularFile(path))) return [problem('form', 'not a regular file')];
    const repeated = repeatedKey(await readText(path));
    const { finding } = await readFindingForm(run, path);
    const twice = `names ${repeated} twice (expected each key once: readers differ in which they take)`;
    return [
      ...(repeated === null ? [] : [problem('form', twice)]),
      ...findingProblems(finding, path).map((message) => problem('hash', message)),
    ];
  } catch (error) {
    return [problem('form', messageOf(error))];
  }
}
