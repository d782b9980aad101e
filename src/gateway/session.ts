// POST /v1/session as a function from request value to response value: who the player is, and a token to join with.
// Main thread. Every effect is a port handed in: accounts, hashing, randomness, limits, time. Awaits only those.
// Checks stand in order of cost: TLS, origin, rate, shape, then the store, then the password.
//
//   Any of these with transport: "udp" gets connect tokens as well.
//   {}                              a new guest, optionally { name }; the answer holds its secret, once
//   { guestSecret }                 the guest comes back
//   { resume }                      whoever it was comes back, by the ticket of an earlier answer
//   { name, password, create: true} registers            { name, password }   logs in

import { errorCode } from '../base/errors.ts';
import { PROTOCOL_VERSION, TOKEN_LIFETIME_S } from '../base/limits.ts';
import { type Advertised, edgeUrl } from './advertise.ts';
import {
  type CredentialPorts,
  type Credentials,
  identify,
  type Malformed,
  malformed,
  type NameAndPassword,
  readFields,
  readName,
  readPassword,
  readSecret,
  type SessionAccount,
  showsTicket,
} from './credentials.ts';
import type { EdgeChoice, SessionEdge } from './edge-choice.ts';
import { hostName } from './origin.ts';
import {
  type RequestOptions,
  rateLimited,
  refuseForError,
  refuseRequest,
  type SessionRequest,
  type SessionResponse,
  sessionError,
} from './refusals.ts';
import type { TicketClaims } from './ticket.ts';

/** Draws of a playerId or a guest's name before giving up; two in a row collide in 10⁻⁷ of cases at 10⁴ guests. */
const DRAWS_MAX = 8;

const FIELDS: readonly string[] = ['guestSecret', 'resume', 'name', 'password', 'create', 'transport'];

