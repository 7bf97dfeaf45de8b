import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The page is static files that a host serves beside its API: one script, one stylesheet, nothing inline, nothing foreign. */
export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0, // a data: URI would need a hole in the content security policy
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
