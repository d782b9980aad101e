import { expect, test } from 'vitest';
import type { Session, SessionRefusal } from '../../src/client/ports.ts';
import {
  createGuestSecret,
  createRequestKey,
  createSessionRequest,
  type SessionOptions,
} from '../../src/client/session.ts';

const ZONES = [
  { zoneId: 1, url: 'ws://h:1' },
  { zoneId: 2, url: 'ws://h:2' },
];

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly retryAfter?: string | null;
}

/** Asks with the given answers of the server, one a request; an undefined one is no answer at all. */
async function ask(
  answers: readonly (Answer | undefined)[],
  options: Partial<SessionOptions> = {},
  kept?: string,
  fullZones: readonly string[] = [],
  ticket?: string,
) {
  const asked: [string, unknown][] = [];
  const secret = createGuestSecret();
  secret.save(kept);
  const post = async (url: string, body: unknown): Promise<Answer> => {
    const answer = answers[asked.length];
    asked.push([url, body]);
    if (answer === undefined) throw new Error('no network');
    return answer;
  };
  const request = createSessionRequest({ post, baseUrl: 'http://h:8080', secret, ...options });
  const answer = await new Promise<Session | SessionRefusal>((resolve) => request(resolve, fullZones, ticket));
  return { answer, asked, kept: secret.load() };
}

const GOOD: Answer = { status: 200, body: { token: 't', guestSecret: 's', zones: ZONES } };
const UNKNOWN_GUEST: Answer = { status: 401, body: { error: 'bad_credentials' } };

test('a new guest wishes a name, and its secret is kept', async () => {
  const { answer, asked, kept } = await ask([GOOD], { name: 'Aldric' });
  expect(answer).toEqual({ token: 't', url: 'ws://h:1', zoneId: 1 });
  expect(asked).toEqual([['http://h:8080/v1/session', { name: 'Aldric' }]]);
  expect(kept).toBe('s');
});

test('a known guest comes back by its secret alone', async () => {
  const { answer, asked, kept } = await ask(
    [{ status: 200, body: { token: 't', zones: ZONES } }],
    { name: 'A' },
    'old',
  );
  expect(answer).toMatchObject({ token: 't' });
  expect(asked.map(([, body]) => body)).toEqual([{ guestSecret: 'old' }]);
  expect(kept).toBe('old');
});

test('a guest whom the server does not know any more becomes a new one of the same name', async () => {
  const { answer, asked, kept } = await ask([UNKNOWN_GUEST, GOOD], { name: 'Aldric' }, 'old');
  expect(answer).toMatchObject({ token: 't' });
  expect(asked.map(([, body]) => body)).toEqual([{ guestSecret: 'old' }, { name: 'Aldric' }]);
  expect(kept).toBe('s');
});

test('name and password log in, and leave a guest’s secret alone', async () => {
  const { asked, kept } = await ask([UNKNOWN_GUEST], { name: 'A', password: 'p' }, 'old');
  expect(asked.map(([, body]) => body)).toEqual([{ name: 'A', password: 'p' }]);
  expect(kept).toBe('old');
});

test('a zone is chosen by its number', async () => {
  expect((await ask([GOOD], { zoneId: 2 })).answer).toMatchObject({ url: 'ws://h:2' });
  expect((await ask([GOOD], { zoneId: 3 })).answer).toEqual({ refused: 'no_zone', isFinal: false });
});

test('a zone known to be full is passed over, unless all are or it was asked for', async () => {
  const url = async (fullZones: readonly string[], options: Partial<SessionOptions> = {}) =>
    ((await ask([GOOD], options, undefined, fullZones)).answer as Session).url;
  expect(await url(['1'])).toBe('ws://h:2');
  expect(await url(['1', '2'])).toBe('ws://h:1');
  expect(await url(['1'], { zoneId: 1 })).toBe('ws://h:1');
});

test('a full zone is full by all of its edges, whose URLs come in turn', async () => {
  const zones = [{ ...ZONES[0], url: 'ws://h:3' }, ZONES[1]];
  const { answer } = await ask([{ status: 200, body: { token: 't', zones } }], {}, undefined, ['1']);
  expect((answer as Session).url).toBe('ws://h:2');
  const unnamed = { status: 200, body: { token: 't', zones: [{ url: 'ws://h:8' }, { url: 'ws://h:9' }] } };
  expect((await ask([unnamed], {}, undefined, ['ws://h:8'])).answer).toEqual({ token: 't', url: 'ws://h:9' });
});

const CONNECT_TOKEN = Uint8Array.from({ length: 2048 }, (_, index) => index * 7);
const UDP = { token: Buffer.from(CONNECT_TOKEN).toString('base64') };

test('over UDP it asks for that, and gets the connect token of the zone', async () => {
  const zones = [ZONES[0], { ...ZONES[1], udp: UDP }];
  const good = { status: 200, body: { token: 't', zones } };
  const { answer, asked } = await ask([good], { transport: 'udp', name: 'A' });
  expect(asked).toEqual([['http://h:8080/v1/session', { name: 'A', transport: 'udp' }]]);
  // The first has none, so it is no zone to connect to.
  expect(answer).toEqual({ token: 't', url: 'ws://h:2', zoneId: 2, connectToken: CONNECT_TOKEN });
  expect((await ask([good], { transport: 'udp' }, undefined, ['ws://h:2'])).answer).toEqual(answer);
});

