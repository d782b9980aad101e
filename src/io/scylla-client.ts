// The connection to ScyllaDB or Cassandra. Store thread. Statements are prepared, sent to a node that has the row, and
// tried again elsewhere when they are marked as doing no harm twice. Whoever writes one says why it does none. While the
// breaker is open nothing is sent (io/store-trouble).

import { auth, Client, type ClientOptions, errors, policies, types } from 'cassandra-driver';
import { ServerError } from '../base/errors.ts';
import { storeError } from './store-errors.ts';
import type { StoreTrouble } from './store-trouble.ts';

export interface ScyllaAddress {
  /** `host:port` of some nodes; the others are found through them, at the same port. */
  readonly contactPoints: readonly string[];
  readonly username: string;
  readonly password: string;
}

export interface Statement {
  readonly query: string;
  /** Sent twice it does no harm: the driver may, when it got no answer. */
  readonly isIdempotent: boolean;
  /** Sees what a conditional write has decided, even one that was cut off. Of reads alone. */
  readonly isSerial?: boolean;
}

export type Row = Readonly<Record<string, unknown>>;

export interface ScyllaClient {
  read(statement: Statement, values: readonly unknown[]): Promise<readonly Row[]>;
  write(statement: Statement, values: readonly unknown[]): Promise<void>;
  /** All of them or, in time, all of them: a logged batch. */
  writeAll(statements: readonly (readonly [Statement, readonly unknown[]])[]): Promise<void>;
  /** A conditional write: undefined when applied, else the row that is there, empty if none. */
  writeIf(statement: Statement, values: readonly unknown[]): Promise<Row | undefined>;
  close(): Promise<void>;
}

const REQUEST_MS_MAX = 5_000;
const TRIES_MAX = 3;
const FINAL_ERRORS = [
  errors.ResponseError,
  errors.NoHostAvailableError,
  errors.OperationTimedOutError,
  errors.ArgumentError,
];

const { consistencies, responseErrorCodes: codes } = types;

/** Answers that say the statement is wrong, not the cluster. */
const OWN_MISTAKES: ReadonlySet<number> = new Set([
  codes.syntaxError,
  codes.invalid,
  codes.configError,
  codes.alreadyExists,
  codes.unprepared,
  codes.functionFailure,
]);

/** Changes nothing, and takes what any save takes: a quorum, and the permission to write. */
const PROBE = `UPDATE characters SET version = 0 WHERE player_id = 0 AND game = '' IF epoch = -1`;

type Operation = policies.retry.OperationInfo;
type Decision = policies.retry.DecisionInfo;

/**
 * A node that is slow or has gone is no reason to give up what another one can do. Asked for idempotent statements alone. They
 * are sent as they were: the consistency that an error names is that of the part that was late, of a conditional write
 * LOCAL_SERIAL, at which nothing can be committed.
 */
export class TryElsewhere extends policies.retry.RetryPolicy {
  override onWriteTimeout(info: Operation): Decision {
    return this.again(info);
  }

  override onReadTimeout(info: Operation): Decision {
    return this.again(info);
  }

  override onRequestError(info: Operation): Decision {
    return this.again(info);
  }

  private again({ nbRetry, executionOptions }: Operation): Decision {
    if (nbRetry === TRIES_MAX - 1) return this.rethrowResult();
    return this.retryResult(executionOptions.getConsistency(), false);
  }
}

export function createDriver(address: ScyllaAddress, more: Partial<ClientOptions>): Client {
  const { contactPoints, username, password } = address;
  // Nodes tell of each other without a port: all are looked for where the first contact point listens.
  const port = Number(/:(\d+)$/.exec(contactPoints[0] ?? '')?.[1]);
  return new Client({
    contactPoints: [...contactPoints],
    ...(username !== '' && { authProvider: new auth.PlainTextAuthProvider(username, password) }),
    socketOptions: { connectTimeout: 3_000, readTimeout: REQUEST_MS_MAX },
    encoding: { useBigIntAsLong: true },
    queryOptions: {
      prepare: true,
      consistency: consistencies.localQuorum,
      serialConsistency: consistencies.localSerial,
      isIdempotent: false,
    },
    ...more,
    protocolOptions: { port, ...more.protocolOptions },
  });
}

