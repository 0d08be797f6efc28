/** The pickle reader: values against CPython's, and pickles made to run, recurse, or take memory. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PickleEnd, PickleName, readPickle, type PickleRules } from '../../src/bytes/index.js';
import { EigentraceError } from '../../src/errors.js';
import { bytesOf, int, text, uint32 } from './pickles.js';

const rules: PickleRules = {
  subject: 'file.pkl',
  expected: 'plain data',
  name: (name) => (name === 'collections.OrderedDict' ? new PickleName(name, () => new Map()) : undefined),
};
const read = (...parts: (string | number | Uint8Array)[]) => readPickle(bytesOf(...parts), rules).value;
const message = (...parts: (string | number | Uint8Array)[]): string => {
  try {
    return `not refused: ${String(read(...parts))}`;
  } catch (error) {
    return error instanceof EigentraceError ? error.message : `not ours: ${(error as Error).stack}`;
  }
};

describe('readPickle', () => {
  // pickle.dumps({'a': [1, -2, 2**70, 0.5, True, None, (1, 'é', b'\xff')], 5: (), 'n': {}}, protocol=p) of CPython 3.11
  it.each([
    [
      0,
      'KGRwMApWYQpwMQoobHAyCkkxCmFJLTIKYUwxMTgwNTkxNjIwNzE3NDExMzAzNDI0TAphRjAuNQphSTAxCmFOYShJMQpW6QpwMwpjX2NvZGVjcwplbmNvZGUKcDQKKFb/CnA1ClZsYXRpbjEKcDYKdHA3ClJwOAp0cDkKYXNJNQoodHNWbgpwMTAKKGRwMTEKcy4=',
    ],
    [
      2,
      'gAJ9cQAoWAEAAABhcQFdcQIoSwFK/v///4oJAAAAAAAAAABARz/gAAAAAAAAiE5LAVgCAAAAw6lxA2NfY29kZWNzCmVuY29kZQpxBFgCAAAAw79xBVgGAAAAbGF0aW4xcQaGcQdScQiHcQllSwUpWAEAAABucQp9cQt1Lg==',
    ],
    [
      3,
      'gAN9cQAoWAEAAABhcQFdcQIoSwFK/v///4oJAAAAAAAAAABARz/gAAAAAAAAiE5LAVgCAAAAw6lxA0MB/3EEh3EFZUsFKVgBAAAAbnEGfXEHdS4=',
    ],
    [4, 'gASVQAAAAAAAAAB9lCiMAWGUXZQoSwFK/v///4oJAAAAAAAAAABARz/gAAAAAAAAiE5LAYwCw6mUQwH/lIeUZUsFKYwBbpR9lHUu'],
    [5, 'gAWVQAAAAAAAAAB9lCiMAWGUXZQoSwFK/v///4oJAAAAAAAAAABARz/gAAAAAAAAiE5LAYwCw6mUQwH/lIeUZUsFKYwBbpR9lHUu'],
  ])('protocol %i', (_, base64) => {
    const encode = new PickleName('_codecs.encode', ([value]) => Buffer.from(value as string, 'latin1'));
    const name = (full: string) => (full === '_codecs.encode' ? encode : undefined);
    const { value, end } = readPickle(Buffer.from(base64, 'base64'), { ...rules, name });
    expect(end).toBe(Buffer.from(base64, 'base64').length);
    const found = value as Map<unknown, unknown>;
    expect([...found.keys()]).toEqual(['a', 5, 'n']);
    const list = found.get('a') as unknown[];
    expect(list.slice(0, 6)).toEqual([1, -2, 2n ** 70n, 0.5, true, null]);
    const [one, letter, bytes] = list[6] as [number, string, Uint8Array];
    expect([one, letter, [...bytes]]).toEqual([1, 'é', [255]]);
    expect(Object.isFrozen(list[6])).toBe(true);
    expect(found.get(5)).toEqual([]);
    expect(found.get('n')).toEqual(new Map());
  });

  it('gives the byte after the pickle, from any start, and lists that hold themselves', () => {
    expect(readPickle(bytesOf('xxK', 7, '.yy'), rules, 2)).toEqual({ value: 7, end: 5 });
    const list = read(']q', 0, 'h', 0, 'a.') as unknown[];
    expect(list[0]).toBe(list);
  });
});

describe('a pickle is refused that', () => {
  it.each([
    [
      'calls os.system',
      ['cposix\nsystem\n', text('touch x'), 0x85, 'R.'],
      'refuses to run posix.system (expected plain data); nothing was run',
    ],
    ['names it only', ['cos\nsystem\n.'], 'refuses to run os.system'],
    [
      'builds the name on the stack',
      [0x80, 4, text('builtins'), text('eval'), 0x93, ')R.'],
      'refuses to run builtins.eval',
    ],
    ['makes an instance (INST)', ['(', text('x'), 'ios\nsystem\n.'], 'refuses to run os.system'],
    ['makes an object (OBJ)', ['(ccollections\nOrderedDict\no.'], 'holds an object (OBJ)'],
    ['makes one with keywords', ['ccollections\nOrderedDict\n)}', 0x92, '.'], 'NEWOBJ_EX'],
    ['uses an extension', [0x82, 1, '.'], 'holds an extension code'],
    ['names control characters', ['cos\n\x1b[31mx\n.'], 'refuses to run os.\\u001b[31mx'],
    ['calls data', [')', ')R.'], 'calls something that is no name'],
    ['calls with no tuple', ['ccollections\nOrderedDict\n}R.'], 'calls something with no tuple'],
    ['sets a state', [')', '}b.'], 'sets the state of something that is no dict'],
    ['refers outside', [text('x'), 'Q.'], 'refers to data outside it'],
    ['changes a tuple', [')K', 1, 'a.'], 'appends to something that is no list'],
    ['uses a list as key', ['}])s.'], 'key is neither a string nor a number'],
    ['reads what it did not keep', ['h', 9, '.'], 'refers to value 9, which was not kept'],
    ['closes no mark', ['t.'], 'closes a mark that is not open'],
    ['pops past a mark', ['(0', '0.'], 'takes from an empty stack'],
    ['takes a mark for a value', ['](a.'], 'takes a value where a mark stands'],
    ['keeps nothing', ['q', 0, '.'], 'reads a value where there is none'],
    ['ends with two values', ['NN.'], 'ends with 2 values on its stack'],
    ['ends with none', ['.'], 'ends with 0 values'],
    ['has an unknown opcode', ['Z'], 'opcode 0x5a at byte 0'],
    ['has a later protocol', [0x80, 6, 'N.'], 'protocol 6 is not known'],
    [
      'has a huge integer',
      [0x8b, uint32(1 << 20), 'x'.repeat(1 << 20), '.'],
      'got an integer of 1048576 bytes (expected at most 16)',
    ],
    ['has text that is none', ['X', uint32(2), 0xff, 0xfe, '.'], 'text that is not UTF-8'],
    ['has a number that is none', ['Ix\n.'], 'got the integer "x"'],
    ['has an endless line', ['c', 'a'.repeat(5000), '\nb\n.'], 'a line of more than 4096 bytes'],
    ['opens marks for ever', ['('.repeat(2000)], 'more than 1000 marks open at once'],
    ['pushes for ever', ['}'.repeat(1_000_001)], 'more than 1000000 opcodes'],
    ['doubles for ever', [']q', 0, 'h\x00a'.repeat(500_001)], 'more than 1000000 opcodes'],
    ['ends early', ['X', uint32(100), 'abc'], 'goes on past its end at byte 8 (truncated?)'],
    ['promises more than there is', [0x8e, Buffer.alloc(8, 0x7f)], 'got the length'],
    ['has no end', [int(1)], 'goes on past its end'],
  ] as [string, (string | number | Uint8Array)[], string][])('%s', (_, parts, expected) => {
    expect(message(...parts)).toContain(`file.pkl: `);
    expect(message(...parts)).toContain(expected);
  });

  it('is cut anywhere: PickleEnd, so that a reader may fetch more', () => {
    const map = 'ccollections\nOrderedDict\n)R';
    const whole = bytesOf(0x80, 2, '}(', text('a'), int(5), text('b'), 'G', Buffer.alloc(8), text('c'), map, 'u.');
    for (let length = 0; length < whole.length; length++) {
      expect(() => readPickle(whole.subarray(0, length), rules), `${length}`).toThrow(PickleEnd);
    }
  });
});

it('any bytes: a value or an error of ours, at once', () => {
  const opcodes = '()012IJKLMFGNVXUTBC]leatd}sughjpqrciRbPQ.\x80\x81\x85\x86\x87\x88\x89\x8a\x8b\x8c\x93\x94\x95'.split(
    '',
  ); // one character a byte
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .array(fc.oneof(fc.constantFrom(...opcodes), fc.constantFrom('\x00', '\x01', 'a\n')), { maxLength: 200 })
      .map((parts) => bytesOf(...parts)),
  );
  fc.assert(
    fc.property(anything, (bytes) => {
      try {
        readPickle(bytes, { ...rules, persistent: () => null });
      } catch (error) {
        if (!(error instanceof EigentraceError)) throw error;
      }
    }),
    { numRuns: 3000 },
  );
});
