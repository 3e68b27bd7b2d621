#!/usr/bin/env node
// A file of its own, so that the command is there before the first build.
import { existsSync } from 'node:fs';

const program = new URL('../dist/cli.js', import.meta.url);
if (existsSync(program)) {
  await import(program.href);
} else {
  console.error('mevrik is not built yet: run npm run build (npm start does it, too).');
  process.exitCode = 1;
}
