import type { Closeable } from '../scope.ts';

/**
 * Which one of several equal processes acts. A candidate from the moment it is opened until it is closed, when
 * another may take over.
 */
export interface Leadership extends Closeable {
  /**
   * Whether this process leads now. Ask again before each act: leadership can go at any time, and what was
   * begun under it must be harmless when two do it.
   */
  isLeader(): boolean;
  /**
   * Whether another process is known to lead. Where nobody can be asked it is not: who goes on with what was begun
   * is better than nobody.
   */
  isOtherLeading(): boolean;
  /** Called at once with what holds, then at every change. A listener that throws disturbs no other. */
  watch(listener: (isLeader: boolean) => void): Closeable;
}
