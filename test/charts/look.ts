/** A drawing as PNG, to look at while working on charts: custom properties take a scheme's literal values. */
import { Resvg } from '@resvg/resvg-js';
import { literal, tokens, type Drawing, type Scheme } from '../../src/charts/index.js';

export function png(drawing: Drawing, scale: number, scheme: Scheme = 'light'): Uint8Array {
  let svg = drawing.svg.outerHTML.replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" ');
  svg = svg
    .replaceAll(/var\((--[a-z0-9-]+)\)/g, (_, name: string) => literal(name, scheme))
    .replaceAll('font-family="inherit"', 'font-family="DejaVu Sans, Liberation Sans"');
  const options = {
    fitTo: { mode: 'zoom' as const, value: scale },
    background: tokens[scheme]['--ground'],
    font: { loadSystemFonts: true },
  };
  return new Resvg(svg, options).render().asPng();
}
