// The tables in ScyllaDB or Cassandra, and how they came to be: migrations in order, of which each is done once. Store
// thread, at start. Two who start at once don't both migrate: the caller brings the lock (a lease in Redis), since
// Cassandra itself may end up with two tables of one name when two make it at the same moment.
//
// Every query is by a whole partition key, and every condition on one row. docs/stores.md says what is avoided and why.

import { type Client, policies } from 'cassandra-driver';
import { ServerError } from '../base/errors.ts';
import { createDriver, type ScyllaAddress, unusable } from './scylla-client.ts';
import { LEDGER_MARKS_MIGRATION, LEDGER_MIGRATION } from './scylla-ledger.ts';

/** Columns of a table that there was before. One of two that share CQL can't say `IF NOT EXISTS` here. */
export interface AddColumns {
  readonly table: string;
  /** Type by name. */
  readonly add: Readonly<Record<string, string>>;
}

export type Migration = readonly (string | AddColumns)[];

/** The n-th takes a keyspace from version n to n + 1. Only ever added to; each statement may be done twice. */
const SCYLLA_MIGRATIONS: readonly Migration[] = [
  [
    // An account counts once its row is here; what else there is of it is written before.
    `CREATE TABLE IF NOT EXISTS accounts (
       player_id bigint PRIMARY KEY,
       name text,
       name_key text,
       name_shape text,
       guest_secret_hash text,
       password_hash text,
       created_at_ms bigint,
       claim text
     )`,
    `CREATE TABLE IF NOT EXISTS account_names (
       name_shape text PRIMARY KEY,
       player_id bigint,
       claim text,
       claimed_at_ms bigint
     )`,
    `CREATE TABLE IF NOT EXISTS guest_secrets (guest_secret_hash text PRIMARY KEY, player_id bigint)`,
    // Guests by the day they were made, for those who never played; `made_days` says which days there are.
    `CREATE TABLE IF NOT EXISTS guests_by_day (
       day int,
       created_at_ms bigint,
       player_id bigint,
       PRIMARY KEY (day, created_at_ms, player_id)
     )`,
    `CREATE TABLE IF NOT EXISTS guest_days (bucket int, day int, PRIMARY KEY (bucket, day))`,
    `CREATE TABLE IF NOT EXISTS characters (
       player_id bigint,
       game text,
       owner text,
       epoch bigint,
       version bigint,
       columns text,
       PRIMARY KEY (player_id, game)
     )`,
  ],
  LEDGER_MIGRATION,
  LEDGER_MARKS_MIGRATION,
];

export const SCYLLA_SCHEMA_VERSION = SCYLLA_MIGRATIONS.length;

/** Runs what is given to it alone of all who share the store. `stillAlone` throws when it is so no more. */
export type Exclusive = (work: (stillAlone: () => Promise<void>) => Promise<void>) => Promise<void>;

export interface ScyllaSchemaOptions {
  readonly address: ScyllaAddress;
  readonly keyspace: string;
  /**
   * Nodes that keep each row, when the keyspace is made here; else it is as its maker wanted it. Undefined: as many as
   * there are, at most three.
   */
  readonly replicas: number | undefined;
  readonly exclusive: Exclusive;
  /** What comes next may take so long. */
  readonly onWorking?: (withinMs: number) => void;
  readonly migrations?: readonly Migration[];
}

const DDL_MS_MAX = 60_000;
/** Until all nodes know of it. */
const AGREEMENT_S_MAX = 30;
const REPLICAS_MAX = 3;

/**
 * Makes or upgrades the keyspace; refuses one that is newer. Resolves to the data center that was spoken with.
 * Throws ServerError DARKAGES_STORE_… with a sentence.
 */
