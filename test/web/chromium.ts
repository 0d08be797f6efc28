/** Finding a Chromium that the page's tests can drive. */
import { existsSync } from 'node:fs';

const places = [
  ...['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/usr/bin/google-chrome-stable'],
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Path of the browser: `CHROMIUM`, else where systems keep it; null where there is none. */
export function findChromium(): string | null {
  const named = process.env['CHROMIUM'];
  const candidates = named === undefined || named === '' ? places : [named];
  return candidates.find((path) => existsSync(path)) ?? null;
}
