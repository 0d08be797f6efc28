// Suffix sorting of tokens: suffixes at token boundaries, compared as bytes to the end of the text, the shorter first.
//
// 1. A bucket for the first two bytes (counting sort; threads take stretches of the text).
// 2. Within a bucket, quicksort by the next 8 bytes as one big-endian number, gathered once; equal ones by the 8 after, up
//    to LIMIT bytes (threads take buckets).
// 3. What is still equal there has the same order as two suffixes a little further on that lie in a difference cover: those
//    nine in 73 are sorted before, the same way and then by doubling. So repeats of any length cost a bounded number of steps.
//
// Source of 3: Burkhardt and Kärkkäinen, Fast Lightweight Suffix Array Construction and Checking (2003).
// The text is followed by zeros, which only the end's own suffixes reach: two that are equal through zeros differ in length.

/** Every difference modulo 73 is that of exactly one pair of its nine members: the powers of 2 (Singer). */
const PERIOD: u32 = 73;
/** Suffixes of fewer are sorted by comparing, without gathering. */
const FEW: u32 = 12;
/** Below this quicksort ends in insertions. */
const SHORT: u32 = 20;

let TEXT: usize = 0;
/** log2 of the bytes of a token. */
let SHIFT: u32 = 0;
/** Tokens, and their bytes. */
let COUNT: u32 = 0;
let BYTES: u32 = 0;
/** Token numbers of the suffixes, uint32. */
let TABLE: usize = 0;
/** This thread's room for keys, and how many it holds. */
let KEYS: usize = 0;
let ROOM: u32 = 0;
/** Bytes after which suffixes count as equal: 2 + 8k, at least PERIOD tokens. */
let LIMIT: u32 = 0;
/** By residue modulo PERIOD: where its suffixes' ranks begin; −1 outside the cover. */
let CLASSES: usize = 0;
/** By difference modulo PERIOD: the member of the cover that the first of the two is moved to. */
let MOVES: usize = 0;
/** uint32 ranks of the cover's suffixes; a 0 after each class, for the end of the text. */
let RANKS: usize = 0;
/** Whether the ranks are there: while the cover itself is sorted they are not. */
let RANKED: bool = false;
let RANDOM: u32 = 2463534242;

/** Once a thread and text, from uint32 arguments in memory (eleven are too many for V8 11.3's stack). */
export function begin(args: usize): void {
  TEXT = load<u32>(args);
  SHIFT = load<u32>(args, 4);
  COUNT = load<u32>(args, 8);
  BYTES = COUNT << SHIFT;
  TABLE = load<u32>(args, 12);
  KEYS = load<u32>(args, 16);
  ROOM = load<u32>(args, 20);
  CLASSES = load<u32>(args, 24);
  MOVES = load<u32>(args, 28);
  RANKS = load<u32>(args, 32);
  RANKED = load<u32>(args, 36) != 0;
  LIMIT = load<u32>(args, 40);
}

@inline
function suffix(i: u32): u32 {
  return load<u32>(TABLE + (<usize>i << 2));
}

@inline
function setSuffix(i: u32, position: u32): void {
  store<u32>(TABLE + (<usize>i << 2), position);
}

@inline
function keyAt(position: u32, depth: u32): u64 {
  return bswap<u64>(load<u64>(TEXT + (<usize>position << SHIFT) + depth));
}

@inline
function bucketOf(position: u32): usize {
  return <usize>bswap<u16>(load<u16>(TEXT + (<usize>position << SHIFT)));
}

/** Adds the suffixes of [from, to) to the buckets' counts; of the cover alone while there are no ranks. */
export function countBuckets(from: u32, to: u32, counts: usize): void {
  for (let p = from; p < to; p++) {
    if (!RANKED && load<i32>(CLASSES + (<usize>(p % PERIOD) << 2)) < 0) continue;
    const at = counts + (bucketOf(p) << 2);
    store<u32>(at, load<u32>(at) + 1);
  }
}

