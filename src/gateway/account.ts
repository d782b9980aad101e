// What a player may ask of its own account, as functions from request value to response value: everything that is kept of
// it, and to be forgotten. Main thread. Every effect is a port handed in; awaits only those.
//
//   POST /v1/account/export   { guestSecret } or { name, password } or { resume }
//   POST /v1/account/delete   { guestSecret } or { name, password }: a stolen ticket deletes nothing

import { errorCode } from '../base/errors.ts';
import {
  type CredentialPorts,
  type Credentials,
  identify,
  type Malformed,
  malformed,
  readFields,
  readName,
  readPassword,
  readSecret,
  type SessionAccount,
} from './credentials.ts';
import {
  type RequestOptions,
  rateLimited,
  refuseForError,
  refuseRequest,
  type SessionRequest,
  type SessionResponse,
  sessionError,
} from './refusals.ts';

/** So long nobody else gets the name of who deleted its account: nobody passes for the one others knew by it. */
export const NAME_KEPT_MS = 30 * 24 * 60 * 60 * 1000;

const FIELDS: readonly string[] = ['guestSecret', 'resume', 'name', 'password'];

export interface AccountPorts extends CredentialPorts {
  /** What is kept of a player beside the account, by section: characters and so on. */
  exportPlayer(playerId: number): Promise<Readonly<Record<string, unknown>>>;
  /** With its characters. Refuses while it stands in a zone. */
  deletePlayer(playerId: number, nameKeptMs: number): Promise<'deleted' | 'in_play'>;
  readonly limits: CredentialPorts['limits'] & { takeSession(remoteAddress: string): Promise<number> };
}

export type AccountAnswer = (
  ports: AccountPorts,
  options: RequestOptions,
  request: SessionRequest,
) => Promise<SessionResponse>;

export const exportAccount: AccountAnswer = (ports, options, request) =>
  answerOwner(ports, options, request, readCredentials(request.body), async (account) => {
    const { playerId, name, createdAtMs, passwordHash } = account;
    const kind = passwordHash === undefined ? 'guest' : 'named';
    const sections = await ports.exportPlayer(playerId);
    return { status: 200, body: { account: { playerId: String(playerId), name, kind, createdAtMs }, ...sections } };
  });

export const deleteAccount: AccountAnswer = (ports, options, request) => {
  const read = readCredentials(request.body);
  const credentials =
    'kind' in read && read.kind === 'ticket'
      ? malformed('Deleting takes guestSecret, or name and password, again.')
      : read;
  return answerOwner(ports, options, request, credentials, async ({ playerId }) => {
    if ((await ports.deletePlayer(playerId, NAME_KEPT_MS)) === 'in_play') {
      return sessionError('in_play', 'The character is in play: leave, and try again when it is gone, in 10 s.', 10);
    }
    return { status: 200, body: { deleted: String(playerId), nameFreeInS: NAME_KEPT_MS / 1000 } };
  });
};

/** From the wire. */
function readCredentials(body: unknown): Credentials | Malformed {
  const read = readFields(body, FIELDS);
  if ('error' in read) return read;
  const { fields } = read;
  const secret = readSecret(fields);
  if (secret !== undefined) return secret;
  const name = readName(fields.name);
  if (typeof name === 'object') return name;
  const password = readPassword(fields.password);
  return typeof password === 'object' ? password : { kind: 'login', name, password };
}

/** Rejects only for faults of our own. */
async function answerOwner(
  ports: AccountPorts,
  options: RequestOptions,
  request: SessionRequest,
  credentials: Credentials | Malformed,
  answer: (account: SessionAccount) => Promise<SessionResponse>,
): Promise<SessionResponse> {
  const refusal = refuseRequest(options, request);
  if (refusal !== undefined) return refusal;
  const waitS = await ports.limits.takeSession(request.remoteAddress);
  if (waitS > 0) return rateLimited(waitS);
  if ('error' in credentials) return sessionError(credentials.error, credentials.message);
  try {
    const identity = await identify(ports, credentials, request.remoteAddress);
    return 'status' in identity ? identity : await answer(identity.account);
  } catch (error) {
    return refuseForError(errorCode(error), error);
  }
}
