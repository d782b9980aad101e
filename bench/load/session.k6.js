// Load on POST /v1/session from a generator of others: new guests at a steady rate, who come back with their secret, and a
// few accounts that register, log in, mistype their password. Runs in k6: `npm run load`, or
//
//   k6 run -e URL=http://127.0.0.1:8080 -e SESSIONS=100 -e SECONDS=30 bench/load/session.k6.js
//
// Ends by itself after that time; the thresholds below decide its exit code. An address opens 600 sessions a minute unless
// `--sessions-per-minute` says another number, and 60 passwords a minute are checked for it, at most.

import { check } from 'k6';
import http from 'k6/http';
import { Counter } from 'k6/metrics';
import { drawAccountName } from './names.ts';
import { summarize } from './summary.js';

export const handleSummary = summarize;

const url = __ENV.URL ?? 'http://127.0.0.1:8080';
/** New guests a second; each asks twice. */
const sessions = Number(__ENV.SESSIONS ?? 10);
const seconds = Number(__ENV.SECONDS ?? 10);
/** Accounts; each has its password looked at three times. */
const accounts = Number(__ENV.ACCOUNTS ?? 3);
/** -e TIMED=no leaves out how fast it all goes: on a machine that has other things to do only whether it works can be seen. */
const isTimed = __ENV.TIMED !== 'no';
const VUS_MAX = 50;

const wrong = new Counter('darkages_wrong_answers');

export const options = {
  scenarios: {
    guests: {
      executor: 'constant-arrival-rate',
      exec: 'guest',
      rate: sessions,
      timeUnit: '1s',
      duration: `${seconds}s`,
      preAllocatedVUs: Math.min(VUS_MAX, sessions),
      maxVUs: VUS_MAX,
      gracefulStop: '5s',
    },
    accounts: {
      executor: 'shared-iterations',
      exec: 'account',
      vus: Math.min(2, accounts),
      iterations: accounts,
      maxDuration: `${seconds + 10}s`,
    },
  },
  thresholds: {
    darkages_wrong_answers: ['count == 0'],
    checks: ['rate == 1'],
    // Rate limits, and a store that can't keep up, show as status 429 and 503.
    http_req_failed: ['rate == 0'],
    ...(isTimed && {
      dropped_iterations: ['count < 5'],
      'http_req_duration{kind:guest}': ['med < 50', 'p(95) < 250'],
      // A password is hashed on purpose for a tenth of a second or so.
      'http_req_duration{kind:account}': ['p(95) < 3000'],
    }),
  },
  userAgent: 'darkages-load',
};

function ask(body, kind, status) {
  const answer = http.post(`${url}/v1/session`, JSON.stringify(body), {
    headers: { 'content-type': 'application/json' },
    responseCallback: http.expectedStatuses(status),
    tags: { kind },
  });
  if (answer.status === status) return answer.json();
  wrong.add(1);
  console.error(`${status} was to come, and ${answer.status} came: ${answer.body}`);
  return {};
}

/** A token that can be shown to the zone that is named first. */
function isSession({ token, zones, protocolVersion, expiresInS }) {
  const isToken = typeof token === 'string' && token.split('.').length === 3;
  return isToken && protocolVersion >= 1 && expiresInS > 0 && /^wss?:/.test(zones?.[0]?.url);
}

export function guest() {
  const first = ask({}, 'guest', 200);
  check(first, { 'a session for a guest': isSession, 'a secret': ({ guestSecret }) => guestSecret?.length === 32 });
  const again = ask({ guestSecret: first.guestSecret }, 'guest', 200);
  check(again, {
    'the same guest': ({ playerId, guestSecret }) => playerId === first.playerId && guestSecret === undefined,
    'another token': ({ token }) => token !== first.token,
  });
}

export function account() {
  // Of this run: a server keeps accounts.
  const name = drawAccountName();
  const password = 'correct horse battery';
  const registered = ask({ name, password, create: true }, 'account', 200);
  check(registered, { 'a session for an account': isSession, 'its name': (answer) => answer.name === name });
  const back = ask({ name, password }, 'account', 200);
  check(back, { 'the same account': ({ playerId }) => playerId === registered.playerId });
  const refused = ask({ name, password: 'wrong horse battery' }, 'account', 401);
  check(refused, { 'a wrong password is refused': ({ error }) => error === 'bad_credentials' });
}
