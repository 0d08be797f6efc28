/** A drawing as a file of its own: the page's custom properties become literal colours, the ground is painted. */
import { literal, type Scheme } from '../../../src/charts/theme.js';
import type { Drawing } from '../../../src/charts/index.js';
import { scheme } from '../state/theme.js';

const font = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

export function svgText({ svg, title, description }: Drawing): string {
  return new XMLSerializer().serializeToString(standalone(svg, title, description, scheme.peek()));
}

function standalone(svg: SVGSVGElement, title: string, description: string, colours: Scheme): SVGSVGElement {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const resolve = (text: string) =>
    text.replace(/var\(\s*(--[\w-]+)\s*\)/g, (_, name: string) => literal(name, colours));
  for (const element of [copy, ...copy.querySelectorAll('*')]) {
    for (const { name, value } of [...element.attributes]) {
      if (value.includes('var(')) element.setAttribute(name, resolve(value));
    }
    if (element.localName === 'style') element.textContent = resolve(element.textContent);
  }
  const { width, height } = sizeOf(svg);
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute('width', String(width));
  copy.setAttribute('height', String(height));
  copy.setAttribute('font-family', font);
  copy.setAttribute('color', literal('--ink', colours));
  const ground = rect(width, height, literal('--ground', colours));
  copy.prepend(text('title', title), text('desc', description), ground);
  return copy;
}

export function sizeOf(svg: SVGSVGElement): { width: number; height: number } {
  const box = svg.viewBox.baseVal;
  const size = (name: 'width' | 'height') => Number.parseFloat(svg.getAttribute(name) ?? '') || box[name];
  return { width: size('width'), height: size('height') };
}

function element(name: string): SVGElement {
  return document.createElementNS('http://www.w3.org/2000/svg', name);
}

function text(name: string, content: string): SVGElement {
  const made = element(name);
  made.textContent = content;
  return made;
}

function rect(width: number, height: number, fill: string): SVGElement {
  const made = element('rect');
  made.setAttribute('width', String(width));
  made.setAttribute('height', String(height));
  made.setAttribute('fill', fill);
  return made;
}

/** Twice the size on the page, for sharp print and slides. */
export async function pngOf(drawing: Drawing): Promise<Blob> {
  const scale = 2;
  const { width, height } = sizeOf(drawing.svg);
  const image = new Image(width, height);
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svgText(drawing))}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob) resolve(blob);
      else reject(new Error('this browser: made no PNG of the chart (try SVG)'));
    }, 'image/png');
  });
}
