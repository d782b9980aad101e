import { expect, test } from 'vitest';
import { readFutexWaits } from '../../bench/scale/futex-waits.ts';

const TRACE = `11 futex(0x7f01, FUTEX_WAIT_PRIVATE, 2, NULL) = 0 <0.000200>
12 futex(0x7f01, FUTEX_WAKE_PRIVATE, 1) = 1 <0.000010>
12 futex(0x7f02, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 0, NULL, FUTEX_BITSET_MATCH_ANY <unfinished ...>
11 futex(0x7f02, FUTEX_WAKE_PRIVATE, 1) = 1 <0.000011>
12 <... futex resumed>) = 0 <0.003000>
13 futex(0x7f01, FUTEX_WAIT_PRIVATE, 2, NULL) = -1 EAGAIN (Resource temporarily unavailable) <0.000004>
13 futex(0x7f03, FUTEX_WAKE_PRIVATE, 2147483647 <unfinished ...>
13 <... futex resumed>) = 0 <0.000040>
15 futex(0x7f05, FUTEX_WAIT_PRIVATE, 0, {tv_sec=0, tv_nsec=15817210}) = -1 ETIMEDOUT (Connection timed out) <0.015900>
15 futex(0x7f05, FUTEX_WAIT_BITSET_PRIVATE, 0, {tv_sec=9, tv_nsec=1}, FUTEX_BITSET_MATCH_ANY <unfinished ...>
15 <... futex resumed>) = -1 ETIMEDOUT (Connection timed out) <0.100000>
12 futex(0x7f02, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, FUTEX_BITSET_MATCH_ANY <unfinished ...>
12 <... futex resumed>) = ?
14 futex(0x7f02, FUTEX_WAIT_PRIVATE, 1, NULL <unfinished ...>
`;

test('waits for others are read with thread, word and time; sleep, wakes and what never ended are none', () => {
  expect(readFutexWaits(TRACE)).toEqual([
    { thread: 11, word: '0x7f01', seconds: 0.0002 },
    { thread: 12, word: '0x7f02', seconds: 0.003 },
    { thread: 13, word: '0x7f01', seconds: 0.000004 },
  ]);
  expect(readFutexWaits('')).toEqual([]);
});
