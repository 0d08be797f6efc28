/**
 * The room record, and those it imports, as plain JavaScript in a folder of its own, for child processes: Node 20 runs no
 * TypeScript, and tests must not depend on a build.
 */
import { cp, mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Compiles, and returns the folder. It lies below node_modules, so that packages are found. */
export async function compileRecord(): Promise<string> {
  await mkdir(join(root, 'node_modules/.cache'), { recursive: true });
  const folder = await mkdtemp(join(root, 'node_modules/.cache/eigentrace-record-'));
  await cp(join(root, 'package.json'), join(folder, 'package.json'));
  const rooms = await Promise.all(
    [...['bytes', 'spectrum', 'spectrum/kernel', 'statistics', 'phases', 'paper'], 'record'].map(async (room) =>
      (await readdir(join(root, 'src', room))).map((name) => `${room}/${name}`),
    ),
  );
  for (const name of ['errors.ts', ...rooms.flat().filter((file) => /(?<!\.as)\.ts$/.test(file))]) {
    const { outputText } = ts.transpileModule(await readFile(join(root, 'src', name), 'utf8'), {
      compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
    });
    const path = join(folder, name.replace(/\.ts$/, '.js'));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, outputText);
  }
  return folder;
}
