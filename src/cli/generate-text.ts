/** What `generate` prints: a block a prompt, in it what each checkpoint went on with, and how that repeats itself. */
import { absent, cut, lengthOf, si, wrap } from './format.js';
import type { GeneratedPrompt, GenerateResult } from './library.js';
import { printable, type Style } from './style.js';

type Row = GenerateResult['results'][number];
type Written = GeneratedPrompt['completions'][number];

const longestName = 28;

/** The whole text, line ends included. */
export function generatedText(results: readonly Row[], style: Style, limit = 100): string {
  const found = results.filter(({ finding }) => finding !== null);
  if (found.length === 0) return 'no texts\n';
  const names = found.map(nameOf);
  const width = Math.max(...names.map(lengthOf));
  const blocks = promptsIn(found[0]!).map(({ prompt }, p) => {
    const lines = wrap(oneLine(prompt), limit).map((line) => style.bold(line));
    found.forEach((row, r) => {
      promptsIn(row)[p]!.completions.forEach((written, s) => {
        const lead = s === 0 ? names[r]! : '';
        const texts = wrap(oneLine(written.text) || '(nothing)', Math.max(30, limit - width - 4));
        texts.forEach((line, l) => {
          const name = l === 0 ? lead : '';
          lines.push(`${style.dim(name + ' '.repeat(width - lengthOf(name)))}  ${line}`);
        });
        lines.push(`${' '.repeat(width)}  ${style.dim(figuresOf(written))}`);
      });
    });
    return `${lines.join('\n')}\n`;
  });
  return blocks.join('\n');
}

/** The first words that a checkpoint wrote, for its line while the rest is under way. */
export function firstWords(row: Row): string {
  const [first] = row.finding === null ? [] : promptsIn(row);
  return first === undefined ? '' : cut(oneLine(first.completions[0]?.text ?? ''), 48);
}

function promptsIn({ finding }: Row): readonly GeneratedPrompt[] {
  return (finding?.detail?.['prompts'] ?? []) as readonly GeneratedPrompt[];
}

function nameOf({ revision, step, tokens }: Row): string {
  const name = cut(printable(revision), longestName, 'middle');
  // Most names hold the step already.
  const at = step === null || revision.includes(String(step)) ? '' : ` step ${step}`;
  return `${name}${at}${tokens === null ? '' : ` ${si(tokens)}`}`;
}

function figuresOf({ ids, distinct, longestRepeat, loop, finish }: Written): string {
  const shown = distinct.map((value) => (value === null ? absent : value.toFixed(2))).join(' ');
  const repeat = longestRepeat === null ? 'no token twice' : `longest repeat ${longestRepeat.length}`;
  const round = loop === null ? [] : [`loops every ${loop.period} from token ${loop.from}`];
  const end = finish === 'length' ? [] : [finish === 'end' ? 'ended' : 'stopped'];
  return [`${ids.length} tokens`, `distinct-1/2/3 ${shown}`, repeat, ...round, ...end].join(' · ');
}

/** Ends of lines shown as ↵: texts of checkpoints stand below one another. */
function oneLine(text: string): string {
  return printable(text.replace(/\r?\n/g, '↵ '));
}
