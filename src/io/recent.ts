// One answer for all who ask at once or soon after each other: what strangers may ask for as often as they like costs the
// server no more than one asks. Main thread.

/** By key, of which there are few. A failure is nobody's but of who waited for it. */
export function createRecent<T>(
  ageMsMax: number,
  now: () => number,
): (key: string, work: () => Promise<T>) => Promise<T> {
  const answers = new Map<string, { readonly atMs: number; readonly answer: Promise<T> }>();
  return (key, work) => {
    const known = answers.get(key);
    if (known !== undefined && now() - known.atMs < ageMsMax) return known.answer;
    const answer = work();
    answers.set(key, { atMs: now(), answer });
    answer.catch(() => {
      if (answers.get(key)?.answer === answer) answers.delete(key);
    });
    return answer;
  };
}
