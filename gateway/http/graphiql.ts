import { basename } from 'node:path';
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
  await app.register(fastifyStatic, {
    root: folder,
    prefix: '/graphiql/',
    cacheControl: false,
    setHeaders(response, path) {
      // Also the workers' own scripts are documents to the policy.
      response.setHeader('content-security-policy', graphiqlPolicy);
      response.setHeader('cache-control', basename(path) === 'index.html' ? 'no-cache' : ASSETS_CACHE);
    },
  });
  app.get('/graphiql', async (_request, reply) => reply.sendFile('index.html'));
  app.get('/', async (_request, reply) => reply.redirect('/graphiql'));
}
