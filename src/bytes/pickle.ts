/**
 * Python's pickle, read without running anything: a stack machine of the opcodes that data need. A pickle names what is
 * to be called (`torch._utils._rebuild_tensor_v2`); the caller's rules say which names are known and what stands for
 * them here, and every other is refused by name. Names are looked up when they are met, used or not.
 * Bounds: values made (one an opcode at most, so memory is that number times a constant), open marks, the length of
 * names and integers. Objects, sets, extension codes and buffers outside the stream are refused.
 * Source: Lib/pickletools.py of CPython, protocols 0 to 5.
 */
import { EigentraceError } from '../errors.js';
import { PickleBytes } from './pickle-bytes.js';

/** What a name of a pickle stands for. */
export class PickleName {
  readonly name: string;
  /** What a call gives; null: the name may be mentioned but not called. */
  readonly call: ((args: readonly unknown[]) => unknown) | null;
  constructor(name: string, call: ((args: readonly unknown[]) => unknown) | null = null) {
    this.name = name;
    this.call = call;
  }
}

export interface PickleRules {
  /** What errors call the file. */
  readonly subject: string;
  /** What the pickle ought to hold: `a state dict of tensors`. */
  readonly expected: string;
  /** By `module.name`; undefined refuses. */
  readonly name: (name: string) => PickleName | undefined;
  /** What a persistent id stands for; absent: refused. */
  readonly persistent?: (id: unknown) => unknown;
  /** `__setstate__`; absent: a state is dropped where it is set on a dict (attributes of an OrderedDict), else refused. */
  readonly build?: (object: unknown, state: unknown) => void;
  /** Opcodes at most; default 1,000,000 (a state dict takes about 40 a tensor). */
  readonly limit?: number;
}

const mark = Symbol('mark');
const markLimit = 1000;

/** Opcodes that a file of data has no use for, with what they would do. */
const refused: Readonly<Record<string, string>> = {
  '\x8f': 'a set',
  '\x90': 'a set',
  '\x91': 'a frozen set',
  '\x92': 'an object made with keywords (NEWOBJ_EX)',
  '\x82': 'an extension code',
  '\x83': 'an extension code',
  '\x84': 'an extension code',
  '\x97': 'a buffer outside the pickle',
  '\x98': 'a buffer outside the pickle',
  o: 'an object (OBJ)',
};

/** Opcodes that push a value which stands in the pickle itself. */
const literals: Readonly<Record<string, (input: PickleBytes) => unknown>> = {
  N: () => null,
  '\x88': () => true,
  '\x89': () => false,
  I: (input) => {
    const text = input.line();
    return text === '01' ? true : text === '00' ? false : input.integer(text);
  },
  L: (input) => input.integer(input.line().replace(/L$/, '')),
  J: (input) => input.int4(),
  K: (input) => input.byte(),
  M: (input) => input.count2(),
  '\x8a': (input) => input.long(input.byte()),
  '\x8b': (input) => input.long(input.count4()),
  F: (input) => input.decimal(input.line()),
  G: (input) => input.double(),
  V: (input) => input.escaped(),
  U: (input) => input.latin1(input.byte()),
  T: (input) => input.latin1(input.count4()),
  '\x8c': (input) => input.utf8(input.byte()),
  X: (input) => input.utf8(input.count4()),
  '\x8d': (input) => input.utf8(input.count8()),
  C: (input) => input.take(input.byte()),
  B: (input) => input.take(input.count4()),
  '\x8e': (input) => input.take(input.count8()),
  '\x96': (input) => input.take(input.count8()),
  ']': () => [],
  ')': () => Object.freeze([]),
  '}': () => new Map(),
};

/**
 * Reads the pickle that starts at `start`; gives its value and the byte after it. A dict is a Map (keys: strings, numbers),
 * a list an array, a tuple a frozen array, an int a number or, past 2^53, a bigint, bytes a view of the input. Strings of
 * Python 2 are read as Latin-1. A pickle that goes on past the end is a `PickleEnd` error.
 */
