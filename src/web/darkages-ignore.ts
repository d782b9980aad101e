// Players that this one doesn't want to hear: what they say and whisper isn't shown, their invitations are declined. By
// name, kept between visits. The server knows nothing of it, so nobody learns who ignores them. Pure but for what is
// kept; browser main thread.

import type { GuestSecret } from '../client/session.ts';

/** Who ignores one more lets somebody else speak first. */
export const IGNORED_MAX = 100;

export interface Ignored {
  readonly names: string[];
  readonly kept: GuestSecret;
}

/** @param kept holds the names with commas between, which no name has in it. */
export function createIgnored(kept: GuestSecret): Ignored {
  const names = (kept.load() ?? '').split(',').filter((name) => name !== '');
  return { names: names.slice(0, IGNORED_MAX), kept };
}

/** Whatever is large or small in it: names differ by more than that. */
export function isIgnored({ names }: Ignored, name: string): boolean {
  return names.some((ignored) => isSame(ignored, name));
}

/** @returns what came of it, for the player. */
export function startIgnoring(ignored: Ignored, name: string, own: string): string {
  if (isSame(name, own)) return 'That is you.';
  if (!/^[\w.-]{1,24}$/.test(name)) return 'Nobody has a name like that.';
  if (isIgnored(ignored, name)) return `You ignore ${name} already.`;
  if (ignored.names.length >= IGNORED_MAX) return `You ignore ${IGNORED_MAX} players, which is as many as can be.`;
  ignored.names.push(name);
  save(ignored);
  return `You ignore ${name} from now on; /unignore ${name} ends it.`;
}

export function stopIgnoring(ignored: Ignored, name: string): string {
  const at = ignored.names.findIndex((each) => isSame(each, name));
  if (at < 0) return `You don’t ignore ${name}.`;
  ignored.names.splice(at, 1);
  save(ignored);
  return `You hear ${name} again.`;
}

function save({ names, kept }: Ignored): void {
  kept.save(names.length === 0 ? undefined : names.join(','));
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
