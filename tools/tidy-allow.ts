// Exceptions from tidy's rules, each with its reason. Runs in the tidy process only. An entry that is no longer
// needed fails tidy, so that this file only ever holds what is true.

/** Files of `src` without a test of their own: path → where they are tested instead, or why they cannot be. */
export const WITHOUT_TEST: Readonly<Record<string, string>> = {
  // What is drawn and heard needs a browser: test/e2e/page.test.ts plays with the page in one.
  'src/web/darkages.ts': 'test/e2e/page-combat.test.ts',
  'src/web/darkages-draw.ts': 'test/e2e/page-combat.test.ts',
  'src/web/darkages-hud.ts': 'test/e2e/page-combat.test.ts',
  'src/web/darkages-marks.ts': 'test/e2e/page-combat.test.ts',
  'src/web/darkages-social.ts': 'test/e2e/page-combat.test.ts',
  'src/web/darkages-sprites.ts': 'test/e2e/page-combat.test.ts',
  'src/web/darkages-stamps.ts': 'test/e2e/page-crowd.test.ts',
  'src/web/dom.ts': 'test/e2e/page-combat.test.ts',
  'src/web/settings.ts': 'test/e2e/page-combat.test.ts',
  'src/web/sound.ts': 'test/e2e/page-sound.test.ts',
  'src/web/browser-ports.ts': 'test/e2e/page.test.ts',
  'src/web/ground.ts': 'test/e2e/page.test.ts',
  'src/web/net-graph.ts': 'test/e2e/page.test.ts',
  'src/web/palette.ts': 'test/e2e/page.test.ts',
  'src/web/play.ts': 'test/e2e/page.test.ts',
  'src/web/radar.ts': 'test/e2e/page.test.ts',
  'src/web/scene.ts': 'test/e2e/page.test.ts',
  'src/io/character-writer.ts': 'two nodes on one store: test/io/store-keeper.test.ts',
  'src/io/data-folder.ts': 'test/io/embedded-store.test.ts',
  'src/io/embedded-directory.ts': 'the contract: test/contract/store.test.ts',
  'src/io/config-rows.ts': 'test/io/config.test.ts',
  'src/io/open-store.ts': 'both kinds: test/workers/store.test.ts, test/e2e/restart-redis-scylla.test.ts',
  'src/io/redis-characters.ts': 'on a real Redis: test/contract/store.test.ts',
  'src/io/redis-client.ts': 'on a real Redis: test/contract/store.test.ts',
  'src/io/redis-directory.ts': 'on a real Redis: test/contract/store.test.ts',
  'src/io/redis-scylla-store.ts': 'on a real Redis and Cassandra: test/contract/store.test.ts',
  'src/io/scylla-accounts.ts': 'on a real Cassandra: test/contract/store.test.ts',
  'src/io/scylla-characters.ts': 'on a real Cassandra: test/contract/store.test.ts',
  'src/io/scylla-client.ts': 'on a real Cassandra: test/contract/store.test.ts',
  'src/io/scylla-schema.ts': 'on a real Cassandra: test/contract/store.test.ts',
  'src/io/scylla-ledger.ts': 'on a real Cassandra: test/contract/store.test.ts',
  'src/io/audit-sources.ts': 'both, after each test of the ledger: test/contract/store.test.ts',
  'src/io/store-errors.ts': 'test/io/embedded-store.test.ts',
  'src/store/commit.ts': 'plain values: test/store/tick-record.test.ts',
  'src/store/zone-journal.ts': 'places of words: test/zone/journal.test.ts',
  'src/zone/players.ts': 'test/zone/zone.test.ts',
  'src/zone/resume.ts': 'test/zone/zone.test.ts, test/zone/recovery.test.ts',
  'src/store/ledger.ts': 'the contract: test/contract/store.test.ts',
  'src/store/directory.ts': 'the contract: test/contract/store.test.ts',
  'src/io/edge-door.ts': 'workers end to end: test/e2e/hostile.test.ts, test/e2e/zones.test.ts, test/e2e/udp.test.ts',
  'src/io/websocket-port.ts': 'the contract: test/contract/websocket.test.ts',
  'src/io/websocket-uws.ts': 'needs another Node: test/contract/websocket.test.ts',
  'src/guard/edge-rules.ts': 'rows of the table that test/guard/rules.test.ts holds to tests and counters',
  'src/guard/game-rules.ts': 'rows of the table that test/guard/rules.test.ts holds to tests and counters',
};

/** Exports that no import statement names: `path#name` → who uses it. */
export const WITHOUT_IMPORT: Readonly<Record<string, string>> = {};
