/**
 * Equal keys in one JSON object. `JSON.parse` keeps the last of them without a word, so a file could mean one
 * thing to us and another to a reader that keeps the first; this names the first such key.
 */

/** The first key that an object of the text has twice, or null. The text must be valid JSON. */
export function repeatedKey(text: string): string | null {
  // One set of keys an open object, null for an open array.
  const open: (Set<string> | null)[] = [];
  let last = '';
  for (let i = 0; i < text.length; i++) {
    switch (text[i]) {
      case '"': {
        const end = endOfString(text, i);
        last = text.slice(i, end);
        i = end - 1;
        break;
      }
      case '{':
        open.push(new Set());
        break;
      case '[':
        open.push(null);
        break;
      case '}':
      case ']':
        open.pop();
        break;
      case ':': {
        // A colon outside a string follows a key. Escapes are undone: "a" and "\u0061" are the same key.
        const key = last.includes('\\') ? (JSON.parse(last) as string) : last.slice(1, -1);
        const keys = open.at(-1);
        if (keys?.has(key)) return key;
        keys?.add(key);
      }
    }
  }
  return null;
}

/** The place after the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return i + 1;
}