export interface SessionPorts extends CredentialPorts {
  readonly accounts: CredentialPorts['accounts'] & {
    createAccount(account: SessionAccount): Promise<'created' | 'name_taken' | 'player_id_taken'>;
  };
  readonly random: {
    playerId(): number;
    guestSecret(): string;
    guestName(): string;
    tokenId(): string;
  };
  /** Whether a new account may have it; its shape was checked. Known accounts keep theirs when the lists change. */
  isNameClean(name: string): boolean;
  readonly limits: CredentialPorts['limits'] & {
    takeSession(remoteAddress: string): Promise<number>;
    /** Of those who come back by a ticket: all of a zone may at once. */
    takeResume(remoteAddress: string): Promise<number>;
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
  signTicket(claims: TicketClaims): Promise<string>;
  nowS(): number;
}

export interface SessionOptions extends RequestOptions {
  readonly game: { readonly name: string; readonly version: number };
  /** Asked at each request: players come and go. */
  readonly zones: () => readonly SessionZone[];
  /** The address players use, when it isn't the one in their request. */
  readonly advertise: Advertised | undefined;
  /** Where the edges listen, for a request that names no usable host. */
  readonly listenHost: string;
  /** The edges take TLS too. */
  readonly hasTls: boolean;
  /** Of this node, also after a restart: several of them may answer at one host. */
  readonly node: string;
  /** Of this process: a client that hears another one of the same node knows that its connection is over. */
  readonly boot: string;
}

export interface SessionZone {
  readonly zoneId: number;
  readonly players: number;
  /** Its edges for WebSocket, one at least. */
  readonly ws: readonly SessionEdge[];
  /** And for UDP; empty where there is none. */
  readonly udp: readonly SessionEdge[];
}

/** Rejects only for faults of our own; a port's ServerError becomes a response. */
export async function openSession(
  ports: SessionPorts,
  options: SessionOptions,
  request: SessionRequest,
): Promise<SessionResponse> {
  const refusal = refuseRequest(options, request);
  if (refusal !== undefined) return refusal;
  const { body, remoteAddress } = request;
  const waitS = await (showsTicket(body)
    ? ports.limits.takeResume(remoteAddress)
    : ports.limits.takeSession(remoteAddress));
  if (waitS > 0) return rateLimited(waitS);
  const intent = readIntent(body);
  if ('error' in intent) return sessionError(intent.error, intent.message);
  try {
    const result = await findPlayer(ports, intent, remoteAddress);
    if ('status' in result) return result;
    return await answerSession(ports, options, request, result, intent.isUdp);
  } catch (error) {
    return refuseForError(errorCode(error), error);
  }
}

type Intent = { readonly isUdp: boolean } & (
  | { readonly kind: 'new_guest'; readonly name: string | undefined }
  | ({ readonly kind: 'register' } & NameAndPassword)
  | Credentials
);

/** From the wire: the one place where the body's shape is checked. */
function readIntent(body: unknown): Intent | Malformed {
  const read = readFields(body, FIELDS);
  if ('error' in read) return read;
  const { fields } = read;
  const { name, password, create, transport } = fields;
  if (transport !== undefined && transport !== 'udp') return malformed('transport is "udp", or not there.');
  const isUdp = transport === 'udp';
  if (create !== undefined && typeof create !== 'boolean') return malformed('create is true or false.');
  const secret = readSecret(fields);
  if (secret !== undefined) return 'error' in secret ? secret : { ...secret, isUdp };
  const wished = name === undefined ? undefined : readName(name);
  if (typeof wished === 'object') return wished;
  if (password === undefined) {
    return create === true ? malformed('create needs a password.') : { kind: 'new_guest', isUdp, name: wished };
  }
  if (wished === undefined) return malformed('password needs a name.');
  const checked = readPassword(password);
  if (typeof checked === 'object') return checked;
  return { kind: create === true ? 'register' : 'login', isUdp, name: wished, password: checked };
}

interface Player {
  readonly playerId: number;
  readonly name: string;
  readonly loginS: number;
  /** Only of a guest just made. */
  readonly guestSecret?: string;
}

async function findPlayer(ports: SessionPorts, intent: Intent, address: string): Promise<Player | SessionResponse> {
  if (intent.kind === 'new_guest') return createGuest(ports, intent.name);
  if (intent.kind === 'register') {
    const waitS = await ports.limits.takePassword(address);
    return waitS > 0 ? rateLimited(waitS) : register(ports, intent);
  }
  const identity = await identify(ports, intent, address);
  if ('status' in identity) return identity;
  const { account, loginS } = identity;
  return { playerId: account.playerId, name: account.name, loginS };
}

async function createGuest(ports: SessionPorts, wishedName: string | undefined): Promise<Player | SessionResponse> {
  if (wishedName !== undefined && !ports.isNameClean(wishedName)) return nameRefused();
  const guestSecret = ports.random.guestSecret();
  const guestSecretHash = ports.hashGuestSecret(guestSecret);
  return createAccount(ports, wishedName, { guestSecretHash }, guestSecret);
}

async function register(ports: SessionPorts, { name, password }: NameAndPassword): Promise<Player | SessionResponse> {
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
    // Digits, too, can spell what nobody may be called.
    if (wishedName === undefined && !ports.isNameClean(name)) continue;
    const nowS = ports.nowS();
    const createdAtMs = Math.floor(nowS * 1000);
    const result = await ports.accounts.createAccount({ playerId, name, ...hashes, createdAtMs });
    if (result === 'created') {
      return { playerId, name, loginS: Math.floor(nowS), ...(guestSecret !== undefined && { guestSecret }) };
    }
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

async function answerSession(
  ports: SessionPorts,
  options: SessionOptions,
  request: SessionRequest,
  player: Player,
  isUdp: boolean,
): Promise<SessionResponse> {
  const { playerId, name, loginS, guestSecret } = player;
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
    resume: await ports.signTicket({ playerId, name, loginS }),
    node: options.node,
    boot: options.boot,
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
