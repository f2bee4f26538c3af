// The panel of a server of its own, and real Chromium in front of it.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { Workshop } from '../../../bench/lib/workshop.mjs';
import { tidegateBinary } from '../../lib/binary.mjs';
import { Provider } from '../../lib/provider.mjs';
import { Line } from './line.mjs';
import { Visitor } from './visitor.mjs';

/** Where pictures of pages are put, to be looked at. */
const PICTURES = join(import.meta.dirname, '..', 'target');

/** A phone's and a desktop's. */
export const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 900 } };

export class Site {
  /** Starts a server, whose further variables are `settings`, and a browser. */
  static async start(settings = {}) {
    const workshop = new Workshop(undefined, 'tidegate-panel-');
    return Site.of(await Provider.start(workshop, tidegateBinary(), settings));
  }

  /** Starts a browser in front of a server that runs. */
  static async of(server) {
    mkdirSync(PICTURES, { recursive: true });
    const browser = await chromium.launch({
      executablePath: process.env.CHROMIUM_BIN ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
    });
    return Object.assign(new Site(), { workshop: server.workshop, server, browser, url: server.url, pictures: PICTURES, lines: [] });
  }

  /** Somebody with a browser of their own, who is nobody yet. `url` is another way to the server. */
  async visitor({ size = 'desktop', scheme = 'light', script = true, url = this.url } = {}) {
    const context = await this.browser.newContext({
      viewport: SIZES[size],
      colorScheme: scheme,
      javaScriptEnabled: script,
      hasTouch: size === 'phone',
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    return Visitor.in(context, url, this);
  }

  /** Somebody who has signed in to an account, which is made for them. */
  async member(email, options) {
    return this.enter(await this.account(email), options);
  }

  /** Whoever has this account, signed in. */
  async enter(account, options) {
    const visitor = await this.visitor(options);
    await visitor.signIn(account);
    return visitor;
  }

  /** A new account: its address, its password, and the keys as the variables that commands read. */
  async account(email) {
    const { apiKey, rsaPrivateKey, password } = await this.server.command(['account', 'create', '--generate-password', '--email', email]);
    return { email, password, apiKey, rsaPrivateKey };
  }

  /** The account of an administrator. */
  async admin(email) {
    const account = await this.account(email);
    await this.server.command(['account', 'admin', '--email', email]);
    return account;
  }

  /** A line to the server that a test may break. */
  async line() {
    const line = await Line.to(this.url);
    this.lines.push(line);
    return line;
  }

  async stop() {
    await this.browser.close();
    for (const line of this.lines) line.stop();
    await this.workshop.clear();
  }
}