export async function prepareSchema(options: ScyllaSchemaOptions): Promise<string> {
  const { address, keyspace, migrations = SCYLLA_MIGRATIONS } = options;
  // Any node will do: which data center is the nearest isn't known yet.
  const driver = createDriver(address, {
    policies: { loadBalancing: new policies.loadBalancing.RoundRobinPolicy() },
    protocolOptions: { maxSchemaAgreementWaitSeconds: AGREEMENT_S_MAX },
  });
  try {
    try {
      await driver.connect();
    } catch (error) {
      throw unusable(address, error);
    }
    if ((await readVersion(driver, keyspace, migrations.length)) < migrations.length) {
      await options.exclusive((stillAlone) => migrate(driver, options, migrations, stillAlone));
    }
    const local = await driver.execute("SELECT data_center FROM system.local WHERE key = 'local'");
    return String(local.first()?.data_center);
  } finally {
    await driver.shutdown();
  }
}

/** 0 where there is none yet. */
async function readVersion(driver: Client, keyspace: string, known: number): Promise<number> {
  const table = await driver.execute(
    "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ? AND table_name = 'schema_version'",
    [keyspace],
  );
  if (table.first() === null) return 0;
  const row = (await driver.execute(`SELECT version FROM ${keyspace}.schema_version WHERE id = 'store'`)).first();
  const version = row === null ? 0 : Number(row.version);
  if (version > known) {
    throw new ServerError(
      'DARKAGES_STORE_SCHEMA_NEWER',
      `The keyspace ${keyspace} in ScyllaDB was written by a newer DarkAges (schema ${version}, this one knows ${known}): start that version, or choose another name with --store-name.`,
    );
  }
  return version;
}

async function migrate(
  driver: Client,
  { keyspace, replicas, onWorking = () => {} }: ScyllaSchemaOptions,
  migrations: readonly Migration[],
  stillAlone: () => Promise<void>,
): Promise<void> {
  const run = async (query: string) => {
    await stillAlone();
    onWorking(DDL_MS_MAX + AGREEMENT_S_MAX * 1000);
    return driver.execute(query, [], { prepare: false, readTimeout: DDL_MS_MAX });
  };
  // Somebody else may have done it while this one waited for its turn.
  const version = await readVersion(driver, keyspace, migrations.length);
  if (version === 0) {
    const known = await driver.execute('SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?', [
      keyspace,
    ]);
    if (known.first() === null)
      await run(await describeKeyspace(driver, keyspace, replicas ?? Math.min(driver.hosts.length, REPLICAS_MAX)));
    await run(`CREATE TABLE IF NOT EXISTS ${keyspace}.schema_version (id text PRIMARY KEY, version int)`);
  }
  for (let from = version; from < migrations.length; from++) {
    for (const step of migrations[from]!) {
      if (typeof step === 'string') await run(qualify(step, keyspace));
      else await addColumns(driver, keyspace, step, run);
    }
    await run(`INSERT INTO ${keyspace}.schema_version (id, version) VALUES ('store', ${from + 1})`);
  }
}

async function addColumns(
  driver: Client,
  keyspace: string,
  { table, add }: AddColumns,
  run: (query: string) => Promise<unknown>,
): Promise<void> {
  const query = 'SELECT column_name FROM system_schema.columns WHERE keyspace_name = ? AND table_name = ?';
  const known = (await driver.execute(query, [keyspace, table])).rows.map((row) => String(row.column_name));
  for (const [name, type] of Object.entries(add)) {
    if (!known.includes(name)) await run(`ALTER TABLE ${keyspace}.${table} ADD ${name} ${type}`);
  }
}

/** ScyllaDB spreads tables by tablets unless told not to, and its conditional writes don't go with them in version 6. */
async function describeKeyspace(driver: Client, keyspace: string, replicas: number): Promise<string> {
  const statement = `CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = {'class': 'NetworkTopologyStrategy', 'replication_factor': ${replicas}}`;
  return (await isScylla(driver)) ? `${statement} AND tablets = {'enabled': false}` : statement;
}

/** It has a table of its own there. */
async function isScylla(driver: Client): Promise<boolean> {
  const tables = await driver.execute(
    "SELECT table_name FROM system_schema.tables WHERE keyspace_name = 'system_schema'",
  );
  return tables.rows.some((row) => row.table_name === 'scylla_tables');
}

/** Statements name their table alone. */
function qualify(statement: string, keyspace: string): string {
  return statement.replace(/^(\s*CREATE TABLE IF NOT EXISTS\s+)/, `$1${keyspace}.`);
}
