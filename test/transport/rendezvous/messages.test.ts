import { expect, test } from 'vitest';
import { createSodiumAead } from '../../../src/io/aead-sodium.ts';
import { formatAddress, parseAddress } from '../../../src/transport/address.ts';
import {
  ASK,
  FROM_GUEST,
  FROM_HOST,
  FROM_POINT,
  REGISTER,
  SEAL_BYTES,
} from '../../../src/transport/rendezvous/layout.ts';
import {
  createSealer,
  createTicket,
  mintInvitation,
  openBody,
  openTicket,
  readInvitation,
  sealBody,
} from '../../../src/transport/rendezvous/messages.ts';
import { HOST_ID, KEY } from './lab.ts';

const aead = createSodiumAead();

function seal(type: number, sender: number): Uint8Array {
  const sealer = createSealer(aead);
  sealer.body.set([1, 2, 3]);
  const target = new Uint8Array(3 + SEAL_BYTES);
  sealBody(sealer, KEY, type, sender, 3, target, 0);
  return target;
}

test('what is sealed opens as what it is, from whom it is, whole and unchanged', () => {
  const sealer = createSealer(aead);
  const sealed = seal(REGISTER, FROM_HOST);
  const opens = (bytes: Uint8Array, type = REGISTER, sender = FROM_HOST): boolean =>
    openBody(sealer, KEY, type, sender, bytes, 0, bytes.length);
  expect(opens(sealed)).toBe(true);
  expect([...sealer.body.subarray(0, 3)]).toEqual([1, 2, 3]);
  expect(opens(sealed, ASK)).toBe(false);
  expect(opens(sealed, REGISTER, FROM_POINT)).toBe(false);
  expect(openBody(sealer, new Uint8Array(32), REGISTER, FROM_HOST, sealed, 0, sealed.length)).toBe(false);
  for (let length = 0; length < sealed.length; length++) expect(opens(sealed.subarray(0, length))).toBe(false);
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const flipped = sealed.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    expect(opens(flipped)).toBe(false);
  }
  expect(opens(new Uint8Array(2000)), 'longer than any').toBe(false);
});

test('the same text is never sealed the same', () => {
  const [one, other] = [seal(ASK, FROM_GUEST), seal(ASK, FROM_GUEST)];
  expect(one).not.toEqual(other);
});

test.each(['192.0.2.7:9000', '[2001:db8:0:0:0:0:0:7]:9000'])(
  'an invitation to %s reads as it was minted',
  (address) => {
    const bytes = mintInvitation(aead, KEY, {
      point: parseAddress(address)!,
      hostId: HOST_ID,
      expiresS: 1_700_000_060,
    });
    const invitation = readInvitation(bytes)!;
    expect(formatAddress(invitation.point)).toBe(address);
    const ticket = createTicket();
    const sealer = createSealer(aead);
    expect(openTicket(sealer, KEY, invitation.ticket, 0, ticket)).toBe(true);
    expect(ticket.expiresS).toBe(1_700_000_060);
    expect(new Uint8Array(ticket.hostId.buffer)).toEqual(HOST_ID);
    expect(ticket.key).toEqual(invitation.key);
    expect(openTicket(sealer, new Uint8Array(32), invitation.ticket, 0, ticket)).toBe(false);
    for (const length of [0, bytes.length - 1]) expect(readInvitation(bytes.subarray(0, length))).toBeUndefined();
    expect(readInvitation(bytes.map((byte, index) => (index < 20 ? 255 : byte)))).toBeUndefined();
  },
);
