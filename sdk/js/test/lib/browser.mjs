// Real Chromium, with pages that have the bundle and nothing else.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { memoryOf } from '../../../../bench/lib/server.mjs';
import { listen } from './listen.mjs';

const BUNDLE = join(import.meta.dirname, '..', '..', 'dist', 'tidegate.min.js');
/** A name that is this machine, and no secure context: what a server without TLS in the next room is to a browser. */
const INSECURE_HOST = 'pins.test';

/** As strict as a careful site is. */
const POLICY = "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src * data:";

/** A worker that answers one message: a list of a function's source and its argument. */
const WORKER = `
import * as sdk from '/tidegate.min.js';
onmessage = async ({ data: { options, text } }) => {
  const { PinHash } = await sdk.create(options).pinFile(text, () => undefined);
  postMessage(PinHash);
};`;

const FILES = {
  '/': ['text/html', '<!doctype html><title>A page</title>'],
  '/tidegate.min.js': ['text/javascript', readFileSync(BUNDLE)],
  '/worker.js': ['text/javascript', WORKER],
};

/** Starts Chromium and a site for its pages; `more` are further files of it, each a type and a text, without the strict policy. */
export async function startBrowser(more = {}) {
  const site = await listen((request, response) => {
    const file = FILES[request.url];
    const plain = more[request.url];
    if (plain) response.writeHead(200, { 'Content-Type': plain[0] }).end(plain[1]);
    else if (file) response.writeHead(200, { 'Content-Type': file[0], 'Content-Security-Policy': POLICY }).end(file[1]);
    else response.writeHead(404).end();
  });
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_BIN ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      '--js-flags=--expose-gc',
      `--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1`,
    ],
  });
  return new Browser(browser, site);
}

class Browser {
  constructor(browser, site) {
    Object.assign(this, { browser, site });
    this.insecure = site.url.replace('127.0.0.1', INSECURE_HOST);
  }

  /** A new page, with the package as `sdk`. `errors` collects what it complains of. */
  async page(url = this.site.url, context = undefined) {
    const page = await (context ?? this.browser).newPage();
    page.errors = [];
    page.on('pageerror', (error) => page.errors.push(String(error)));
    await page.goto(url);
    await page.evaluate(async () => {
      globalThis.sdk = await import('/tidegate.min.js');
    });
    return page;
  }

  /** What a page's process holds in memory now, in MiB, whatever holds it. */
  async memory(page) {
    await page.evaluate(() => globalThis.gc());
    const session = await this.browser.newBrowserCDPSession();
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    await session.detach();
    return processInfo.filter(({ type }) => type === 'renderer').reduce((sum, { id }) => sum + memoryOf(id, 'VmRSS'), 0);
  }

  async stop() {
    await this.browser.close();
    await this.site.stop();
  }
}
