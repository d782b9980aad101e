// Gets a session from POST /v1/session over the host's HTTP: as a guest, whose secret the host keeps so that the same
// character comes back, or with name and password; or by the ticket of the session before. Browser main thread or Node; awaits only the port handed in.

import type { PostAnswer, PostJson, RequestSession, Session, SessionRefusal } from './ports.ts';

/** Refusals that asking again won't change. */
const FINAL_ERRORS: ReadonlySet<string> = new Set([
  'malformed',
  'bad_name',
  'name_refused',
  'bad_password',
  'bad_credentials',
  'name_taken',
  'tls_required',
  'origin_refused',
  'not_json',
  'too_large',
]);

/** In seconds, as servers of DarkAges say it; proxies before them may give a date, which isn't read. */
const RETRY_AFTER = /^\d{1,9}$/;
/** However long a server, or a proxy before it, would have a client wait. */
const RETRY_AFTER_S_MAX = 60;

/** base64 of 2,048 bytes, as netcode's tokens have. */
const CONNECT_TOKEN = /^[A-Za-z0-9+/]{2731}=$/;
/** And of 140, as invitations to a rendezvous have. */
const INVITATION = /^[A-Za-z0-9+/]{187}=$/;

export interface SessionOptions {
  readonly post: PostJson;
  /** Of the server's HTTP, without path. */
  readonly baseUrl: string;
  /** Wished by a new guest, or of the account; without one the server chooses. */
  readonly name?: string | undefined;
  /** With it, name and password log in instead of a guest's secret. */
  readonly password?: string | undefined;
  /** Where a guest's secret is kept between connections, and between visits if the host wants that. */
  readonly secret: GuestSecret;
  /** Which zone to join, full or not; without it the first that isn't known to be full. */
  readonly zoneId?: number | undefined;
  /** With it, asking again for an answer that was lost makes no second guest. */
  readonly key?: RequestKey | undefined;
  /** Asks for what it takes to connect over UDP; a server that doesn't give it is a refusal, `no_udp`. */
  readonly transport?: 'udp' | undefined;
}

export interface GuestSecret {
  load(): string | undefined;
  /** undefined: the server doesn't know it any more. */
  save(secret: string | undefined): void;
}

/** Names a request until it is answered: when the answer is lost, it is asked for again by the same name. */
export interface RequestKey {
  load(): string;
  renew(): void;
}

/** @param draw 22 to 64 characters of A-Z a-z 0-9 _ -, of 128 random bits at least */
export function createRequestKey(draw: () => string): RequestKey {
  let key = draw();
  return {
    load: () => key,
    renew() {
      key = draw();
    },
  };
}

/** A guest's secret in memory: for bots, which come back as long as they run. */
export function createGuestSecret(): GuestSecret {
  let kept: string | undefined;
  return {
    load: () => kept,
    save(secret) {
      kept = secret;
    },
  };
}

export function createSessionRequest(options: SessionOptions): RequestSession {
  return (done, fullZones, ticket) => {
    void requestSession(options, fullZones, ticket).then(done);
  };
}

/** Never rejects: no answer is a refusal like another. */
async function requestSession(
  options: SessionOptions,
  fullZones: readonly string[],
  ticket: string | undefined,
): Promise<Session | SessionRefusal> {
  const { secret, name, password } = options;
  if (ticket !== undefined) return ask(options, { resume: ticket }, fullZones);
  if (password !== undefined) return ask(options, { name, password }, fullZones);
  const guestSecret = secret.load();
  if (guestSecret !== undefined) {
    const answer = await ask(options, { guestSecret }, fullZones);
    if (!('refused' in answer) || answer.refused !== 'bad_credentials') return answer;
    // The server has lost its data or is another one: a new guest then.
    secret.save(undefined);
  }
  return ask(options, name === undefined ? {} : { name }, fullZones);
}

