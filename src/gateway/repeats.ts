// Requests that come twice because an answer was lost: whoever asks again with the same key gets the first answer, and
// nothing is done a second time. Main thread. Pure: a digest of the request and the time are arguments. At the bound the
// oldest is forgotten; who repeats that one is a new request.

export interface Repeats<T> {
  /**
   * The answer to the request of that digest, or what `work` makes of it; while that is under way both wait for it.
   * @param isKept whether the answer stands: a refusal is worth another try
   */
  answer(digest: string, now: number, work: () => Promise<T>, isKept: (answer: T) => boolean): Promise<T>;
  count(): number;
}

const ANSWERS_MAX = 4_096;
/** Well below the life of the token in an answer. */
const KEEP_MS = 20_000;

export function createRepeats<T>(answersMax = ANSWERS_MAX, keepMs = KEEP_MS): Repeats<T> {
  /** In the order in which they came. */
  const answers = new Map<string, { readonly atMs: number; readonly answer: Promise<T> }>();

  const forgetOld = (now: number): void => {
    for (const [digest, { atMs }] of answers) {
      if (now - atMs < keepMs && answers.size < answersMax) return;
      answers.delete(digest);
    }
  };

  return {
    async answer(digest, now, work, isKept) {
      const known = answers.get(digest);
      if (known !== undefined && now - known.atMs < keepMs) return known.answer;
      answers.delete(digest);
      forgetOld(now);
      const entry = { atMs: now, answer: work() };
      answers.set(digest, entry);
      const forget = (): void => {
        if (answers.get(digest) === entry) answers.delete(digest);
      };
      try {
        const answer = await entry.answer;
        if (!isKept(answer)) forget();
        return answer;
      } catch (error) {
        forget();
        throw error;
      }
    },
    count: () => answers.size,
  };
}
