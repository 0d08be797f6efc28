/** The page's own program and style, as `npm run build` makes them from web/ into dist/web. */
import { fileURLToPath } from 'node:url';
import { createRequire } from 'node:module';
import { kindOf, readText } from '../bytes/index.js';

export interface Bundle {
  readonly program: string;
  readonly style: string;
}

/** Beside the compiled library, or where it would be when the sources run. */
const folders = ['../web/', '../../dist/web/'].map((folder) => fileURLToPath(new URL(folder, import.meta.url)));

/** The live page's document; null where it is not built. */
export async function readPage(): Promise<string | null> {
  for (const folder of folders) {
    if ((await kindOf(`${folder}index.html`)) === 'file') return readText(`${folder}index.html`, limit);
  }
  return null;
}

/** Files of at most a few megabytes. */
const limit = 16 * 1024 * 1024;

/** Empty where the page is not built: then it stands still. */
export async function readBundle(): Promise<Bundle> {
  for (const folder of folders) {
    if ((await kindOf(`${folder}report.js`)) !== 'file') continue;
    const [program, style] = await Promise.all(
      ['report.js', 'style.css'].map((name) => readText(`${folder}${name}`, limit)),
    );
    return { program: program!, style: style! };
  }
  return { program: '', style: '' };
}

/** Version of this package. */
export function ownVersion(): string {
  return (createRequire(import.meta.url)('../../package.json') as { version: string }).version;
}
