// What a script of bench/load prints at its end: its own figures and those of HTTP, a line each, and which thresholds were
// missed. With -e SUMMARY=file all of it goes there too, as JSON.

const SHOWN = /^(?:darkages_|http_req_duration|http_req_failed|http_reqs|iterations|dropped_iterations|checks)/;

export function summarize(data) {
  const lines = [];
  for (const [name, { values, thresholds = {} }] of Object.entries(data.metrics).sort()) {
    if (!SHOWN.test(name)) continue;
    // k6 hands them over in another order each time.
    const numbers = Object.entries(values)
      .sort()
      .map(([key, value]) => `${key} ${Number(value.toPrecision(4))}`);
    const missed = Object.entries(thresholds).filter(([, { ok }]) => !ok);
    lines.push(`  ${name.padEnd(36)} ${numbers.join('  ')}`);
    for (const [threshold] of missed) lines.push(`    MISSED: ${threshold}`);
  }
  const file = __ENV.SUMMARY;
  return { stdout: `${lines.join('\n')}\n`, ...(file && { [file]: JSON.stringify(data.metrics) }) };
}
