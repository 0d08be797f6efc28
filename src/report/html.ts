/**
 * HTML from data that others named: every value that goes in is escaped, so that a revision called
 * `</script><img onerror=…>` is a name and nothing else.
 */

/** A piece of HTML that is safe as it stands. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Part = Html | string | number | null | undefined | readonly Part[];

/** A template whose values are escaped, unless they are Html; lists are joined, null is nothing. */
export function markup(strings: TemplateStringsArray, ...values: readonly Part[]): Html {
  return new Html(strings.map((text, i) => text + (i < values.length ? render(values[i]) : '')).join(''));
}

function render(part: Part): string {
  if (part === null || part === undefined) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'object') return part.map(render).join('');
  return escapeHtml(String(part));
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text for an element or a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}

/** JSON for a `<script type="application/json">`: no `<` is left that could end it or open a comment. */
export function jsonForScript(value: unknown): Html {
  return new Html(JSON.stringify(value).replaceAll('<', '\\u003c'));
}

/**
 * A program for a `<script>`: what would end the element (`</script`) or change how it is read (`<!--`) stands in
 * strings only, where a backslash changes nothing.
 */
export function programForScript(program: string): Html {
  return new Html(program.replace(/<\/(script)/gi, '<\\/$1').replaceAll('<!--', '<\\!--'));
}
