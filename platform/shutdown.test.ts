import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { ManualClock } from './clock.ts';
import { shutdownSignal } from './shutdown.ts';

function shutdown() {
  const signals = new EventEmitter();
  const clock = new ManualClock();
  const exits: number[] = [];
  const signal = shutdownSignal({ signals, clock, exit: (code) => void exits.push(code) });
  return { signals, clock, exits, signal };
}

describe('shutdownSignal', () => {
  it.each(['SIGINT', 'SIGTERM'])('is aborted by the first %s, which leaves time to stop', (name) => {
    const { signals, exits, signal } = shutdown();
    expect(signal.aborted).toBe(false);
    signals.emit(name);
    expect(signal.aborted).toBe(true);
    expect(exits).toEqual([]);
  });

  it('takes one Ctrl-C for one, though terminal and npm both send it', () => {
    const { signals, clock, exits } = shutdown();
    signals.emit('SIGINT');
    signals.emit('SIGINT');
    clock.advance(100);
    signals.emit('SIGINT');
    expect(exits).toEqual([]);
  });

  it('ends the process at the second', () => {
    const { signals, clock, exits } = shutdown();
    signals.emit('SIGINT');
    clock.advance(1_000);
    signals.emit('SIGINT');
    expect(exits).toEqual([130]);
  });
});
