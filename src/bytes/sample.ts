/** The bundled sample: the package's `sample/`, which lies two folders above this module in source and build. */
import { fileURLToPath } from 'node:url';

/** Absolute path of one of its files, such as `series.json`. */
export function sampleFile(path: string): string {
  return fileURLToPath(new URL(`../../sample/${path}`, import.meta.url));
}
