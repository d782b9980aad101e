// Whether a thread that died may be started again in place: a few times a minute, then the process gives up and its
// parent starts it afresh, since something outside one thread is wrong. Pure.

export interface RestartBudget {
  /** Takes one restart; false when too many were taken within the window. */
  take(now: number): boolean;
}

export function createRestartBudget(restartsMax = 5, windowMs = 60_000): RestartBudget {
  const takenAt: number[] = [];
  return {
    take(now) {
      while (takenAt.length > 0 && now - takenAt[0]! >= windowMs) takenAt.shift();
      if (takenAt.length >= restartsMax) return false;
      takenAt.push(now);
      return true;
    },
  };
}