export function readPickle(bytes: Uint8Array, rules: PickleRules, start = 0): { value: unknown; end: number } {
  const machine = new Machine(new PickleBytes(bytes, start, rules.subject), rules);
  const value = machine.run();
  return { value, end: machine.end };
}

class Machine {
  readonly #rules: PickleRules;
  readonly #in: PickleBytes;
  readonly #stack: unknown[] = [];
  /** Heights of the stack below each open mark. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, unknown>();

  constructor(input: PickleBytes, rules: PickleRules) {
    this.#in = input;
    this.#rules = rules;
  }

  get end(): number {
    return this.#in.at;
  }

  run(): unknown {
    const limit = this.#rules.limit ?? 1_000_000;
    for (let count = 0; ; count++) {
      if (count >= limit) throw this.#fault(`more than ${limit} opcodes (expected ${this.#rules.expected})`);
      const code = this.#in.byte();
      if (code === 0x2e) break;
      this.#step(code);
    }
    if (this.#stack.length !== 1 || this.#marks.length > 0) {
      throw this.#fault(`ends with ${this.#stack.length} values on its stack (expected one; damaged?)`);
    }
    return this.#pop();
  }

  #step(code: number): void {
    const input = this.#in;
    const opcode = String.fromCharCode(code);
    const literal = literals[opcode];
    if (literal) {
      this.#stack.push(literal(input));
      return;
    }
    switch (opcode) {
      case '\x80': {
        const protocol = input.byte();
        if (protocol > 5) throw this.#fault(`protocol ${protocol} is not known (expected 0 to 5)`);
        break;
      }
      case '\x95':
        // FRAME: a promise about lengths that nothing here rests on.
        input.count8();
        break;
      case '(':
        if (this.#marks.length >= markLimit) throw this.#fault(`more than ${markLimit} marks open at once`);
        this.#marks.push(this.#stack.length);
        this.#stack.push(mark);
        break;
      case '0':
        if (this.#stack.at(-1) === mark) this.#marks.pop();
        this.#take();
        break;
      case '1':
        this.#toMark();
        break;
      case '2':
        this.#stack.push(this.#top());
        break;
      case 'l':
        this.#stack.push(this.#toMark());
        break;
      case 'a':
        this.#append([this.#pop()]);
        break;
      case 'e':
        this.#append(this.#toMark());
        break;
      case 't':
        this.#stack.push(Object.freeze(this.#toMark()));
        break;
      case '\x85':
      case '\x86':
      case '\x87': {
        const items = Array.from({ length: code - 0x84 }, () => this.#pop());
        this.#stack.push(Object.freeze(items.reverse()));
        break;
      }
      case 'd': {
        const items = this.#toMark();
        this.#stack.push(new Map());
        this.#setItems(items);
        break;
      }
      case 's': {
        const value = this.#pop();
        this.#setItems([this.#pop(), value]);
        break;
      }
      case 'u':
        this.#setItems(this.#toMark());
        break;
      case 'g':
        this.#get(Number(input.integer(input.line())));
        break;
      case 'h':
        this.#get(input.byte());
        break;
      case 'j':
        this.#get(input.count4());
        break;
      case 'p':
        this.#memo.set(Number(input.integer(input.line())), this.#top());
        break;
      case 'q':
        this.#memo.set(input.byte(), this.#top());
        break;
      case 'r':
        this.#memo.set(input.count4(), this.#top());
        break;
      case '\x94':
        this.#memo.set(this.#memo.size, this.#top());
        break;
      case 'c': {
        const module = input.line();
        this.#stack.push(this.#name(module, input.line()));
        break;
      }
      case '\x93': {
        const [name, module] = [this.#pop(), this.#pop()];
        if (typeof name !== 'string' || typeof module !== 'string') throw this.#fault('names something by no string');
        this.#stack.push(this.#name(module, name));
        break;
      }
      case 'i': {
        const module = input.line();
        const named = this.#name(module, input.line());
        this.#stack.push(this.#called(named, this.#toMark()));
        break;
      }
      case 'R':
      case '\x81': {
        const args = this.#pop();
        const callee = this.#pop();
        if (!Array.isArray(args)) throw this.#fault('calls something with no tuple of arguments');
        this.#stack.push(this.#called(callee, args));
        break;
      }
      case 'b': {
        const state = this.#pop();
        this.#build(this.#top(), state);
        break;
      }
      case 'P':
        this.#persistent(input.line());
        break;
      case 'Q':
        this.#persistent(this.#pop());
        break;
      default: {
        const what = refused[opcode] ?? `opcode 0x${code.toString(16).padStart(2, '0')} at byte ${input.at - 1}`;
        throw this.#fault(`holds ${what} (expected ${this.#rules.expected}; damaged, or no such file)`);
      }
    }
  }

  /** Whatever is on top, a mark too. */
  #take(): unknown {
    if (this.#stack.length === 0) throw this.#fault('takes from an empty stack (damaged?)');
    return this.#stack.pop();
  }

