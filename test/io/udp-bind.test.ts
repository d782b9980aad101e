import { expect, test } from 'vitest';
import { bindFailure } from '../../src/io/udp-bind.ts';

const binding = { address: '::1', port: 7777, batchPackets: 1, packetBytesMax: 1, hasLocals: false, bufferBytes: 1 };

test('a port in use says which, anything else where and why', () => {
  expect(bindFailure(binding, 'EADDRINUSE')).toMatchObject({
    code: 'DARKAGES_EDGE_PORT_IN_USE',
    message: 'UDP port 7777 on ::1 is in use; stop what uses it or choose another with --port.',
  });
  expect(bindFailure(binding, 'EACCES')).toMatchObject({
    code: 'DARKAGES_LISTEN_FAILED',
    message: 'Cannot open a UDP socket at [::1]:7777: EACCES.',
  });
  const cause = new Error('as node:dgram says it');
  expect(bindFailure({ ...binding, address: '1.2.3.4' }, 'EMFILE', cause)).toMatchObject({
    message: 'Cannot open a UDP socket at 1.2.3.4:7777: EMFILE.',
    cause,
  });
});
