import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const { SWARM_FAULTS } = process.env;
const run = promisify(execFile);

/** Whether there is a program that breaks nodes; without it the stories of nodes show as skipped. */
export const hasNodeFaults = Boolean(SWARM_FAULTS);

export type NodeFault = 'kill' | 'kill-engine' | 'cut' | 'heal' | 'pause' | 'resume' | 'stop' | 'start';

/** Breaks a node or mends it. @param hostname `node2`: the program is told the number. */
export async function nodeFault(fault: NodeFault, hostname: string): Promise<void> {
  const [number] = /\d+$/.exec(hostname) ?? [];
  if (number === undefined) throw new Error(`Node ${hostname} has no number.`);
  await run(String(SWARM_FAULTS), [fault, number]);
}
