/** Finding measurements in a drawing. */
import type { Drawing, Place } from '../../../src/charts/index.js';

/** The places of one series by checkpoint. */
export function placesOf(drawing: Drawing, series: string): ReadonlyMap<number, Place> {
  return new Map(drawing.places.filter((place) => place.series === series).map((place) => [place.checkpoint, place]));
}

/** The place nearest to a point; across counts more than up and down, since a cursor moves along x. */
export function nearest(places: readonly Place[], x: number, y: number): Place | null {
  let [best, least]: [Place | null, number] = [null, Infinity];
  for (const place of places) {
    const distance = (place.x - x) ** 2 + ((place.y - y) / 4) ** 2;
    if (distance < least) [best, least] = [place, distance];
  }
  return best;
}