async function ask(
  options: SessionOptions,
  request: object,
  fullZones: readonly string[],
): Promise<Session | SessionRefusal> {
  let answer: PostAnswer;
  try {
    const { transport, key } = options;
    const body = transport ? { ...request, transport } : request;
    answer = await options.post(`${options.baseUrl}/v1/session`, body, key?.load());
    key?.renew();
  } catch {
    // Deliberate: why the request failed is the host's to show; a client only needs to know that it did.
    return { refused: 'unreachable', isFinal: false };
  }
  return readAnswer(options, answer, fullZones);
}

/** From the wire: any JSON. */
function readAnswer(
  options: SessionOptions,
  { status, body, retryAfter }: PostAnswer,
  fullZones: readonly string[],
): Session | SessionRefusal {
  const fields: Readonly<Record<string, unknown>> = typeof body === 'object' && body !== null ? { ...body } : {};
  if (status !== 200) {
    const refused = typeof fields.error === 'string' ? fields.error : `http_${status}`;
    return { refused, isFinal: FINAL_ERRORS.has(refused), ...readRetryAfter(retryAfter) };
  }
  if (typeof fields.guestSecret === 'string') options.secret.save(fields.guestSecret);
  const zones = findZones(fields.zones, options.zoneId);
  if (typeof fields.token !== 'string' || zones.length === 0) return { refused: 'no_zone', isFinal: false };
  const usable = options.transport === 'udp' ? zones.filter(({ connectToken }) => connectToken !== undefined) : zones;
  const zone = usable.find((each) => !fullZones.includes(zoneNameOf(each))) ?? usable[0];
  if (zone === undefined) return { refused: 'no_udp', isFinal: false };
  const { token, resume, node, boot } = fields;
  return {
    token,
    ...zone,
    ...(typeof resume === 'string' && { ticket: resume }),
    ...(typeof node === 'string' && { node }),
    ...(typeof boot === 'string' && { boot }),
  };
}

function readRetryAfter(text: string | null | undefined): { readonly retryAfterS?: number } {
  if (text === null || text === undefined || !RETRY_AFTER.test(text)) return {};
  return { retryAfterS: Math.min(Number(text), RETRY_AFTER_S_MAX) };
}

type SessionZone = Omit<Session, 'token' | 'ticket' | 'node' | 'boot'>;

/** Of a zone, among those that were full: whichever of its edges it is. */
export function zoneNameOf({ zoneId, url }: SessionZone): string {
  return zoneId === undefined ? url : String(zoneId);
}

/** The server puts the one first that it would have the player in. */
function findZones(zones: unknown, zoneId: number | undefined): readonly SessionZone[] {
  const found: SessionZone[] = [];
  if (!Array.isArray(zones)) return found;
  for (const zone of zones as readonly unknown[]) {
    if (typeof zone !== 'object' || zone === null || !('url' in zone) || typeof zone.url !== 'string') continue;
    if (zoneId !== undefined && !('zoneId' in zone && zone.zoneId === zoneId)) continue;
    const connectToken = 'udp' in zone ? readBytes(zone.udp, 'token', CONNECT_TOKEN) : undefined;
    const invitation = 'udp' in zone ? readBytes(zone.udp, 'rendezvous', INVITATION) : undefined;
    found.push({
      url: zone.url,
      ...('zoneId' in zone && typeof zone.zoneId === 'number' && { zoneId: zone.zoneId }),
      ...(connectToken !== undefined && { connectToken }),
      ...(invitation !== undefined && { invitation }),
    });
  }
  return found;
}

/** Undefined when it can't be one. */
function readBytes(udp: unknown, name: string, pattern: RegExp): Uint8Array | undefined {
  const fields: Readonly<Record<string, unknown>> = typeof udp === 'object' && udp !== null ? { ...udp } : {};
  const text = fields[name];
  if (typeof text !== 'string' || !pattern.test(text)) return undefined;
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
