// What a player's name looks like. Any thread; pure.

/**
 * Names that pass for each other at a glance have the same: case, `_` `.` `-`, i l 1, o 0, rn m and vv w don't count. Two
 * of a shape are given to one player only. Deliberate: coarse. What it forbids is one spelling of a name; what it lets
 * through is a person who passes for another one. The store keeps it, so a change here is a migration there.
 */
export function nameShape(name: string): string {
  return name
    .toLowerCase()
    .replace(/[_.-]/g, '')
    .replace(/[i1]/g, 'l')
    .replaceAll('0', 'o')
    .replaceAll('rn', 'm')
    .replaceAll('vv', 'w');
}
