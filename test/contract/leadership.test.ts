import { beforeEach, describe } from 'vitest';
import { AlwaysLeader } from '../../platform/adapters/always-leader.ts';
import { openConsulLeadership } from '../../platform/adapters/consul-leadership.ts';
import { steadyClock } from '../../platform/clock.ts';
import { randomId } from '../../platform/ids.ts';
import { silentLogger } from '../../platform/logger.ts';
import { putKey, sharedConsulUrl, uniquePrefix } from '../support/consul-agent.ts';
import { leadershipContract, rivalsContract } from './leadership.ts';

leadershipContract('Leading always', async () => new AlwaysLeader(silentLogger));

describe.skipIf(sharedConsulUrl === undefined)('With Consul', () => {
  const url = sharedConsulUrl ?? '';
  let keyPrefix: string;
  beforeEach(async () => {
    keyPrefix = uniquePrefix();
    // Somebody led before: of a role that is new, the first leader waits until nobody can who was chosen elsewhere.
    await putKey(url, `${keyPrefix}/leader/test`, 'one of before');
    return () => putKey(url, keyPrefix, undefined);
  });
  const open = () =>
    openConsulLeadership(
      url,
      { clock: steadyClock, logger: silentLogger, newId: randomId },
      { keyPrefix, role: 'test' },
    );

  leadershipContract('the lock of Consul', open);
  rivalsContract('The lock of Consul', open);
});
