/** What can be taken from a chart: exactly what is drawn as CSV, and its picture. */
import type { JSX } from 'preact';
import type { Drawing } from '../../../src/charts/index.js';
import { csv, save } from '../data/save.js';
import { pngOf, svgText } from './picture.js';

export function ChartLinks({ name, drawing }: { name: string; drawing: Drawing }): JSX.Element {
  const saveData = () => save(`${name}.csv`, 'text/csv', csv(drawing.data.columns, drawing.data.rows));
  const saveSvg = () => save(`${name}.svg`, 'image/svg+xml', svgText(drawing));
  const savePng = () => void pngOf(drawing).then((png) => save(`${name}.png`, 'image/png', png));
  const link = (label: string, what: string, onClick: () => void) => (
    <button type="button" class="link" aria-label={`${label} of ${drawing.title}: download ${what}`} onClick={onClick}>
      {label}
    </button>
  );
  return (
    <span class="chart-links">
      {link('Data', 'what is drawn as CSV', saveData)}
      {link('SVG', 'the picture as SVG', saveSvg)}
      {link('PNG', 'the picture as PNG', savePng)}
    </span>
  );
}
