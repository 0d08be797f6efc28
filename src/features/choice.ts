/**
 * Which array of a file that holds several is meant: the one named for the layer (`final`, `layer6` or `6`), else the
 * only matrix of floating-point numbers.
 */
import { EigentraceError } from '../errors.js';

/** Names in order of preference of a layer's array: `final`, or `layer6` and `6`. */
export function namesOf(layer: string): string[] {
  return /^\d+$/.test(layer) ? [`layer${layer}`, layer] : [layer];
}

/**
 * The name to take. `usable` are the matrices of numbers, `all` every array with its dtype and shape in words. `only`:
 * the layer may be taken from a matrix of another name when there is just one.
 */
export function choose(
  file: string,
  layer: string,
  arrays: { usable: readonly string[]; all: readonly string[] },
  only: boolean,
): string {
  const { usable, all } = arrays;
  const named = namesOf(layer).find((name) => usable.includes(name));
  if (named !== undefined) return named;
  const [single] = usable;
  if (only && single !== undefined && usable.length === 1) return single;
  const there = `${all.slice(0, 8).join(', ')}${all.length > 8 ? `, … (${all.length} in all)` : ''}` || 'nothing';
  const expected = `expected one named ${namesOf(layer).join(' or ')}${only ? ', or a single matrix of numbers' : ''}`;
  throw new EigentraceError('input', `${file}: no representations of layer ${layer}, got ${there} (${expected})`);
}