export function unusable({ contactPoints }: ScyllaAddress, error: unknown): ServerError {
  return new ServerError(
    'DARKAGES_STORE_FAILED',
    `ScyllaDB at ${contactPoints.join(', ')} can't be used (${explain(error)}): start it, or correct --scylla-contact-points, --scylla-user or the password.`,
    { cause: error },
  );
}

/** The driver has done what can be done about it. */
function isFinal(error: unknown): boolean {
  return FINAL_ERRORS.some((kind) => error instanceof kind);
}

function isTrouble(error: unknown): boolean {
  if (error instanceof errors.ResponseError) return !OWN_MISTAKES.has(error.code);
  return !(error instanceof errors.ArgumentError || error instanceof TypeError);
}

/** Of many hosts that were tried the first one's trouble. */
function explain(error: unknown): string {
  const inner =
    error instanceof Error && 'innerErrors' in error ? Object.values(error.innerErrors as object)[0] : error;
  return inner instanceof Error ? inner.message : String(inner);
}

/** @param dataCenter whose nodes are asked */
export async function connectScylla(
  address: ScyllaAddress,
  keyspace: string,
  dataCenter: string,
  trouble: StoreTrouble,
): Promise<ScyllaClient> {
  const guard = trouble.scylla;
  const { TokenAwarePolicy, DCAwareRoundRobinPolicy } = policies.loadBalancing;
  const driver = createDriver(address, {
    keyspace,
    localDataCenter: dataCenter,
    policies: {
      loadBalancing: new TokenAwarePolicy(new DCAwareRoundRobinPolicy(dataCenter)),
      retry: new TryElsewhere(),
      reconnection: new policies.reconnection.ExponentialReconnectionPolicy(100, 5_000),
    },
  });
  try {
    await driver.connect();
  } catch (error) {
    await driver.shutdown();
    throw unusable(address, error);
  }

  /**
   * The driver's policy sees what nodes answer and what is late; that a connection broke, that its host went down, or that
   * each host was asked in vain, it doesn't see, and the next attempt begins with another host.
   */
  const persist = async <T>(isIdempotent: boolean, work: () => Promise<T>): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (!isIdempotent || attempt === TRIES_MAX || isFinal(error) || !guard.retries.take()) throw error;
        await guard.retries.pause(attempt);
      }
    }
  };
  /** The breaker hears of the outcome alone: one node's death fails much at once that another try gets done. */
  const perform = async <T>(isIdempotent: boolean, bytes: number, work: () => Promise<T>): Promise<T> => {
    try {
      return await guard.call(bytes, () => persist(isIdempotent, work));
    } catch (error) {
      if (error instanceof ServerError) throw error;
      throw storeError('ScyllaDB did not do it', new Error(explain(error), { cause: error }));
    }
  };
  const execute = ({ query, isIdempotent, isSerial }: Statement, values: readonly unknown[]) => {
    const consistency = isSerial === true ? consistencies.localSerial : consistencies.localQuorum;
    const send = () => driver.execute(query, [...values], { isIdempotent, consistency });
    return perform(isIdempotent, sizeOf(values), send);
  };
  guard.attach({ isTrouble, probe: () => driver.execute(PROBE, [], { isIdempotent: true }) });
  return {
    read: async (statement, values) => (await execute(statement, values)).rows,
    write: async (statement, values) => void (await execute(statement, values)),
    async writeAll(statements) {
      const queries = statements.map(([{ query }, values]) => ({ query, params: [...values] }));
      const isIdempotent = statements.every(([statement]) => statement.isIdempotent);
      const bytes = statements.reduce((sum, [, values]) => sum + sizeOf(values), 0);
      await perform(isIdempotent, bytes, () => driver.batch(queries, { isIdempotent, logged: true }));
    },
    async writeIf(statement, values) {
      const result = await execute(statement, values);
      return result.wasApplied() ? undefined : (result.first() ?? {});
    },
    close() {
      guard.close();
      return driver.shutdown();
    },
  };
}

/** Characters count as bytes: nearly all are one. */
function sizeOf(values: readonly unknown[]): number {
  let bytes = 0;
  for (const value of values) bytes += typeof value === 'string' ? value.length : 8;
  return bytes;
}

/** CQL's bigint from a whole number, and back: all of ours are below 2⁵³. */
export function toBigint(value: number): bigint {
  return BigInt(value);
}

export function readBigint(value: unknown): number {
  return Number(value as bigint);
}
