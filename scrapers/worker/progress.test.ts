import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../platform/clock.ts';
import { ProgressReporter } from './progress.ts';

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('ProgressReporter', () => {
  it('reports now and then, one at a time, and goes on after a failure', async () => {
    const clock = new ManualClock();
    const sent: { resolve: () => void; reject: (error: Error) => void }[] = [];
    const progress = new ProgressReporter(
      clock,
      () => new Promise<void>((resolve, reject) => sent.push({ resolve, reject })),
    );
    progress.tick();
    expect(sent).toHaveLength(0);
    clock.advance(2_000);
    progress.tick();
    progress.tick();
    clock.advance(10_000);
    progress.tick();
    expect(sent).toHaveLength(1);
    sent[0]?.reject(new Error('down'));
    await settle();
    progress.tick();
    expect(sent).toHaveLength(2);
  });

  it('lets nothing be on its way once it is stopped', async () => {
    const clock = new ManualClock();
    let arrive = () => {};
    const progress = new ProgressReporter(
      clock,
      () =>
        new Promise<void>((resolve) => {
          arrive = resolve;
        }),
    );
    clock.advance(2_000);
    progress.tick();
    let isStopped = false;
    const stopping = progress.stop().then(() => {
      isStopped = true;
    });
    await settle();
    expect(isStopped).toBe(false);
    arrive();
    await stopping;
  });
});
