import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { graphiqlPolicy } from '../graphiql-policy.ts';

/** Vite puts a hash of their content into the names of assets: one that a browser has never changes. */
const ASSETS_CACHE = 'public, max-age=31536000, immutable';

/**
 * Serves the page at `/graphiql`, and leads browsers there from `/`.
 *
 * @param folder What Vite built: `index.html` and `assets/`.
 */
export async function addGraphiql(app: FastifyInstance, folder: string): Promise<void> {
  app.get('/', async (_request, reply) => reply.redirect('/graphiql'));
  await app.register(async (page) => {
    page.addHook('onSend', async ({ url }, reply) => {
      // The workers' scripts are documents of their own to the policy, so it goes with every file.
      reply.header('content-security-policy', graphiqlPolicy);
      const isAsset = url.startsWith('/graphiql/assets/') && reply.statusCode < 400;
      reply.header('cache-control', isAsset ? ASSETS_CACHE : 'no-cache');
    });
    await page.register(fastifyStatic, { root: folder, prefix: '/graphiql/', cacheControl: false });
    page.get('/graphiql', async (_request, reply) => reply.sendFile('index.html'));
  });
}
