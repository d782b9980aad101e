import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseAddress } from '../../src/transport/address.ts';
import { leaveServer, updateClient } from '../../src/transport/client.ts';
import { updateServer } from '../../src/transport/server.ts';
import {
  assertClientStep,
  assertKeyStep,
  assertOfferStep,
  assertPathStep,
  assertServerStep,
  CLIENT_STATES,
  CLIENT_STEPS,
  DISCONNECTED,
  KEY_STATES,
  KEY_STEPS,
  OFFER_STATES,
  OFFER_STEPS,
  PATH_STATES,
  PATH_STEPS,
  SENDING_REQUEST,
  SENDING_RESPONSE,
  SERVER_STATES,
  SERVER_STEPS,
  STRANGER,
  type Step,
  TOKEN_EXPIRED,
  UNCONFIRMED,
} from '../../src/transport/states.ts';
import { createLab, SERVER_ADDRESS, START_MS } from './lab.ts';

const standard = readFileSync(new URL('../../proto/STANDARD.md', import.meta.url), 'utf8');

test.each([
  ['client', CLIENT_STATES, CLIENT_STEPS, assertClientStep],
  ['server', SERVER_STATES, SERVER_STEPS, assertServerStep],
  ['offer', OFFER_STATES, OFFER_STEPS, assertOfferStep],
  ['keys', KEY_STATES, KEY_STEPS, assertKeyStep],
  ['path', PATH_STATES, PATH_STEPS, assertPathStep],
])('%s: the steps of the table are permitted, and no others', (_, states, steps, assertStep) => {
  const permitted = new Set(steps.map(({ from, to }) => `${from} ${to}`));
  expect(permitted.size).toBe(steps.length);
  for (const from of states.keys()) {
    for (const to of states.keys()) {
      const attempt = (): void => assertStep(from, to);
      if (permitted.has(`${from} ${to}`)) expect(attempt).not.toThrow();
      else expect(attempt, `${from} → ${to}`).toThrow('table');
    }
  }
});

test('a client that failed stays so', () => {
  for (const { from } of CLIENT_STEPS) expect(from).toBeGreaterThanOrEqual(0);
});

/** The rows `| from | to | when |` of the standard whose states are these. */
function rowsOf(states: ReadonlyMap<number, string>): string[] {
  const names = new Set(states.values());
  const rows = standard.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
  const found = rows.filter((cells) => cells.length === 5 && names.has(cells[1]!) && names.has(cells[2]!));
  return found.map((cells) => cells.slice(1, 4).join(' | '));
}

function textOf(states: ReadonlyMap<number, string>, steps: readonly Step[]): string[] {
  return steps.map(({ from, to, when }) => `${states.get(from)} | ${states.get(to)} | ${when}`);
}

test('the standard has the same rows', () => {
  expect(rowsOf(CLIENT_STATES)).toEqual(textOf(CLIENT_STATES, CLIENT_STEPS));
  expect(rowsOf(SERVER_STATES)).toEqual(textOf(SERVER_STATES, SERVER_STEPS));
  expect(rowsOf(OFFER_STATES)).toEqual(textOf(OFFER_STATES, OFFER_STEPS));
  expect(rowsOf(KEY_STATES)).toEqual(textOf(KEY_STATES, KEY_STEPS));
  expect(rowsOf(PATH_STATES)).toEqual(textOf(PATH_STATES, PATH_STEPS));
  for (const [number, name] of CLIENT_STATES) expect(standard).toContain(`| ${number} | ${name} |`);
});

// Steps that are rare enough to be in no other test: each was missed when its row was taken out of the table.

test.each<[string, number, (client: Parameters<typeof updateClient>[0]) => void]>([
  ['silence, and another server', SENDING_REQUEST, (client) => updateClient(client, START_MS + 5_001)],
  ['the end of the token', TOKEN_EXPIRED, (client) => updateClient(client, START_MS + 60_000)],
  ['its program gives up', DISCONNECTED, (client) => leaveServer(client, START_MS + 1)],
])('a client whose response nobody answers: %s', (_, state, act) => {
  const lab = createLab(1);
  const server = lab.startServer();
  const addresses = [SERVER_ADDRESS, parseAddress('10.0.0.2:7777')!];
  const token = lab.mint({ addresses, timeoutS: state === TOKEN_EXPIRED ? -1 : 5 });
  const { client, address, take, receive } = lab.startClient({ token });
  server.receive(START_MS, address, take()[0]!.bytes);
  receive(START_MS, server.take()[0]!.bytes);
  expect(client.state).toBe(SENDING_RESPONSE);
  act(client);
  expect(client.state).toBe(state);
});

test('an address that responded and was never heard again is a stranger', () => {
  const lab = createLab(2);
  const server = lab.startServer();
  const client = lab.startClient();
  server.receive(START_MS, client.address, client.take()[0]!.bytes);
  client.receive(START_MS, server.take()[0]!.bytes);
  server.receive(START_MS, client.address, client.take()[0]!.bytes);
  const { states } = server.server.slots;
  expect(states[0]).toBe(UNCONFIRMED);
  server.happened();
  updateServer(server.server, START_MS + 5_001);
  expect(states[0]).toBe(STRANGER);
});
