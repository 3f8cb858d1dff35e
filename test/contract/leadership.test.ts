import { AlwaysLeader } from '../../platform/adapters/always-leader.ts';
import { silentLogger } from '../../platform/logger.ts';
import { leadershipContract } from './leadership.ts';

leadershipContract('Leading always', async () => new AlwaysLeader(silentLogger));
