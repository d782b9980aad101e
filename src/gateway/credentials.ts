// Who a request comes from: what it shows for that, by its shape, and whose account it is. For sessions, and for taking
// one's account out or away. Main thread. Every effect is a port handed in; awaits only those.
//
//   { guestSecret }        { name, password }        { resume }: a ticket (ticket.ts)

import { NAME_LENGTH_MAX, NAME_LENGTH_MIN } from '../base/limits.ts';
import { rateLimited, type SessionErrorCode, type SessionResponse, sessionError } from './refusals.ts';
import type { Tickets } from './ticket.ts';

/** Characters of a password. */
const PASSWORD_LENGTH_MIN = 8;
const PASSWORD_LENGTH_MAX = 128;
/** base64url of 192 random bits. */
const GUEST_SECRET_CHARACTERS = 32;

const NAME = new RegExp(`^[A-Za-z0-9_.-]{${NAME_LENGTH_MIN},${NAME_LENGTH_MAX}}$`);
const GUEST_SECRET = new RegExp(`^[A-Za-z0-9_-]{${GUEST_SECRET_CHARACTERS}}$`);

export interface SessionAccount {
  readonly playerId: number;
  readonly name: string;
  readonly guestSecretHash?: string;
  readonly passwordHash?: string;
  readonly createdAtMs: number;
}

export interface CredentialPorts {
  readonly accounts: {
    findAccountByGuestSecret(guestSecretHash: string): Promise<SessionAccount | undefined>;
    findAccountByName(name: string): Promise<SessionAccount | undefined>;
    /** False when it is not that hash any more. */
    replacePasswordHash(playerId: number, before: string, after: string): Promise<boolean>;
  };
  readonly passwords: {
    hash(password: string): Promise<string>;
    /** Takes as long for an undefined hash, and says false. */
    verify(passwordHash: string | undefined, password: string): Promise<boolean>;
    /** Made with less than a new one gets. */
    isWeak(passwordHash: string): boolean;
  };
  /** A guest secret's SHA-256: it has full entropy, so a slow hash would add nothing. */
  hashGuestSecret(secret: string): string;
  readonly tickets: Pick<Tickets, 'verify'>;
  /** Each takes one and answers 0, or the seconds to wait. */
  readonly limits: {
    takePassword(remoteAddress: string): Promise<number>;
    /** Counted before the password is checked, so that parallel guesses count too. */
    takeLogin(name: string, remoteAddress: string): Promise<number>;
    /** The login succeeded: forgets its failed ones. */
    forgetLogins(name: string, remoteAddress: string): Promise<void>;
  };
  nowS(): number;
}

export interface NameAndPassword {
  readonly name: string;
  readonly password: string;
}

export type Credentials =
  | { readonly kind: 'guest'; readonly guestSecret: string }
  | { readonly kind: 'ticket'; readonly ticket: string }
  | ({ readonly kind: 'login' } & NameAndPassword);

export interface Malformed {
  readonly error: SessionErrorCode;
  readonly message: string;
}

/** Whose account it is, and when password or secret were shown for it. */
export interface Identity {
  readonly account: SessionAccount;
  readonly loginS: number;
}

export function malformed(message: string): Malformed {
  return { error: 'malformed', message };
}

type Fields = Readonly<Record<string, unknown>>;

/** From the wire: an object of these fields alone. */
export function readFields(body: unknown, known: readonly string[]): { readonly fields: Fields } | Malformed {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return malformed('The body is a JSON object.');
  const unknown = Object.keys(body).find((key) => !known.includes(key));
  if (unknown !== undefined) return malformed(`Only these fields are known: ${known.join(', ')}.`);
  return { fields: body as Fields };
}

/** Whether it is to be counted with those who come back by a ticket; whatever else it says. */
export function showsTicket(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'resume' in body;
}

/** From the wire: a guest's secret or a ticket, which stand alone; undefined when there is neither. */
export function readSecret(fields: Fields): Credentials | Malformed | undefined {
  for (const key of ['guestSecret', 'resume'] as const) {
    const value = fields[key];
    if (value === undefined) continue;
    const others = Object.keys(fields).filter((other) => other !== key && other !== 'transport');
    if (others.some((other) => fields[other] !== undefined)) return malformed(`${key} stands alone.`);
    if (typeof value !== 'string') return malformed(`${key} is a string.`);
    return key === 'resume' ? { kind: 'ticket', ticket: value } : { kind: 'guest', guestSecret: value };
  }
  return undefined;
}

export function readName(name: unknown): string | Malformed {
  if (typeof name === 'string' && NAME.test(name)) return name;
  const message = `A name has ${NAME_LENGTH_MIN} to ${NAME_LENGTH_MAX} characters of A-Z a-z 0-9 _ . -`;
  return { error: 'bad_name', message };
}

export function readPassword(password: unknown): string | Malformed {
  if (typeof password === 'string') {
    const { length } = [...password];
    if (length >= PASSWORD_LENGTH_MIN && length <= PASSWORD_LENGTH_MAX) return password;
  }
  const message = `A password has ${PASSWORD_LENGTH_MIN} to ${PASSWORD_LENGTH_MAX} characters.`;
  return { error: 'bad_password', message };
}

export async function identify(
  ports: CredentialPorts,
  credentials: Credentials,
  address: string,
): Promise<Identity | SessionResponse> {
  if (credentials.kind === 'ticket') return resume(ports, credentials.ticket);
  const account =
    credentials.kind === 'guest'
      ? await findGuest(ports, credentials.guestSecret)
      : await login(ports, credentials, address);
  return 'status' in account ? account : { account, loginS: Math.floor(ports.nowS()) };
}

async function findGuest(ports: CredentialPorts, secret: string): Promise<SessionAccount | SessionResponse> {
  const account = GUEST_SECRET.test(secret)
    ? await ports.accounts.findAccountByGuestSecret(ports.hashGuestSecret(secret))
    : undefined;
  return account ?? sessionError('bad_credentials', 'This guest is not known here.');
}

/** The account has to be there still, under that number: names are given to others in time. */
async function resume(ports: CredentialPorts, ticket: string): Promise<Identity | SessionResponse> {
  const claims = await ports.tickets.verify(ticket, ports.nowS());
  const account = claims && (await ports.accounts.findAccountByName(claims.name));
  if (claims !== undefined && account?.playerId === claims.playerId) return { account, loginS: claims.loginS };
  return sessionError('ticket_refused', 'This ticket is not good any more: log in again.');
}

async function login(
  ports: CredentialPorts,
  { name, password }: NameAndPassword,
  address: string,
): Promise<SessionAccount | SessionResponse> {
  const passwordWaitS = await ports.limits.takePassword(address);
  if (passwordWaitS > 0) return rateLimited(passwordWaitS);
  const waitS = await ports.limits.takeLogin(name.toLowerCase(), address);
  if (waitS > 0) return rateLimited(waitS);
  const account = await ports.accounts.findAccountByName(name);
  // An unknown name and a guest's name cost the same hash and get the same answer as a wrong password.
  const matches = await ports.passwords.verify(account?.passwordHash, password);
  if (!matches || account?.passwordHash === undefined) {
    return sessionError('bad_credentials', 'Name or password is wrong.');
  }
  await ports.limits.forgetLogins(name.toLowerCase(), address);
  if (!ports.passwords.isWeak(account.passwordHash)) return account;
  // The only moment in which the password is known: it gets the hash that a new one would.
  const passwordHash = await ports.passwords.hash(password);
  await ports.accounts.replacePasswordHash(account.playerId, account.passwordHash, passwordHash);
  return { ...account, passwordHash };
}