/** Puts the suffixes of [from, to) where `starts` says, bucket by bucket, and moves it on. */
export function fillBuckets(from: u32, to: u32, starts: usize): void {
  for (let p = from; p < to; p++) {
    if (!RANKED && load<i32>(CLASSES + (<usize>(p % PERIOD) << 2)) < 0) continue;
    const at = starts + (bucketOf(p) << 2);
    const place = load<u32>(at);
    store<u32>(at, place + 1);
    setSuffix(place, p);
  }
}

/**
 * Sorts buckets that the threads take in turn from `list` (start and end, uint32 each); `counter` holds the next one's
 * number and, 4 bytes on, how many suffixes are done.
 */
export function sortBuckets(list: usize, buckets: u32, counter: usize): void {
  while (true) {
    const next = atomic.add<u32>(counter, 1);
    if (next >= buckets) return;
    const at = list + (<usize>next << 3);
    const from = load<u32>(at), to = load<u32>(at, 4);
    sortFrom(from, to, 2);
    atomic.add<u32>(counter, to - from, 4);
  }
}

/** Sorts TABLE[from, to), whose suffixes agree in their first `depth` bytes. */
function sortFrom(from: u32, to: u32, depth: u32): void {
  while (to - from > 1) {
    if (depth >= LIMIT) {
      sortEqual(from, to);
      return;
    }
    if (to - from < FEW) {
      insertByText(from, to, depth);
      return;
    }
    if (to - from > ROOM) {
      const pivot = median(keyOfRandom(from, to, depth), keyOfRandom(from, to, depth), keyOfRandom(from, to, depth));
      let low = from, high = to, i = from;
      while (i < high) {
        const p = suffix(i), key = keyAt(p, depth);
        if (key < pivot) {
          setSuffix(i++, suffix(low));
          setSuffix(low++, p);
        } else if (key > pivot) {
          setSuffix(i, suffix(--high));
          setSuffix(high, p);
        } else i++;
      }
      sortFrom(from, low, depth);
      sortFrom(high, to, depth);
      from = low;
      to = high;
    } else {
      const count = to - from, places = TABLE + (<usize>from << 2);
      const first = keyAt(suffix(from), depth);
      let differing: u64 = 0;
      for (let i: u32 = 0; i < count; i++) {
        const key = keyAt(load<u32>(places + (<usize>i << 2)), depth);
        differing |= key ^ first;
        store<u64>(KEYS + (<usize>i << 3), key);
      }
      if (differing != 0) {
        sortPairs(KEYS, places, 0, count);
        // A run's own keys may be overwritten by the deeper ones: those after it stay.
        let start: u32 = 0;
        while (start < count) {
          const key = load<u64>(KEYS + (<usize>start << 3));
          let end = start + 1;
          while (end < count && load<u64>(KEYS + (<usize>end << 3)) == key) end++;
          if (end - start > 1) sortFrom(from + start, from + end, depth + 8);
          start = end;
        }
        return;
      }
    }
    depth += 8;
  }
}

function random(): u32 {
  RANDOM ^= RANDOM << 13;
  RANDOM ^= RANDOM >> 17;
  RANDOM ^= RANDOM << 5;
  return RANDOM;
}

@inline
function keyOfRandom(from: u32, to: u32, depth: u32): u64 {
  return keyAt(suffix(from + random() % (to - from)), depth);
}

@inline
function median(a: u64, b: u64, c: u64): u64 {
  return a < b ? (b < c ? b : a < c ? c : a) : a < c ? a : b < c ? c : b;
}

