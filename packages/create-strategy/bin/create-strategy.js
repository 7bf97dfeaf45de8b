#!/usr/bin/env node
// A committed shim: npm links no bin whose file does not exist yet.
import { main } from '../dist/index.js';

process.exitCode = await main(process.argv.slice(2));
