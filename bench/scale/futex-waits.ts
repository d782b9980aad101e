// How long threads waited for each other in the kernel, from the text of strace. A thread that sleeps says until when;
// one that waits without a time limit waits for somebody: for who holds a lock, or for a signal. Pure.
// Words of memory say little about which lock it was: glibc's are waited for at the lock's word, those of the engine (absl)
// at a word of the waiting thread's own.
//
//   1234 futex(0x7f01, FUTEX_WAIT_PRIVATE, 2, NULL) = 0 <0.000213>
//   1234 futex(0x7f01, FUTEX_WAIT_PRIVATE, 0, {tv_sec=0, tv_nsec=5000000}) = -1 ETIMEDOUT (…) <0.005>      sleeps
//   1234 futex(0x7f01, FUTEX_WAIT_BITSET_PRIVATE|…, 0, NULL, … <unfinished ...>       1234 <... futex resumed>) = 0 <0.01>

export interface Wait {
  readonly thread: number;
  readonly word: string;
  readonly seconds: number;
}

const CALL = /^(\d+) +futex\((0x[0-9a-f]+), FUTEX_WAIT\w*(?:\|\w+)*, \w+, (NULL|\{)/;
const RESUMED = /^(\d+) +<\.\.\. futex resumed>/;
const SECONDS = /<(\d+\.\d+)>$/;

/** Waits without a time limit that came to an end. One that the word's change forestalled (EAGAIN) found it held too. */
export function readFutexWaits(text: string): readonly Wait[] {
  const waits: Wait[] = [];
  const begun = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [, caller, called, limit] = CALL.exec(line) ?? [];
    if (limit === '{') continue;
    const resumed = RESUMED.exec(line)?.[1];
    const thread = Number(caller ?? resumed);
    const word = called ?? begun.get(thread);
    if (resumed !== undefined) begun.delete(thread);
    if (word === undefined) continue;
    const seconds = SECONDS.exec(line)?.[1];
    if (seconds !== undefined) waits.push({ thread, word, seconds: Number(seconds) });
    else if (caller !== undefined) begun.set(thread, word);
  }
  return waits;
}
