/** The colour map viridis (Smith and van der Walt, CC0), perceptually uniform: read off at 17 places, linear between. */
const stops = [
  '440154 48186a 472d7b 424086 3b528b 33638d 2c728e 26828e 21918c 1fa088 28ae80 3fbc73 5ec962 84d44b addc30 d8e219 fde725',
][0]!
  .split(' ')
  .map((hex) => [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)));

/** Colours that are told apart: cells of one colour are one path. */
export const levels = 64;

/** The colour of a level, 0 to `levels` − 1. */
export function viridis(level: number): string {
  const at = (Math.min(levels - 1, Math.max(0, level)) / (levels - 1)) * (stops.length - 1);
  const [a, b] = [stops[Math.floor(at)]!, stops[Math.min(stops.length - 1, Math.floor(at) + 1)]!];
  const mixed = a.map((from, i) => Math.round(from + (at - Math.floor(at)) * (b[i]! - from)));
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}
