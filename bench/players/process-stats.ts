// What Linux tells of a process from outside: CPU time of each thread, how long it waited for its core, packets that its
// UDP sockets lost. Bench processes; elsewhere than on Linux there is nothing, and figures that need it are left out.

import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

export interface ThreadTimes {
  /** CPU time since it started, µs. */
  readonly cpuUs: number;
  /** Ready to run while something else had its core, µs. */
  readonly waitUs: number;
}

/** By thread id: threads may share a name. */
export type Threads = ReadonlyMap<string, ThreadTimes & { readonly name: string }>;

/** All threads of a process; none where /proc doesn't have them. */
export function readThreads(pid: number): Threads {
  const tasks = `/proc/${pid}/task`;
  const threads = new Map<string, ThreadTimes & { name: string }>();
  if (!existsSync(tasks)) return threads;
  for (const task of readdirSync(tasks)) {
    try {
      const name = readFileSync(join(tasks, task, 'comm'), 'utf8').trim();
      const [cpuNs, waitNs] = readFileSync(join(tasks, task, 'schedstat'), 'utf8').split(' ');
      threads.set(task, { name, cpuUs: Number(cpuNs) / 1000, waitUs: Number(waitNs) / 1000 });
    } catch (error) {
      // It ended between the two readings.
      if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
  return threads;
}

/** What threads did between two readings, by name; threads of one name together. One that ended counts for nothing. */
export function threadsBetween(before: Threads, after: Threads): Record<string, ThreadTimes> {
  const sums: Record<string, { cpuUs: number; waitUs: number }> = {};
  for (const [task, { name, cpuUs, waitUs }] of after) {
    const was = before.get(task);
    sums[name] ??= { cpuUs: 0, waitUs: 0 };
    sums[name].cpuUs += cpuUs - (was?.cpuUs ?? 0);
    sums[name].waitUs += waitUs - (was?.waitUs ?? 0);
  }
  return sums;
}

/** Datagrams that the process's UDP sockets had no room for, since they were opened. */
export function readSocketDrops(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  if (!existsSync(folder)) return 0;
  const inodes = new Set<string>();
  for (const file of readdirSync(folder)) {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(join(folder, file)))?.[1];
      if (inode !== undefined) inodes.add(inode);
    } catch (error) {
      // A file that was closed meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  let drops = 0;
  for (const table of ['udp', 'udp6']) {
    const file = `/proc/${pid}/net/${table}`;
    if (existsSync(file)) drops += sumDrops(readFileSync(file, 'utf8'), inodes);
  }
  return drops;
}

/** Of a table as /proc/net/udp: the inode is the tenth column, the drops are the last one. */
export function sumDrops(table: string, inodes: ReadonlySet<string>): number {
  let drops = 0;
  for (const line of table.split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/);
    if (columns.length > 10 && inodes.has(columns[9]!)) drops += Number(columns.at(-1));
  }
  return drops;
}

/** The process and those it started, where the system tells; else it alone. */
export function processTree(pid: number): number[] {
  const file = `/proc/${pid}/task/${pid}/children`;
  if (!existsSync(file)) return [pid];
  const children = readFileSync(file, 'utf8')
    .split(' ')
    .filter((word) => word !== '')
    .map(Number);
  return [pid, ...children.flatMap(processTree)];
}
