/**
 * Text from strangers as text: what no font shows, or what would move its neighbours (controls, directions of writing, zero
 * width), is shown by a sign of its own. Spaces stay spaces.
 */
const hidden = new RegExp(
  [
    String.raw`\r\n|[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f`,
    String.raw`\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]`,
  ].join(''),
  'gu',
);

export function visible(text: string): string {
  return text.replace(hidden, (found) => {
    if (found === '\r\n' || found === '\n') return '↵ ';
    if (found === '\t') return '⇥ ';
    const code = found.codePointAt(0)!;
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    if (code === 0x7f) return '␡';
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
  });
}
