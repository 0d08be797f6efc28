/** Tokens or steps in a sentence: 4.1B, 512, 3.9T. */
export function positionText(position: number): string {
  const names = ['', 'k', 'M', 'B', 'T'];
  let value = Number(position.toPrecision(2));
  let step = 0;
  while (value >= 1000 && step < names.length - 1) {
    value /= 1000;
    step++;
  }
  return `${Number(value.toPrecision(2))}${names[step]!}`;
}
