#!/usr/bin/env node
/**
 * Starts Towpath. Plain old JavaScript, so that even a Node that is too old can read it: that one is told so in
 * one line, and steps aside for the Node 24 that npm installed beside Towpath, if there is one.
 */
'use strict';
const { spawn } = require('node:child_process');
const { existsSync } = require('node:fs');
const { enableCompileCache } = require('node:module');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

const needed = 24;
const packages = [`node-${process.platform}-${process.arch}`, `node-bin-${process.platform}-${process.arch}`];

if (Number(process.versions.node.split('.')[0]) >= needed) start();
else stepAside();

function start() {
  const source = join(__dirname, 'main.ts');
  const inCheckout = existsSync(source);
  // Types are stripped once, not at each start.
  if (inCheckout) enableCompileCache(join(__dirname, '..', '..', 'node_modules', '.cache', 'towpath'));
  const entry = inCheckout ? source : join(__dirname, 'main.js');
  import(pathToFileURL(entry).href).catch((error) => {
    console.error(`Cannot start Towpath: ${error.message}`);
    process.exitCode = 1;
  });
}

function stepAside() {
  const better = packages.map(binaryOf).find(Boolean);
  const tooOld = `Towpath needs Node ${needed} or newer, and this is ${process.versions.node}`;
  if (!better) {
    console.error(`${tooOld}; install a newer one, or run "npm install" where Towpath is installed, which brings it`);
    process.exitCode = 1;
    return;
  }
  console.error(`${tooOld}; going on with the one that is installed beside it`);
  const child = spawn(better, [__filename].concat(process.argv.slice(2)), { stdio: 'inherit' });
  // The terminal sends Ctrl-C to both; whoever stops only this process must stop the other as well.
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  process.on('SIGINT', () => undefined);
  child.on('error', (error) => {
    console.error(`Cannot start ${better}: ${error.message}`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = code === null ? (signal === 'SIGINT' ? 130 : 143) : code;
  });
}

function binaryOf(name) {
  try {
    const folder = join(require.resolve(`${name}/package.json`), '..');
    return [join(folder, 'bin', 'node'), join(folder, 'bin', 'node.exe')].find(existsSync);
  } catch {
    return undefined;
  }
}
