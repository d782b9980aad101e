// POST /v1/session as a function from request value to response value: who the player is, and a token to join with.
// Main thread. Every effect is a port handed in: accounts, hashing, randomness, limits, time. Awaits only those.
// Checks stand in order of cost: TLS, origin, rate, shape, then the store, then the password.
//
//   Any of these with transport: "udp" gets connect tokens as well.
//   {}                              a new guest, optionally { name }; the answer holds its secret, once
//   { guestSecret }                 the guest comes back
//   { name, password, create: true} registers            { name, password }   logs in

import { errorCode } from '../base/errors.ts';
import { NAME_LENGTH_MAX, NAME_LENGTH_MIN, PROTOCOL_VERSION, TOKEN_LIFETIME_S } from '../base/limits.ts';
import { type Advertised, edgeUrl } from './advertise.ts';
import type { EdgeChoice, SessionEdge } from './edge-choice.ts';
import { hostName, isLoopback, isOriginAllowed } from './origin.ts';

/** Characters of a password. */
const PASSWORD_LENGTH_MIN = 8;
const PASSWORD_LENGTH_MAX = 128;
/** base64url of 192 random bits. */
const GUEST_SECRET_CHARACTERS = 32;
/** Draws of a playerId or a guest's name before giving up; two in a row collide in 10⁻⁷ of cases at 10⁴ guests. */
const DRAWS_MAX = 8;

const NAME = new RegExp(`^[A-Za-z0-9_.-]{${NAME_LENGTH_MIN},${NAME_LENGTH_MAX}}$`);
const GUEST_SECRET = new RegExp(`^[A-Za-z0-9_-]{${GUEST_SECRET_CHARACTERS}}$`);
const FIELDS: readonly string[] = ['guestSecret', 'name', 'password', 'create', 'transport'];

export interface SessionRequest {
  /** From the wire: parsed JSON of any shape. */
  readonly body: unknown;
  readonly remoteAddress: string;
  /** Ours, at which the request came in. */
  readonly localAddress: string;
  /** By TLS, ours or that of a proxy before us. */
  readonly isEncrypted: boolean;
  readonly host: string | undefined;
  readonly origin: string | undefined;
}

export interface SessionAccount {
  readonly playerId: number;
  readonly name: string;
  readonly guestSecretHash?: string;
  readonly passwordHash?: string;
  readonly createdAtMs: number;
}

export interface SessionPorts {
  readonly accounts: {
    createAccount(account: SessionAccount): Promise<'created' | 'name_taken' | 'player_id_taken'>;
    findAccountByGuestSecret(guestSecretHash: string): Promise<SessionAccount | undefined>;
    findAccountByName(name: string): Promise<SessionAccount | undefined>;
  };
  readonly passwords: {
    hash(password: string): Promise<string>;
    /** Takes as long for an undefined hash, and says false. */
    verify(passwordHash: string | undefined, password: string): Promise<boolean>;
  };
  readonly random: {
    playerId(): number;
    guestSecret(): string;
    guestName(): string;
    tokenId(): string;
  };
  /** Whether a new account may have it; its shape was checked. Known accounts keep theirs when the lists change. */
  isNameClean(name: string): boolean;
  /** A guest secret's SHA-256: it has full entropy, so a slow hash would add nothing. */
  hashGuestSecret(secret: string): string;
  /** Each takes one and answers 0, or the seconds to wait. */
  readonly limits: {
    takeSession(remoteAddress: string): Promise<number>;
    takePassword(remoteAddress: string): Promise<number>;
    /** Counted before the password is checked, so that parallel guesses count too. */
    takeLogin(name: string, remoteAddress: string): Promise<number>;
    /** The login succeeded: forgets its failed ones. */
    forgetLogins(name: string, remoteAddress: string): Promise<void>;
  };
  /** The zone in which the player stands already, if any. */
  findZone(playerId: number): Promise<number | undefined>;
  /** Of a zone's edges, the one for the next player. */
  readonly edgeChoice: EdgeChoice;
  /** Base64 of a token to connect with by UDP to that edge of this node. */
  mintConnectToken(playerId: number, localAddress: string, edge: SessionEdge, nowS: number): string;
  /** Base64 of what it takes to be introduced to that edge, where it stands behind a NAT. */
  mintInvitation?(edge: SessionEdge, nowS: number): string | undefined;
  signToken(claims: { playerId: number; name: string; tokenId: string }, nowS: number): Promise<string>;
  nowS(): number;
}

