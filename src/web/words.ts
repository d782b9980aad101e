// What the page says about the connection, in plain words. Pure; browser main thread.

import { CONNECTING, FAILED, IDLE, JOINING, PLAYING, RECONNECTING, type ZoneLoad } from '../client/state.ts';

const STATE_NAMES: Readonly<Record<number, string>> = {
  [FAILED]: 'failed',
  [IDLE]: 'idle',
  [CONNECTING]: 'connecting',
  [JOINING]: 'joining',
  [PLAYING]: 'playing',
  [RECONNECTING]: 'reconnecting',
};

/** A word for styles and tests: `playing`. */
export function stateName(state: number): string {
  return STATE_NAMES[state] ?? 'idle';
}

const REASONS: Readonly<Record<string, string>> = {
  unreachable: 'The server can’t be reached.',
  lost: 'The connection was lost.',
  silent: 'The server went silent.',
  shutting_down: 'The server is restarting.',
  zone_full: 'The zone is full.',
  address_full: 'Too many play from your network address already.',
  still_leaving: 'Your character is still leaving the zone it was in.',
  rate_limited: 'Too many tries; the server asks for a pause.',
  busy: 'The server is busy.',
  store_unavailable: 'The server can’t reach its accounts.',
  no_zone: 'The server has no zone open yet.',
  idle: 'The server closed a silent connection.',
  rate: 'The server closed the connection: too much was sent.',
  ticket_refused: 'The server wants to know again who you are.',
  replaced: 'You are playing in another window; this one was closed.',
  cheating: 'The server closed the connection: what this client sent cannot be.',
  protocol_version: 'The server was updated. Reload the page to go on.',
  game_version: 'The game was updated. Reload the page to go on.',
  bad_name: 'A name has 3 to 24 characters: letters, digits, dot, dash and underscore.',
  name_refused: 'This name is not for here. Choose another one.',
  name_taken: 'This name is taken. Choose another one.',
  tls_required: 'From another machine this server is played over https only.',
  origin_refused: 'The server doesn’t let this page in.',
};

/** A sentence for a reason code; codes of a newer server are shown as they are. */
export function reasonText(reason: string): string {
  if (reason === '') return '';
  return REASONS[reason] ?? `The server says: ${reason.replaceAll('_', ' ')}.`;
}

/** What the banner says while not playing; empty when there is nothing to say. */
export function bannerText(state: number, reason: string, isResuming = false): string {
  if (isResuming && state !== PLAYING) return `${reasonText(reason)} Coming back…`;
  if (state === RECONNECTING) return `${reasonText(reason)} Trying again…`;
  if ((state === CONNECTING || state === JOINING) && reason !== '') return `${reasonText(reason)} Connecting again…`;
  return '';
}

/** What is said while the zone has more to do than time for it; empty when it hasn't. */
export function loadText({ step, pace }: Pick<ZoneLoad, 'step' | 'pace'>): string {
  if (pace < 1)
    return `It is crowded here: time runs at ${Math.round(pace * 100)} % of its pace until there is room again.`;
  return step > 0 ? 'It is crowded here: what is around you comes less often and in less detail.' : '';
}

/** Bytes a second, short. */
export function byteRate(bytesPerS: number): string {
  return bytesPerS < 1000 ? `${Math.round(bytesPerS)} B/s` : `${(bytesPerS / 1000).toFixed(1)} kB/s`;
}
