/** What a place says, beside it and within the drawing. Screen readers have it from the live region. */
import type { JSX } from 'preact';
import type { Drawing, Place } from '../../../src/charts/index.js';

export function Tooltip({ place, area }: { place: Place; area: Drawing['area'] }): JSX.Element {
  const isRight = place.x > (area[0] + area[2]) / 2;
  const style = {
    top: `${Math.max(0, area[1])}px`,
    ...(isRight ? { right: `calc(100% - ${place.x - 12}px)` } : { left: `${place.x + 12}px` }),
  };
  return (
    <div class="tooltip" aria-hidden="true" style={style}>
      {place.lines.map((line, i) => (i === 0 ? <strong key={i}>{line}</strong> : <span key={i}>{line}</span>))}
    </div>
  );
}
