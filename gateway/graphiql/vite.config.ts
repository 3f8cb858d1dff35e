import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Where `npx vite --config gateway/graphiql/vite.config.ts` finds a running platform, for work on this page. */
const platformUrl = 'http://127.0.0.1:4000';

export default defineConfig({
  root: import.meta.dirname,
  base: '/graphiql/',
  plugins: [react()],
  worker: { format: 'es' },
  build: {
    outDir: '../../dist/graphiql',
    emptyOutDir: true,
    // Sources are at hand in the repository, and maps would treble what is written.
    sourcemap: false,
    // Monaco's editor is one chunk of 2.7 MB that nobody can split.
    chunkSizeWarningLimit: 3_000,
    rolldownOptions: {
      onLog(level, log, forward) {
        // GraphiQL's packages carry "use no memo", which speaks to a compiler that has already run.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') forward(level, log);
      },
    },
  },
  server: {
    proxy: { '/graphql': { target: platformUrl, ws: true } },
  },
});
