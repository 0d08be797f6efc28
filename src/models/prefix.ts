/** What stands before every tensor's name: models with a head have a prefix, base models are saved without. */
import type { Weights } from './weights.js';

/**
 * The first of `prefixes` under which `probe` lies, or none. The first prefix when it lies nowhere, so that the error
 * about the missing tensor names what is usual.
 */
export function prefixOf(weights: Weights, probe: string, ...prefixes: [string, ...string[]]): string {
  return [...prefixes, ''].find((prefix) => weights.has(prefix + probe)) ?? prefixes[0];
}