export interface SessionOptions {
  readonly game: { readonly name: string; readonly version: number };
  /** Asked at each request: players come and go. */
  readonly zones: () => readonly SessionZone[];
  /** The address players use, when it isn't the one in their request. */
  readonly advertise: Advertised | undefined;
  /** Where the edges listen, for a request that names no usable host. */
  readonly listenHost: string;
  /** The edges take TLS too. */
  readonly hasTls: boolean;
  /** Secrets may go over the network as they are. */
  readonly allowPlainHttp: boolean;
  readonly allowOrigins: readonly string[];
}

export interface SessionZone {
  readonly zoneId: number;
  readonly players: number;
  /** Its edges for WebSocket, one at least. */
  readonly ws: readonly SessionEdge[];
  /** And for UDP; empty where there is none. */
  readonly udp: readonly SessionEdge[];
}

export type SessionErrorCode =
  | 'malformed'
  | 'bad_name'
  | 'name_refused'
  | 'bad_password'
  | 'bad_credentials'
  | 'tls_required'
  | 'origin_refused'
  | 'name_taken'
  | 'too_large'
  | 'not_json'
  | 'rate_limited'
  | 'busy'
  | 'store_unavailable';

const STATUS: Readonly<Record<SessionErrorCode, number>> = {
  malformed: 400,
  bad_name: 400,
  name_refused: 400,
  bad_password: 400,
  bad_credentials: 401,
  tls_required: 403,
  origin_refused: 403,
  name_taken: 409,
  too_large: 413,
  not_json: 415,
  rate_limited: 429,
  busy: 503,
  store_unavailable: 503,
};

export interface SessionResponse {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly retryAfterS?: number;
}

export function sessionError(error: SessionErrorCode, message: string, retryAfterS?: number): SessionResponse {
  return { status: STATUS[error], body: { error, message }, ...(retryAfterS !== undefined && { retryAfterS }) };
}

/** Rejects only for faults of our own; a port's ServerError becomes a response. */
export async function openSession(
  ports: SessionPorts,
  options: SessionOptions,
  request: SessionRequest,
): Promise<SessionResponse> {
  if (!request.isEncrypted && !options.allowPlainHttp && !isLoopback(request.remoteAddress)) {
    return sessionError('tls_required', 'From another machine sessions are opened over https only.');
  }
  if (!isOriginAllowed(request.origin, request.host, options.allowOrigins)) {
    return sessionError('origin_refused', 'Pages of this origin may not open sessions here.');
  }
  const waitS = await ports.limits.takeSession(request.remoteAddress);
  if (waitS > 0) return rateLimited(waitS);
  const intent = readIntent(request.body);
  if ('error' in intent) return sessionError(intent.error, intent.message);
  try {
    const result = await findPlayer(ports, intent, request.remoteAddress);
    if ('status' in result) return result;
    return await answerSession(ports, options, request, result, intent.isUdp);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'DARKAGES_PASSWORD_BUSY') return sessionError('busy', 'Too many logins at once: try again.', 1);
    if (code?.startsWith('DARKAGES_STORE_')) {
      return sessionError('store_unavailable', 'Accounts can not be reached at the moment: try again.', 1);
    }
    throw error;
  }
}

type Intent = { readonly isUdp: boolean } & (
  | { readonly kind: 'new_guest'; readonly name: string | undefined }
  | { readonly kind: 'guest'; readonly guestSecret: string }
  | { readonly kind: 'login' | 'register'; readonly name: string; readonly password: string }
);

interface Malformed {
  readonly error: SessionErrorCode;
  readonly message: string;
}