  #pop(): unknown {
    const value = this.#take();
    if (value === mark) throw this.#fault('takes a value where a mark stands (damaged?)');
    return value;
  }

  #top(): unknown {
    const value = this.#stack.at(-1);
    if (this.#stack.length === 0 || value === mark) throw this.#fault('reads a value where there is none (damaged?)');
    return value;
  }

  #toMark(): unknown[] {
    const height = this.#marks.pop();
    if (height === undefined) throw this.#fault('closes a mark that is not open (damaged?)');
    const items = this.#stack.splice(height + 1);
    this.#stack.pop();
    return items;
  }

  #append(items: readonly unknown[]): void {
    const list = this.#top();
    if (!Array.isArray(list) || Object.isFrozen(list)) throw this.#fault('appends to something that is no list');
    for (const item of items) (list as unknown[]).push(item);
  }

  #setItems(items: readonly unknown[]): void {
    const map = this.#top();
    if (!(map instanceof Map) || items.length % 2 !== 0) throw this.#fault('sets items of something that is no dict');
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i];
      if (typeof key !== 'string' && typeof key !== 'number' && typeof key !== 'bigint') {
        throw this.#fault('has a dict whose key is neither a string nor a number');
      }
      (map as Map<unknown, unknown>).set(key, items[i + 1]);
    }
  }

  #get(index: number): void {
    if (!this.#memo.has(index)) throw this.#fault(`refers to value ${index}, which was not kept (damaged?)`);
    this.#stack.push(this.#memo.get(index));
  }

  #name(module: string, name: string): PickleName {
    const full = `${module}.${name}`;
    const known = this.#rules.name(full);
    if (!known) {
      const shown = JSON.stringify(full.slice(0, 120)).slice(1, -1);
      throw this.#fault(`refuses to run ${shown} (expected ${this.#rules.expected}); nothing was run`);
    }
    return known;
  }

  #called(callee: unknown, args: readonly unknown[]): unknown {
    if (!(callee instanceof PickleName)) throw this.#fault('calls something that is no name (damaged?)');
    if (!callee.call) throw this.#fault(`refuses to run ${callee.name} (expected ${this.#rules.expected})`);
    return callee.call(args);
  }

  #build(object: unknown, state: unknown): void {
    if (this.#rules.build) this.#rules.build(object, state);
    else if (!(object instanceof Map)) throw this.#fault('sets the state of something that is no dict');
  }

  #persistent(id: unknown): void {
    if (!this.#rules.persistent) throw this.#fault(`refers to data outside it (expected ${this.#rules.expected})`);
    this.#stack.push(this.#rules.persistent(id));
  }

  #fault(what: string): EigentraceError {
    return new EigentraceError('input', `${this.#rules.subject}: ${what}`);
  }
}
