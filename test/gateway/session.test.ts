import { describe, expect, test } from 'vitest';
import { ServerError } from '../../src/base/errors.ts';
import { readAdvertised } from '../../src/gateway/advertise.ts';
import { createBench, secretOf } from './session-bench.ts';

describe('without TLS', () => {
  test('sessions are for this machine alone, unless the operator allows it', async () => {
    const { post, options, accounts } = createBench();
    for (const remoteAddress of ['10.0.0.1', '::ffff:10.0.0.1', '2001:db8::1', '127.0.0.1.example', '']) {
      expect(await post({}, { remoteAddress, isEncrypted: false })).toMatchObject({
        status: 403,
        body: { error: 'tls_required' },
      });
    }
    expect(accounts).toEqual([]);
    for (const remoteAddress of ['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1']) {
      expect((await post({}, { remoteAddress, isEncrypted: false })).status).toBe(200);
    }
    options.allowPlainHttp = true;
    expect((await post({}, { isEncrypted: false })).status).toBe(200);
  });

  test('zones are ws, and wss to who asked over TLS where the edges take it', async () => {
    const { post, options } = createBench();
    const urls = async (isEncrypted: boolean) => {
      const { body } = await post({}, { remoteAddress: '127.0.0.1', isEncrypted });
      return (body.zones as { url: string }[]).map(({ url }) => new URL(url).protocol);
    };
    const schemes = async () => [new Set(await urls(false)), new Set(await urls(true))];
    expect(await schemes()).toEqual([new Set(['ws:']), new Set(['ws:'])]);
    options.hasTls = true;
    expect(await schemes()).toEqual([new Set(['ws:']), new Set(['wss:'])]);
    options.advertise = { scheme: 'ws', host: 'play.example', port: 9000, template: undefined };
    expect(await schemes()).toEqual([new Set(['ws:']), new Set(['wss:'])]);
  });
});

describe('a guest', () => {
  test('is made by an empty body and comes back with its secret', async () => {
    const { post, accounts } = createBench();
    const made = await post({});
    expect(made).toEqual({
      status: 200,
      body: {
        playerId: '4000000000000000',
        name: 'guest-1',
        guestSecret: secretOf(0),
        token: expect.stringMatching(/^4000000000000000\/guest-1\/token-/),
        expiresInS: 60,
        resume: '4000000000000000/guest-1/1700000000',
        node: 'node-1',
        boot: 'boot-1',
        protocolVersion: 2,
        game: { name: 'darkages', version: 3 },
        zones: [
          { zoneId: 1, url: 'ws://127.0.0.1:7777' },
          { zoneId: 2, url: 'ws://127.0.0.1:7778' },
        ],
      },
    });
    expect(JSON.stringify(accounts)).not.toContain(`"${secretOf(0)}"`);
    const back = await post({ guestSecret: secretOf(0) });
    expect(back.status).toBe(200);
    expect(back.body).toMatchObject({ playerId: '4000000000000000', name: 'guest-1' });
    expect(back.body).not.toHaveProperty('guestSecret');
  });

  test('who asks for UDP gets a connect token for each zone that has it, others none', async () => {
    const { post } = createBench();
    const zonesOf = async (body: object) => (await post(body)).body.zones as { udp?: { token: string } }[];
    expect((await zonesOf({})).map(({ udp }) => udp)).toEqual([undefined, undefined]);
    const [first, second] = await zonesOf({ transport: 'udp' });
    expect(first!.udp!.token).toMatch(/^\d{16} 10\.0\.0\.9 7777 \d/);
    expect(second).not.toHaveProperty('udp');
    expect(await post({ transport: 'tcp' })).toMatchObject({ status: 400, body: { error: 'malformed' } });
  });

  test('where zones have several edges, the next player is told the emptiest, and who asks after it the next', async () => {
    const { post, state } = createBench();
    state.udpEdges = [5, 2, 2].map((players, index) => ({
      edge: index + 1,
      place: index,
      port: 9001 + index,
      players,
    }));
    const portOf = async () => {
      const { body } = await post({ transport: 'udp' });
      return (body.zones as { udp?: { token: string } }[])[0]!.udp!.token.split(' ')[2];
    };
    expect([await portOf(), await portOf(), await portOf()]).toEqual(['9002', '9003', '9002']);
  });

  test('who asks for UDP is invited to an edge that stands behind a NAT', async () => {
    const { post, ports } = createBench();
    const udpOf = async () =>
      ((await post({ transport: 'udp' })).body.zones as { udp?: { rendezvous?: string } }[])[0]!.udp!;
    expect((await udpOf()).rendezvous).toBeUndefined();
    ports.mintInvitation = ({ port }, nowS) => `invited to ${port} at ${nowS}`;
    expect((await udpOf()).rendezvous).toMatch(/^invited to 7777 at \d/);
  });

  test('may choose a free name; a chosen one that is taken is a 409, a drawn one is drawn again', async () => {
    const { post, state } = createBench();
    state.guestNames = ['guest-1', 'GUEST-1', 'guest-2'];
    expect((await post({ name: 'Bob' })).body).toMatchObject({ name: 'Bob' });
    expect(await post({ name: 'bOB' })).toMatchObject({ status: 409, body: { error: 'name_taken' } });
    expect((await post({})).body).toMatchObject({ name: 'guest-1' });
    expect((await post({})).body).toMatchObject({ name: 'guest-2' });
  });

  test('is drawn no name that nobody may choose', async () => {
    const { post, state } = createBench();
    state.guestNames = ['guest-rude', 'guest-3'];
    expect((await post({})).body).toMatchObject({ name: 'guest-3' });
  });

  test.each(['', 'x', secretOf(99), 'A'.repeat(4000), "' OR 1=1 --"])(
    'with the secret %j is refused',
    async (secret) => {
      const { post } = createBench();
      await post({});
      expect(await post({ guestSecret: secret })).toMatchObject({ status: 401, body: { error: 'bad_credentials' } });
    },
  );
});