/** Quicksort of keys (uint64) at `keys` and of what goes with them (uint32) at `places`, over [from, to). */
function sortPairs(keys: usize, places: usize, from: u32, to: u32): void {
  while (to - from > SHORT) {
    const count = to - from;
    const pivot = median(
      load<u64>(keys + (<usize>(from + random() % count) << 3)),
      load<u64>(keys + (<usize>(from + random() % count) << 3)),
      load<u64>(keys + (<usize>(from + random() % count) << 3)),
    );
    let i = from, j = to - 1;
    while (true) {
      while (load<u64>(keys + (<usize>i << 3)) < pivot) i++;
      while (load<u64>(keys + (<usize>j << 3)) > pivot) j--;
      if (i >= j) break;
      const a = keys + (<usize>i << 3), b = keys + (<usize>j << 3);
      const key = load<u64>(a);
      store<u64>(a, load<u64>(b));
      store<u64>(b, key);
      const p = places + (<usize>i << 2), q = places + (<usize>j << 2);
      const place = load<u32>(p);
      store<u32>(p, load<u32>(q));
      store<u32>(q, place);
      i++;
      j--;
    }
    // Now [from, i) ≤ pivot ≤ [i, to); where both met stands the pivot, which is in its place.
    const rest = i == j ? i + 1 : i;
    if (i - from < to - rest) {
      sortPairs(keys, places, from, i);
      from = rest;
    } else {
      sortPairs(keys, places, rest, to);
      to = i;
    }
  }
  for (let i = from + 1; i < to; i++) {
    const key = load<u64>(keys + (<usize>i << 3)), place = load<u32>(places + (<usize>i << 2));
    let j = i;
    while (j > from) {
      const before = load<u64>(keys + (<usize>(j - 1) << 3));
      if (before <= key) break;
      store<u64>(keys + (<usize>j << 3), before);
      store<u32>(places + (<usize>j << 2), load<u32>(places + (<usize>(j - 1) << 2)));
      j--;
    }
    store<u64>(keys + (<usize>j << 3), key);
    store<u32>(places + (<usize>j << 2), place);
  }
}

function insertByText(from: u32, to: u32, depth: u32): void {
  for (let i = from + 1; i < to; i++) {
    const p = suffix(i);
    let j = i;
    while (j > from) {
      const before = suffix(j - 1);
      if (!isLess(p, before, depth)) break;
      setSuffix(j, before);
      j--;
    }
    setSuffix(j, p);
  }
}

/** Whether suffix p comes before suffix q, which agree in their first `depth` bytes. */
function isLess(p: u32, q: u32, depth: u32): bool {
  let a = TEXT + (<usize>p << SHIFT) + depth, b = TEXT + (<usize>q << SHIFT) + depth;
  const end = TEXT + (<usize>p << SHIFT) + LIMIT;
  while (a < end) {
    const x = load<u64>(a), y = load<u64>(b);
    if (x != y) return bswap<u64>(x) < bswap<u64>(y);
    a += 8;
    b += 8;
  }
  return isLessFurtherOn(p, q);
}

/** The same for suffixes that agree in LIMIT bytes. Where both are in an unranked cover and long enough: false. */
function isLessFurtherOn(p: u32, q: u32): bool {
  if (!RANKED) return hasEnded(max(p, q)) ? p > q : false;
  const residue = p % PERIOD, other = q % PERIOD;
  const move = load<u32>(MOVES + (<usize>(other >= residue ? other - residue : other + PERIOD - residue) << 2));
  const ahead = move >= residue ? move - residue : move + PERIOD - residue;
  const x = p + ahead, y = q + ahead;
  if (x >= COUNT || y >= COUNT) return p > q;
  return rankOf(x) < rankOf(y);
}

/** Whether the text ends within LIMIT bytes of a suffix. */
@inline
function hasEnded(p: u32): bool {
  return (p << SHIFT) + LIMIT > BYTES;
}

/** Where the rank of a suffix of the cover lies. */
@inline
function rankPlace(p: u32): usize {
  const residue = p % PERIOD;
  return RANKS + (<usize>(load<u32>(CLASSES + (<usize>residue << 2)) + p / PERIOD) << 2);
}

@inline
function rankOf(p: u32): u32 {
  return load<u32>(rankPlace(p));
}

