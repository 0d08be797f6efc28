/**
 * How a repository of the Hub is written: `org/name` (old ones have no `org/`) and `org/name@revision`, where the revision is
 * a branch, a tag or a commit and may hold slashes (`refs/pr/3`). `hf:` before it says that no folder is meant.
 */

export interface HubId {
  readonly id: string;
  /** Null when none is said. */
  readonly revision: string | null;
}

/** As the Hub allows them: letters, digits, `-`, `_`, `.`, no `--` nor `..`, 96 characters at most. */
const pattern = /^(?:hf:(?:\/\/)?)?((?:[\w.-]{1,96}\/)?[\w.-]{1,96})(?:@([^@\s]{1,200}))?$/;

/** Reads an id; null when it can't be one. */
export function parseHubId(text: string): HubId | null {
  const match = pattern.exec(text);
  if (!match) return null;
  const id = match[1]!;
  const revision = match[2] ?? null;
  const isName = id.split('/').every((part) => /^[\w]([\w.-]*[\w])?$/.test(part)) && !/--|\.\./.test(id);
  // A revision becomes part of a path in the cache.
  const isRevision =
    revision === null || revision.split('/').every((part) => part !== '' && !/^\.+$|[\\\0:]/.test(part));
  return isName && isRevision ? { id, revision } : null;
}