/** From the wire: the one place where the body's shape is checked. */
function readIntent(body: unknown): Intent | Malformed {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return malformed('The body is a JSON object.');
  const unknown = Object.keys(body).find((key) => !FIELDS.includes(key));
  if (unknown !== undefined) return malformed(`Only these fields are known: ${FIELDS.join(', ')}.`);
  const { guestSecret, name, password, create, transport } = body as Record<string, unknown>;
  if (transport !== undefined && transport !== 'udp') return malformed('transport is "udp", or not there.');
  const isUdp = transport === 'udp';
  if (create !== undefined && typeof create !== 'boolean') return malformed('create is true or false.');
  if (guestSecret !== undefined) {
    if (name !== undefined || password !== undefined || create !== undefined) {
      return malformed('guestSecret stands alone.');
    }
    if (typeof guestSecret !== 'string') return malformed('guestSecret is a string.');
    return { kind: 'guest', isUdp, guestSecret };
  }
  if (name !== undefined && (typeof name !== 'string' || !NAME.test(name))) {
    const message = `A name has ${NAME_LENGTH_MIN} to ${NAME_LENGTH_MAX} characters of A-Z a-z 0-9 _ . -`;
    return { error: 'bad_name', message };
  }
  if (password === undefined) {
    return create === true ? malformed('create needs a password.') : { kind: 'new_guest', isUdp, name };
  }
  if (name === undefined) return malformed('password needs a name.');
  if (typeof password !== 'string' || !isPasswordLength(password)) {
    const message = `A password has ${PASSWORD_LENGTH_MIN} to ${PASSWORD_LENGTH_MAX} characters.`;
    return { error: 'bad_password', message };
  }
  return { kind: create === true ? 'register' : 'login', isUdp, name, password };
}

function isPasswordLength(password: string): boolean {
  const { length } = [...password];
  return length >= PASSWORD_LENGTH_MIN && length <= PASSWORD_LENGTH_MAX;
}

function malformed(message: string): Malformed {
  return { error: 'malformed', message };
}

function rateLimited(waitS: number): SessionResponse {
  return sessionError('rate_limited', `Too many requests: try again in ${waitS} s.`, waitS);
}

interface Player {
  readonly playerId: number;
  readonly name: string;
  /** Only of a guest just made. */
  readonly guestSecret?: string;
}

async function findPlayer(ports: SessionPorts, intent: Intent, address: string): Promise<Player | SessionResponse> {
  if (intent.kind === 'new_guest') return createGuest(ports, intent.name);
  if (intent.kind === 'guest') {
    const { guestSecret } = intent;
    const account = GUEST_SECRET.test(guestSecret)
      ? await ports.accounts.findAccountByGuestSecret(ports.hashGuestSecret(guestSecret))
      : undefined;
    return account ?? sessionError('bad_credentials', 'This guest is not known here.');
  }
  const waitS = await ports.limits.takePassword(address);
  if (waitS > 0) return rateLimited(waitS);
  return intent.kind === 'register' ? register(ports, intent) : login(ports, intent, address);
}

async function createGuest(ports: SessionPorts, wishedName: string | undefined): Promise<Player | SessionResponse> {
  if (wishedName !== undefined && !ports.isNameClean(wishedName)) return nameRefused();
  const guestSecret = ports.random.guestSecret();
  const guestSecretHash = ports.hashGuestSecret(guestSecret);
  return createAccount(ports, wishedName, { guestSecretHash }, guestSecret);
}

async function register(
  ports: SessionPorts,
  { name, password }: { readonly name: string; readonly password: string },
): Promise<Player | SessionResponse> {
  if (!ports.isNameClean(name)) return nameRefused();
  // Before the expensive hash; the store decides again when it creates.
  if ((await ports.accounts.findAccountByName(name)) !== undefined) return nameTaken();
  return createAccount(ports, name, { passwordHash: await ports.passwords.hash(password) });
}

async function createAccount(
  ports: SessionPorts,
  wishedName: string | undefined,
  hashes: { readonly guestSecretHash?: string; readonly passwordHash?: string },
  guestSecret?: string,
): Promise<Player | SessionResponse> {
  for (let draw = 0; draw < DRAWS_MAX; draw++) {
    const playerId = ports.random.playerId();
    const name = wishedName ?? ports.random.guestName();
    const createdAtMs = Math.floor(ports.nowS() * 1000);
    const result = await ports.accounts.createAccount({ playerId, name, ...hashes, createdAtMs });
    if (result === 'created') return { playerId, name, ...(guestSecret !== undefined && { guestSecret }) };
    if (result === 'name_taken' && wishedName !== undefined) return nameTaken();
  }
  return sessionError('busy', 'No free name was found: try again.', 1);
}

