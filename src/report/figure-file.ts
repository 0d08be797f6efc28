/**
 * A drawing as a file for papers: SVG with sizes in mm and the font embedded, or PNG at 300 dots an inch that says so.
 * The font (Inter, SIL OFL) lies in the package's assets/; system fonts are not used, so a file is the same everywhere.
 */
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import { FileSource } from '../bytes/index.js';
import type { Drawing } from '../charts/index.js';

const millimetresAnInch = 25.4;
const pointsAnInch = 72;
const dotsAnInch = 300;

/** Width of a drawing in points, the unit that paper drawings are made in. */
export function pointsOf(millimetres: number): number {
  return (millimetres / millimetresAnInch) * pointsAnInch;
}

/** The SVG as text. */
export async function figureSvg(drawing: Drawing): Promise<string> {
  const font = Buffer.from(await asset('fonts/inter.woff2')).toString('base64');
  const style = `@font-face{font-family:Inter;src:url(data:font/woff2;base64,${font}) format("woff2")}`;
  return markup(drawing, `<defs><style>${style}</style></defs>`);
}

/** The PNG's bytes. The renderer is loaded when it is needed: it is a native library. */
export async function figurePng(drawing: Drawing): Promise<Uint8Array> {
  const { Resvg } = await import('@resvg/resvg-js');
  const width = Math.round((Number(drawing.svg.getAttribute('width')) / pointsAnInch) * dotsAnInch);
  const fontFiles = [assetPath('fonts/inter.ttf')];
  const font = { fontFiles, loadSystemFonts: false, defaultFontFamily: 'Inter', sansSerifFamily: 'Inter' };
  const rendered = new Resvg(markup(drawing, ''), {
    fitTo: { mode: 'width', value: width },
    font,
    background: '#ffffff',
  });
  return withResolution(rendered.render().asPng());
}

/** Title and description come along: they are what a screen reader and a file's properties show. */
function markup({ svg, title, description }: Drawing, head: string): string {
  const [width, height] = ['width', 'height'].map((name) => Number(svg.getAttribute(name)));
  const inches = (points: number) => `${Number(((points / pointsAnInch) * millimetresAnInch).toFixed(3))}mm`;
  const inner = svg.innerHTML;
  const attributes = [
    'xmlns="http://www.w3.org/2000/svg"',
    `width="${inches(width!)}" height="${inches(height!)}" viewBox="0 0 ${width} ${height}"`,
    ...['font-family', 'font-size', 'fill', 'style', 'text-anchor'].flatMap((name) => {
      const value = svg.getAttribute(name);
      return value === null ? [] : [`${name}="${escape(value)}"`];
    }),
    'role="img"',
  ];
  const words = `<title>${escape(title)}</title><desc>${escape(description)}</desc>`;
  return `<svg ${attributes.join(' ')}>${words}${head}${inner}</svg>\n`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

/** The package's `assets/` lies two folders above this module in source and build. */
function assetPath(name: string): string {
  return fileURLToPath(new URL(`../../assets/${name}`, import.meta.url));
}

async function asset(name: string): Promise<Uint8Array> {
  const source = await FileSource.open(assetPath(name));
  try {
    return await source.read(0, source.byteLength);
  } finally {
    await source.close();
  }
}

/** PNG's pHYs chunk (pixels a metre), after the header: without it, programs take 72 or 96 dots an inch. */
function withResolution(png: Uint8Array): Uint8Array {
  const chunk = Buffer.alloc(4 + 4 + 9 + 4);
  const perMetre = Math.round((dotsAnInch / millimetresAnInch) * 1000);
  chunk.writeUInt32BE(9, 0);
  chunk.write('pHYs', 4, 'latin1');
  chunk.writeUInt32BE(perMetre, 8);
  chunk.writeUInt32BE(perMetre, 12);
  chunk.writeUInt8(1, 16);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 17)), 17);
  // Signature (8) and IHDR (25) come first.
  return Buffer.concat([png.subarray(0, 33), chunk, png.subarray(33)]);
}
