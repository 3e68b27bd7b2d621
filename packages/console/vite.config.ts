import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  base: '/console/',
  plugins: [react()],
  resolve: { conditions: ['@mevrik/source', 'module', 'browser', 'import', 'default'] },
  build: {
    target: 'es2022',
    // They know `light-dark()`: it needs no rewriting.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    outDir: 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
  },
  // For work on the screens: `npx vite packages/console` beside a running server.
  server: {
    proxy: {
      '/v1': 'http://127.0.0.1:3000',
      '/broadcasting': 'http://127.0.0.1:3000',
      '/app': { target: 'ws://127.0.0.1:3000', ws: true },
    },
  },
});
