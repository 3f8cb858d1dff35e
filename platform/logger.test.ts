import { afterEach, describe, expect, it } from 'vitest';
import { createLogger, setLogLevel } from './logger.ts';

describe('The level of a logger', () => {
  const logger = createLogger('test', 'silent');
  afterEach(() => setLogLevel(logger, 'silent'));

  it('holds for its children, and theirs, made before and after', () => {
    const child = logger.child({ part: 'one' });
    const grandchild = child.child({ part: 'two' });
    setLogLevel(child, 'error');
    const later = grandchild.child({ part: 'three' });
    expect([logger, child, grandchild, later].map(({ level }) => level)).toEqual(Array(4).fill('error'));
    expect(grandchild.isLevelEnabled('error')).toBe(true);
  });

  it('is no other logger’s', () => {
    const other = createLogger('other', 'fatal');
    setLogLevel(logger, 'error');
    expect(other.level).toBe('fatal');
  });

  it('holds for all of many children', () => {
    const children = Array.from({ length: 2_500 }, () => logger.child({}));
    setLogLevel(logger, 'error');
    expect(children.every(({ level }) => level === 'error')).toBe(true);
  });
});
