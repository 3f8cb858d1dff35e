import { defineConfig } from 'vitest/config';

/** Deadline of one test, in milliseconds: generous, since the machines that run them are small and busy. */
const testTimeout = 60_000;

function project(name: string, include: string[], options: Record<string, unknown> = {}) {
  return {
    // The copy that Node itself takes, for us as for our dependencies: of two copies, each refuses the other's schemas.
    resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
    test: { name, include, testTimeout, hookTimeout: testTimeout, environment: 'node' as const, ...options },
  };
}

export default defineConfig({
  test: {
    projects: [
      project('unit', [
        '{platform,subgraphs,gateway,orchestrator,scrapers,deploy,examples,scripts,test/unit}/**/*.test.ts',
      ]),
      project('contract', ['test/contract/**/*.test.ts']),
      // Each starts the whole platform: side by side they would only wait for each other's processor time.
      project('e2e', ['test/e2e/**/*.test.ts'], { fileParallelism: false }),
      // On MongoDB, Redis and Consul, where their URLs say that they are there.
      project('services', ['test/services/**/*.test.ts'], {
        fileParallelism: false,
        testTimeout: 4 * testTimeout,
        hookTimeout: 4 * testTimeout,
      }),
      // On a real swarm, where DOCKER_HOST names a manager and TRIBUTARY_IMAGE an image that its nodes have.
      project('swarm', ['test/swarm/**/*.test.ts'], {
        fileParallelism: false,
        testTimeout: 5 * testTimeout,
        hookTimeout: 5 * testTimeout,
      }),
      project('browser', ['test/browser/**/*.test.ts'], { fileParallelism: false }),
    ],
  },
});
