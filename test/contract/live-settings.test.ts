import { beforeEach, describe } from 'vitest';
import { openConsulLiveSettings } from '../../platform/adapters/consul-live-settings.ts';
import { FixedLiveSettings } from '../../platform/adapters/fixed-live-settings.ts';
import { systemClock } from '../../platform/clock.ts';
import { silentLogger } from '../../platform/logger.ts';
import { putKey, sharedConsulUrl, uniquePrefix } from '../support/consul-agent.ts';
import { liveSettingsContract, settableContract } from './live-settings.ts';

liveSettingsContract('Those that are fixed', async (values) => new FixedLiveSettings(values, silentLogger));

describe.skipIf(sharedConsulUrl === undefined)('With Consul', () => {
  const url = sharedConsulUrl ?? '';
  let keyPrefix: string;
  beforeEach(() => {
    keyPrefix = uniquePrefix();
    return () => putKey(url, keyPrefix, undefined);
  });
  const open = () => openConsulLiveSettings(url, { clock: systemClock, logger: silentLogger }, { keyPrefix });
  const set = (name: string, value: string | undefined) =>
    putKey(url, `${keyPrefix}/settings/${name}`, value);

  liveSettingsContract('those that Consul keeps', async (values) => {
    for (const [name, value] of Object.entries(values)) await set(name, value);
    return open();
  });
  settableContract('Those that Consul keeps', { open, set });
});
