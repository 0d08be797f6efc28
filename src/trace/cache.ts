/**
 * Where hashes of weights and token ids are remembered between runs: `EIGENTRACE_CACHE`, else the system's folder
 * for caches. Nothing in it is needed; it can be deleted at any time.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';

export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env['EIGENTRACE_CACHE']) return env['EIGENTRACE_CACHE'];
  if (env['XDG_CACHE_HOME']) return join(env['XDG_CACHE_HOME'], 'eigentrace');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'eigentrace');
  if (process.platform === 'win32' && env['LOCALAPPDATA']) return join(env['LOCALAPPDATA'], 'eigentrace', 'cache');
  return join(homedir(), '.cache', 'eigentrace');
}

export const hashCache = (folder: string): string => join(folder, 'hashes');
/** Weights that are dequantised for the time of a measurement. */
export const weightScratch = (folder: string): string => join(folder, 'weights');
export const tokenCache = (folder: string): string => join(folder, 'tokens');