test('it takes an invitation along, if it can be one', async () => {
  const invitation = new Uint8Array(140).fill(3);
  const zoneOf = (bytes: Uint8Array) => ({
    ...ZONES[0],
    udp: { ...UDP, rendezvous: Buffer.from(bytes).toString('base64') },
  });
  const answerOf = async (bytes: Uint8Array) =>
    (await ask([{ status: 200, body: { token: 't', zones: [zoneOf(bytes)] } }], { transport: 'udp' })).answer;
  expect(await answerOf(invitation)).toMatchObject({ connectToken: CONNECT_TOKEN, invitation });
  expect(await answerOf(invitation.subarray(3))).not.toHaveProperty('invitation');
});

test.for([
  undefined,
  null,
  {},
  { token: 7 },
  { token: '' },
  { token: 'AAAA' },
  { token: `${UDP.token.slice(0, -4)}____` },
  { token: `${UDP.token}AAAA` },
  { token: UDP.token.slice(0, -1) },
])('a zone with the token %o is none to connect to by UDP, which is no final refusal', async (udp) => {
  const answer = { status: 200, body: { token: 't', guestSecret: 's', zones: [{ zoneId: 1, url: 'ws://h:1', udp }] } };
  const refused = await ask([answer], { transport: 'udp' });
  expect(refused.answer).toEqual({ refused: 'no_udp', isFinal: false });
  // A guest it is all the same: the next attempt is the same one.
  expect(refused.kept).toBe('s');
  expect((await ask([answer])).answer).toEqual({ token: 't', url: 'ws://h:1', zoneId: 1 });
});

test.each<[string, Answer | undefined, SessionRefusal]>([
  ['nothing', undefined, { refused: 'unreachable', isFinal: false }],
  ['no TLS', { status: 403, body: { error: 'tls_required' } }, { refused: 'tls_required', isFinal: true }],
  ['a name not for here', { status: 400, body: { error: 'name_refused' } }, { refused: 'name_refused', isFinal: true }],
  ['a taken name', { status: 409, body: { error: 'name_taken' } }, { refused: 'name_taken', isFinal: true }],
  ['a pause', { status: 429, body: { error: 'rate_limited' } }, { refused: 'rate_limited', isFinal: false }],
  ['no JSON', { status: 502, body: 'Bad gateway' }, { refused: 'http_502', isFinal: false }],
  ['no token', { status: 200, body: { zones: ZONES } }, { refused: 'no_zone', isFinal: false }],
  ['null', { status: 200, body: null }, { refused: 'no_zone', isFinal: false }],
  ['odd zones', { status: 200, body: { token: 't', zones: [1, null, {}] } }, { refused: 'no_zone', isFinal: false }],
])('the answer %s is a refusal', async (_, answer, refusal) => {
  expect((await ask([answer])).answer).toEqual(refusal);
});

test.each([
  ['7', 7],
  ['999999', 60],
  ['-1', undefined],
  ['Sun, 22 Nov 2026 09:00:00 GMT', undefined],
  [null, undefined],
])('of retry-after: %s a client is told %s seconds', async (retryAfter, retryAfterS) => {
  const { answer } = await ask([{ status: 503, body: { error: 'busy' }, retryAfter }]);
  expect(answer).toEqual({ refused: 'busy', isFinal: false, ...(retryAfterS !== undefined && { retryAfterS }) });
});

test('what got no answer is asked for by the same key, and the next thing by another one', async () => {
  let drawn = 0;
  const key = createRequestKey(() => `key-${++drawn}`);
  const keys: (string | undefined)[] = [];
  const answers = [undefined, undefined, GOOD, GOOD];
  const post = async (_url: string, _body: unknown, sent?: string): Promise<Answer> => {
    keys.push(sent);
    const answer = answers.shift();
    if (answer === undefined) throw new Error('no network');
    return answer;
  };
  const request = createSessionRequest({ post, baseUrl: 'http://h', secret: createGuestSecret(), key });
  for (let asked = 0; asked < 4; asked++) await new Promise((resolve) => request(resolve, [], undefined));
  expect(keys).toEqual(['key-1', 'key-1', 'key-1', 'key-2']);
});

test('with a ticket nothing else is shown, whatever is known; what comes with the answer is told', async () => {
  const body = { token: 't', zones: ZONES, resume: 'next', node: 'n', boot: 'b' };
  const good: Answer = { status: 200, body };
  const { answer, asked, kept } = await ask([good], { name: 'A', password: 'p' }, 'old', [], 'mine');
  expect(asked.map(([, shown]) => shown)).toEqual([{ resume: 'mine' }]);
  expect(answer).toEqual({ token: 't', url: 'ws://h:1', zoneId: 1, ticket: 'next', node: 'n', boot: 'b' });
  expect(kept).toBe('old');
  const odd = await ask([{ status: 200, body: { ...body, resume: 7, node: 7, boot: {} } }]);
  expect(odd.answer).toEqual({ token: 't', url: 'ws://h:1', zoneId: 1 });
});

test('a refused ticket is no final refusal, and nothing else is tried in its place here', async () => {
  const refused: Answer = { status: 401, body: { error: 'ticket_refused' } };
  const { answer, asked, kept } = await ask([refused], {}, 'old', [], 'mine');
  expect([answer, asked.length, kept]).toEqual([{ refused: 'ticket_refused', isFinal: false }, 1, 'old']);
});
