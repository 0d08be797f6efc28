/** The ways in which states are changed: directions kept or removed, and random ones of the same number as their control. */
import { EigentraceError } from '../errors.js';
import { bandName, parseBand, sizeOf, type Band } from './band.js';

export type Mode = 'keep' | 'remove';

export type Variant =
  | { readonly kind: 'original' }
  | { readonly kind: 'band'; readonly mode: Mode; readonly band: Band }
  | { readonly kind: 'random'; readonly mode: Mode; readonly size: number; readonly draw: number };

/** `draw` −1: all draws together. */
export function variantName(variant: Variant): string {
  if (variant.kind === 'original') return 'original';
  const done = variant.mode === 'keep' ? 'kept' : 'removed';
  if (variant.kind === 'band') return `${bandName(variant.band)} ${done}`;
  return `random-${variant.size} ${done}`;
}

/** The original first, then what is removed and kept as asked, each once; last the random ones. */
export function variantsOf(
  keep: readonly string[],
  remove: readonly string[],
  draws: number,
): { readonly variants: readonly Variant[]; readonly widest: { readonly rank: number; readonly option: string } } {
  const bands = [
    ...remove.map((given) => ({ mode: 'remove' as const, band: parseBand(given, '--remove') })),
    ...keep.map((given) => ({ mode: 'keep' as const, band: parseBand(given, '--keep') })),
  ];
  if (bands.length === 0) {
    throw new EigentraceError('usage', '--keep, --remove: nothing to do, got neither (expected such as --remove 10)');
  }
  const variants: Variant[] = [{ kind: 'original' }];
  const known = new Set<string>();
  const add = (variant: Variant): void => {
    const name = `${variantName(variant)} ${variant.kind === 'random' ? variant.draw : ''}`;
    if (!known.has(name)) variants.push(variant);
    known.add(name);
  };
  for (const each of bands) add({ kind: 'band', ...each });
  for (const { mode, band } of bands) {
    for (let draw = 0; draw < draws; draw++) add({ kind: 'random', mode, size: sizeOf(band), draw });
  }
  const widest = bands.reduce((most, each) => (each.band.to > most.band.to ? each : most));
  return { variants, widest: { rank: widest.band.to, option: `--${widest.mode}` } };
}