/** Sorts TABLE[from, to), whose suffixes agree in LIMIT bytes. */
function sortEqual(from: u32, to: u32): void {
  while (to - from > SHORT) {
    const pivot = suffix(from + random() % (to - from));
    let i = from, j = to - 1;
    while (true) {
      while (isLessFurtherOn(suffix(i), pivot)) i++;
      while (isLessFurtherOn(pivot, suffix(j))) j--;
      if (i >= j) break;
      const p = suffix(i);
      setSuffix(i, suffix(j));
      setSuffix(j, p);
      i++;
      j--;
    }
    const rest = i == j ? i + 1 : i;
    if (i - from < to - rest) {
      sortEqual(from, i);
      from = rest;
    } else {
      sortEqual(rest, to);
      to = i;
    }
  }
  insertByText(from, to, LIMIT);
}

/**
 * The cover, sorted by LIMIT bytes, lies in TABLE[0, count): gives each its rank, and refines the ranks by doubling until no
 * two are equal. `work` has room for 8 bytes a suffix of the cover (the list of groups, twice) and the same for keys.
 */
export function rankCover(count: u32, work: usize): void {
  let groups = work, next = work + (<usize>(count + 2) << 2);
  const keys = ((work + (<usize>(count + 2) << 3)) + 15) & ~15;
  let pending: u32 = 0, start: u32 = 0;
  for (let i: u32 = 1; i <= count; i++) {
    if (i < count && isSame(suffix(i - 1), suffix(i))) continue;
    for (let j = start; j < i; j++) store<u32>(rankPlace(suffix(j)), start + 1);
    if (i - start > 1) {
      store<u32>(groups + (<usize>pending << 2), start);
      store<u32>(groups + (<usize>pending << 2), i, 4);
      pending += 2;
    }
    start = i;
  }
  // From here a suffix is known by the place of its rank: the one `ahead` periods further on is `ahead` places on.
  for (let i: u32 = 0; i < count; i++) setSuffix(i, <u32>((rankPlace(suffix(i)) - RANKS) >> 2));
  for (let ahead: u32 = 1; pending > 0; ahead <<= 1) {
    let left: u32 = 0;
    for (let g: u32 = 0; g < pending; g += 2) {
      const from = load<u32>(groups + (<usize>g << 2)), to = load<u32>(groups + (<usize>g << 2), 4);
      const size = to - from, places = TABLE + (<usize>from << 2);
      for (let i: u32 = 0; i < size; i++) {
        const further = <usize>load<u32>(places + (<usize>i << 2)) + ahead;
        store<u64>(keys + (<usize>i << 3), load<u32>(RANKS + (further << 2)));
      }
      sortPairs(keys, places, 0, size);
      let first: u32 = 0;
      for (let i: u32 = 1; i <= size; i++) {
        if (i < size && load<u64>(keys + (<usize>i << 3)) == load<u64>(keys + (<usize>first << 3))) continue;
        for (let j = first; j < i; j++) store<u32>(RANKS + (<usize>suffix(from + j) << 2), from + first + 1);
        if (i - first > 1) {
          store<u32>(next + (<usize>left << 2), from + first);
          store<u32>(next + (<usize>left << 2), from + i, 4);
          left += 2;
        }
        first = i;
      }
    }
    const swap = groups;
    groups = next;
    next = swap;
    pending = left;
  }
}

/** Whether two suffixes of the cover agree in LIMIT bytes, the text not ending there. */
function isSame(p: u32, q: u32): bool {
  if (hasEnded(max(p, q))) return false;
  let a = TEXT + (<usize>p << SHIFT), b = TEXT + (<usize>q << SHIFT);
  if (load<u16>(a) != load<u16>(b)) return false;
  const end = a + LIMIT;
  a += 2;
  b += 2;
  while (a < end) {
    if (load<u64>(a) != load<u64>(b)) return false;
    a += 8;
    b += 8;
  }
  return true;
}

/** TABLE[from, to) as byte offsets of `width` bytes, little-endian, at `out`, which has 8 bytes more. */
export function packTable(from: u32, to: u32, width: u32, out: usize): void {
  for (let i = from; i < to; i++) {
    store<u64>(out, <u64>suffix(i) << SHIFT);
    out += width;
  }
}
