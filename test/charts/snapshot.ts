/**
 * Pictures as tests: a drawing, its numbers rounded to 3 decimals, is compared with `test/golden/charts/NAME.svg`. One that
 * differs leaves `NAME-changed.svg` beside it; look at both, then put the new one in place of the old.
 * A picture that isn't there yet is written, but not on a build server, where it fails.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Drawing } from '../../src/charts/index.js';

const folder = new URL('../golden/charts/', import.meta.url).pathname;

export function expectPicture(name: string, drawing: Drawing): void {
  const markup = drawing.svg.outerHTML
    .replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" ')
    .replace(/\d+\.\d{4,}/g, (digits) => String(Number(Number(digits).toFixed(3))))
    .replace(/(<g|<\/g>|<text|<path|<rect|<line|<circle)/g, '\n$1');
  const path = `${folder}${name}.svg`;
  const changed = `${folder}${name}-changed.svg`;
  mkdirSync(folder, { recursive: true });
  if (!existsSync(path) && !process.env['CI']) writeFileSync(path, `${markup}\n`);
  const expected = readFileSync(path, 'utf8');
  if (expected === `${markup}\n`) {
    rmSync(changed, { force: true });
    return;
  }
  writeFileSync(changed, `${markup}\n`);
  expect(`${markup}\n`, `${name}-changed.svg is not the picture ${name}.svg`).toBe(expected);
}