describe('a named account', () => {
  test('a profane name is refused to a new account before anything is hashed; who has one keeps it', async () => {
    const { post, accounts, counts } = createBench();
    for (const body of [{ name: 'so.rude' }, { name: 'so.rude', password: 'correct horse', create: true }]) {
      expect(await post(body)).toMatchObject({ status: 400, body: { error: 'name_refused' } });
    }
    expect([accounts, counts.hashed]).toEqual([[], 0]);
    accounts.push({ playerId: 5, name: 'so.rude', passwordHash: 'hash:correct horse', createdAtMs: 0 });
    expect(await post({ name: 'so.rude', password: 'correct horse' })).toMatchObject({ status: 200 });
  });

  test('registers once and logs in, whatever the case of its name', async () => {
    const { post } = createBench();
    const made = await post({ name: 'Alice', password: 'correct horse', create: true });
    expect(made.status).toBe(200);
    expect(made.body).not.toHaveProperty('guestSecret');
    expect(await post({ name: 'aLICE', password: 'another pass', create: true })).toMatchObject({ status: 409 });
    const back = await post({ name: 'alice', password: 'correct horse' });
    expect(back.body).toMatchObject({ playerId: made.body.playerId, name: 'Alice' });
  });

  test('unknown name, wrong password and a guest’s name get the same answer for the same work', async () => {
    const { post, counts } = createBench();
    await post({ name: 'Guest.A' });
    await post({ name: 'alice', password: 'correct horse', create: true });
    const answers = [
      await post({ name: 'nobody', password: 'wrong password' }),
      await post({ name: 'alice', password: 'wrong password' }),
      await post({ name: 'guest.a', password: 'wrong password' }),
    ];
    expect(answers[0]).toMatchObject({ status: 401, body: { error: 'bad_credentials' } });
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
    expect(counts.verified).toHaveLength(3);
  });

  test('is not guessed: the eleventh attempt in a row is refused unread, in parallel too, a success starts afresh', async () => {
    const { post, counts } = createBench();
    await post({ name: 'alice', password: 'correct horse', create: true });
    for (let attempt = 0; attempt < 9; attempt++) await post({ name: 'alice', password: `guess ${attempt} .....` });
    expect((await post({ name: 'alice', password: 'correct horse' })).status).toBe(200);
    counts.verified.length = 0;
    const guesses = Array.from({ length: 50 }, (_, index) => post({ name: 'ALICE', password: `guess ${index} .....` }));
    const statuses = (await Promise.all(guesses)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(10);
    expect(statuses.filter((status) => status === 429)).toHaveLength(40);
    expect(counts.verified).toHaveLength(10);
    expect(await post({ name: 'alice', password: 'correct horse' })).toMatchObject({ status: 429, retryAfterS: 42 });
    const elsewhere = await post({ name: 'alice', password: 'correct horse' }, { remoteAddress: '10.0.0.2' });
    expect(elsewhere.status).toBe(200);
  });

  test('password length is counted in characters', async () => {
    const { post } = createBench();
    const status = async (password: string) => (await post({ name: 'alice', password })).status;
    expect(await status('1234567')).toBe(400);
    expect(await status('🦀'.repeat(7))).toBe(400);
    expect(await status('🦀'.repeat(128))).toBe(401);
    expect(await status('x'.repeat(129))).toBe(400);
  });
});

test.each<[unknown, string]>([
  [undefined, 'malformed'],
  [null, 'malformed'],
  [[], 'malformed'],
  ['{}', 'malformed'],
  [7, 'malformed'],
  [{ admin: true }, 'malformed'],
  [{ name: 7 }, 'bad_name'],
  [{ name: 'ab' }, 'bad_name'],
  [{ name: 'a'.repeat(25) }, 'bad_name'],
  [{ name: '<script>' }, 'bad_name'],
  [{ name: 'bob\n' }, 'bad_name'],
  [{ name: 'bоb' }, 'bad_name'],
  [{ name: null }, 'bad_name'],
  [{ guestSecret: {} }, 'malformed'],
  [{ guestSecret: 'x', name: 'bob' }, 'malformed'],
  [{ password: 'long enough' }, 'malformed'],
  [{ name: 'bob', password: 12345678 }, 'bad_password'],
  [{ name: 'bob', password: ['long enough'] }, 'bad_password'],
  [{ name: 'bob', create: true }, 'malformed'],
  [{ name: 'bob', password: 'long enough', create: 1 }, 'malformed'],
  [JSON.parse('{"__proto__": {"create": true}}'), 'malformed'],
])('the body %j is answered 400', async (body, error) => {
  const { post, accounts } = createBench();
  expect(await post(body)).toMatchObject({ status: 400, body: { error } });
  expect(accounts).toEqual([]);
});

test('another site’s page is refused before anything else', async () => {
  const { post, state } = createBench();
  state.waitS = 30;
  expect(await post({}, { origin: 'http://evil.test' })).toMatchObject({
    status: 403,
    body: { error: 'origin_refused' },
  });
});

test('rate limits say how long to wait', async () => {
  const { post, state, counts } = createBench();
  state.waitS = 30;
  expect(await post({})).toMatchObject({ status: 429, retryAfterS: 30, body: { error: 'rate_limited' } });
  state.waitS = 0;
  state.passwordWaitS = 5;
  const register = { name: 'alice', password: 'correct horse', create: true };
  expect(await post(register)).toMatchObject({ status: 429, retryAfterS: 5 });
  expect(counts.hashed).toBe(0);
});

test('a store that fails is a 503, and a fault of ours is not hidden', async () => {
  const { post, state } = createBench();
  for (const code of ['DARKAGES_STORE_TIMEOUT', 'DARKAGES_STORE_BUSY', 'DARKAGES_STORE_FAILED'] as const) {
    state.failWith = new ServerError(code, 'secret detail');
    const response = await post({});
    expect(response).toMatchObject({ status: 503, body: { error: 'store_unavailable' } });
    expect(JSON.stringify(response)).not.toContain('secret detail');
  }
  state.failWith = new Error('bug');
  await expect(post({})).rejects.toThrow('bug');
});

test('zones are named by --advertise, else by the request’s host, else by where they listen', async () => {
  const { post, options } = createBench();
  const url = async (host?: string) => {
    const { body } = await post({}, host === undefined ? {} : { host });
    return (body.zones as { url: string }[])[0]!.url;
  };
  expect(await url('play.example.org:8080')).toBe('ws://play.example.org:7777');
  expect(await url('[::1]:8080')).toBe('ws://[::1]:7777');
  expect(await url('bad host/"')).toBe('ws://127.0.0.1:7777');
  options.listenHost = '0.0.0.0';
  expect(await url('"')).toBe('ws://127.0.0.1:7777');
  options.listenHost = 'fe80::1';
  expect(await url('"')).toBe('ws://[fe80::1]:7777');
  options.advertise = readAdvertised('wss://proxy.example.org');
  expect(await url()).toBe('wss://proxy.example.org:7777');
});

test('zones come with the emptiest first, but the one in which the player stands before all', async () => {
  const { post, state } = createBench();
  const zoneIds = async (body: unknown) =>
    ((await post(body)).body.zones as { zoneId: number }[]).map(({ zoneId }) => zoneId);
  state.players = [30, 7, 0, 7];
  expect(await zoneIds({})).toEqual([3, 2, 4, 1]);
  state.standsIn.set(4_000_000_000_000_000, 1);
  expect(await zoneIds({ guestSecret: secretOf(0) })).toEqual([1, 3, 2, 4]);
});

describe('a ticket', () => {
  const DAY_S = 24 * 3600;

  test('opens a session without secret or password, and gives another one that is over with the first', async () => {
    const { post, clock, counts, accounts } = createBench();
    const named = await post({ name: 'Alice', password: 'correct horse', create: true });
    clock.advance(1000);
    const again = await post({ resume: named.body.resume, transport: 'udp' });
    expect(again.body).toMatchObject({ playerId: named.body.playerId, name: 'Alice', resume: named.body.resume });
    expect((again.body.zones as { udp?: object }[])[0]!.udp).toBeDefined();
    expect(again.body).not.toHaveProperty('guestSecret');
    expect([counts.verified, counts.hashed, accounts.length]).toEqual([[], 1, 1]);
    clock.advance(DAY_S - 1001);
    expect((await post({ resume: again.body.resume })).status).toBe(200);
    clock.advance(1);
    expect(await post({ resume: again.body.resume })).toMatchObject({ status: 401, body: { error: 'ticket_refused' } });
    const login = await post({ name: 'alice', password: 'correct horse' });
    expect((await post({ resume: login.body.resume })).status).toBe(200);
  });

  test('is nobody’s when the account is gone, also when somebody else has its name', async () => {
    const { post, accounts } = createBench();
    const { body } = await post({ name: 'Alice' });
    accounts.pop();
    expect((await post({ resume: body.resume })).body.error).toBe('ticket_refused');
    await post({});
    expect((await post({ name: 'Alice' })).body.playerId).not.toBe(body.playerId);
    expect((await post({ resume: body.resume })).body.error).toBe('ticket_refused');
  });

  test('has a limit of its own, which those without a ticket do not use up', async () => {
    const { post, state } = createBench();
    const { body } = await post({});
    state.waitS = 30;
    expect((await post({ resume: body.resume })).status).toBe(200);
    state.resumeWaitS = 3;
    expect(await post({ resume: body.resume })).toMatchObject({ status: 429, retryAfterS: 3 });
    expect(await post({ resume: 7 })).toMatchObject({ status: 429, retryAfterS: 3 });
    state.waitS = 0;
    expect((await post({})).status).toBe(200);
  });

  test.each([[{ resume: 7 }], [{ resume: 'x', name: 'bob' }], [{ resume: 'x', guestSecret: 'y' }]])(
    'the body %j is answered 400',
    async (body) => {
      expect(await createBench().post(body)).toMatchObject({ status: 400, body: { error: 'malformed' } });
    },
  );
});

test('a password that was hashed with less than today gets a new hash at login, and at no other time', async () => {
  const { post, accounts, counts } = createBench();
  accounts.push({ playerId: 7, name: 'Old', passwordHash: 'weak:correct horse', createdAtMs: 0 });
  expect((await post({ name: 'old', password: 'wrong password' })).status).toBe(401);
  expect([accounts[0]!.passwordHash, counts.hashed]).toEqual(['weak:correct horse', 0]);
  expect((await post({ name: 'old', password: 'correct horse' })).status).toBe(200);
  expect([accounts[0]!.passwordHash, counts.hashed]).toEqual(['hash:correct horse', 1]);
  expect((await post({ name: 'old', password: 'correct horse' })).status).toBe(200);
  expect(counts.hashed).toBe(1);
});