function nameRefused(): SessionResponse {
  return sessionError('name_refused', 'This name is not for here: choose another one.');
}

function nameTaken(): SessionResponse {
  return sessionError('name_taken', 'This name is taken.');
}

async function login(
  ports: SessionPorts,
  { name, password }: { readonly name: string; readonly password: string },
  address: string,
): Promise<Player | SessionResponse> {
  const waitS = await ports.limits.takeLogin(name.toLowerCase(), address);
  if (waitS > 0) return rateLimited(waitS);
  const account = await ports.accounts.findAccountByName(name);
  // An unknown name and a guest's name cost the same hash and get the same answer as a wrong password.
  const matches = await ports.passwords.verify(account?.passwordHash, password);
  if (!matches || account === undefined) return sessionError('bad_credentials', 'Name or password is wrong.');
  await ports.limits.forgetLogins(name.toLowerCase(), address);
  return account;
}

async function answerSession(
  ports: SessionPorts,
  options: SessionOptions,
  request: SessionRequest,
  player: Player,
  isUdp: boolean,
): Promise<SessionResponse> {
  const { playerId, name, guestSecret } = player;
  const nowS = ports.nowS();
  const token = await ports.signToken({ playerId, name, tokenId: ports.random.tokenId() }, nowS);
  // Of a guest made just now nobody has heard.
  const standsIn = guestSecret === undefined ? await ports.findZone(playerId) : undefined;
  const address = options.advertise ?? ownAddress(options, request.host);
  const advertise: Advertised = options.hasTls && request.isEncrypted ? { ...address, scheme: 'wss' } : address;
  const zones = orderZones(options.zones(), standsIn);
  const body = {
    playerId: String(playerId),
    name,
    ...(guestSecret !== undefined && { guestSecret }),
    token,
    expiresInS: TOKEN_LIFETIME_S,
    protocolVersion: PROTOCOL_VERSION,
    game: { name: options.game.name, version: options.game.version },
    zones: zones.map(({ zoneId, ws, udp }, rank) => ({
      zoneId,
      url: edgeUrl(advertise, zoneId, ports.edgeChoice.choose('ws', ws, nowS, rank === 0 && !isUdp)),
      ...(isUdp && udp.length > 0 && { udp: answerUdp(ports, request, playerId, { edges: udp, rank }, nowS) }),
    })),
  };
  return { status: 200, body };
}

function answerUdp(
  ports: SessionPorts,
  { localAddress }: SessionRequest,
  playerId: number,
  { edges, rank }: { readonly edges: readonly SessionEdge[]; readonly rank: number },
  nowS: number,
): object {
  const edge = ports.edgeChoice.choose('udp', edges, nowS, rank === 0);
  const token = ports.mintConnectToken(playerId, localAddress, edge, nowS);
  return { token, rendezvous: ports.mintInvitation?.(edge, nowS) };
}

/**
 * The first one is where a client goes that has no wish: back to where its character stands, so that a lost connection
 * moves nobody, else to the emptiest.
 */
function orderZones(zones: readonly SessionZone[], standsIn: number | undefined): readonly SessionZone[] {
  const rank = ({ zoneId, players }: SessionZone): number => (zoneId === standsIn ? -1 : players);
  return zones.toSorted((a, b) => rank(a) - rank(b) || a.zoneId - b.zoneId);
}

/** The host by which the request came here. */
function ownAddress({ listenHost }: SessionOptions, host: string | undefined): Advertised {
  const asked = host === undefined ? undefined : hostName(host);
  const listening = listenHost === '0.0.0.0' || listenHost === '::' ? '127.0.0.1' : bracketed(listenHost);
  return { scheme: 'ws', host: asked ?? listening, port: undefined, template: undefined };
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
