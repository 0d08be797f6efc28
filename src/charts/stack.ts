/** Charts above one another as one drawing: RankMe over α over the loss, on one x axis. */
import type { Drawing, Frame } from './chart.js';
import { describe } from './plate.js';

/** From top to bottom, `gap` apart; all as wide as the first. */
export function stack(drawings: readonly Drawing[], frame: Frame, gap = 0): Drawing {
  const first = drawings[0]!;
  const svg = first.svg.cloneNode(false) as SVGSVGElement;
  const columns = [...new Set(['chart', ...drawings.flatMap(({ data }) => data.columns)])];
  const places: Drawing['places'][number][] = [];
  const rows: Drawing['data']['rows'][number][] = [];
  let height = 0;
  for (const drawing of drawings) {
    const own = Number(drawing.svg.getAttribute('height'));
    const group = frame.document.createElementNS('http://www.w3.org/2000/svg', 'g');
    group.setAttribute('transform', `translate(0,${height})`);
    for (const child of Array.from(drawing.svg.childNodes)) group.append(child.cloneNode(true));
    svg.append(group);
    places.push(...drawing.places.map((place) => ({ ...place, y: place.y + height })));
    for (const row of drawing.data.rows) {
      const cells = new Map(drawing.data.columns.map((name, i) => [name, row[i] ?? null]));
      rows.push(columns.map((name) => (name === 'chart' ? drawing.title : (cells.get(name) ?? null))));
    }
    height += own + gap;
  }
  height -= gap;
  svg.setAttribute('height', String(height));
  svg.setAttribute('viewBox', `0 0 ${frame.width} ${height}`);
  const title = drawings.map((drawing) => drawing.title).join('; ');
  const description = drawings.map((drawing) => drawing.description).join(' ');
  describe(svg, title, description);
  const [left, top, right] = first.area;
  const last = drawings.at(-1)!;
  const bottom = height - Number(last.svg.getAttribute('height')) + last.area[3];
  return { svg, title, description, places, area: [left, top, right, bottom], data: { columns, rows } };
}
