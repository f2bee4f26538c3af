// One person in front of the panel. Whatever a page complains of is written down, and is an error unless it was expected.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import axe from 'axe-core';

/** What accessible pages keep to. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

export class Visitor {
  #complaints = [];
  #expected = [];

  /** A visitor with a page in this context of the browser. */
  static async in(context, url, site) {
    const visitor = Object.assign(new Visitor(), { context, url, site });
    // The page tells the console what its policy has forbidden, as an error.
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => {
        console.error(`the policy forbids ${effectiveDirective}: ${blockedURI}`);
      });
    });
    const assets = process.env.TIDEGATE_PANEL_ASSETS;
    if (assets) await context.route('**/panel/assets/*/*', (route) => route.fulfill({ path: join(assets, route.request().url().split('/').pop()) }));
    visitor.page = await context.newPage();
    visitor.#listen(visitor.page);
    return visitor;
  }

  #listen(page) {
    const complain = (text) => this.#complaints.push(`${new URL(page.url()).pathname}: ${text}`);
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complain(`console: ${message.text()} ${message.location().url}`));
    page.on('pageerror', (error) => complain(`error: ${error.message}`));
    page.on('requestfailed', (request) => {
      // One that was given up, by the page itself or since another page came, has not failed.
      const { errorText } = request.failure();
      if (errorText !== 'net::ERR_ABORTED') complain(`request: ${request.method()} ${request.url()} ${errorText}`);
    });
    page.on('worker', (worker) => worker.on('console', (message) => complain(`worker: ${message.text()}`)));
  }

  /** From now on, complaints that match are no errors. */
  expect(pattern) {
    this.#expected.push(pattern);
  }

  /** Fails if a page has complained of anything since the last time. */
  checkComplaints() {
    const unexpected = this.#complaints.splice(0).filter((one) => !this.#expected.some((pattern) => pattern.test(one)));
    assert.deepEqual(unexpected, [], 'a page complains');
  }

  /** Goes to a page of the panel, which must be there and complain of nothing. */
  async visit(path, status = 200) {
    if (status >= 400) this.expect(new RegExp(`Failed to load resource.*${status}`));
    const answer = await this.page.goto(new URL(path, this.url).href);
    assert.equal(answer.status(), status, `${path} answers ${answer.status()}`);
    await this.page.waitForLoadState();
    this.checkComplaints();
  }

  async signIn({ email, password }) {
    const { page } = this;
    await page.goto(`${this.url}/panel/login`);
    await page.getByLabel('E-mail address').fill(email);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    Object.assign(this, { email });
    this.checkComplaints();
  }

  /** Which pages of the panel the page leads to, in its order. What is saved as a file is none. */
  links() {
    return this.page.locator('a[href^="/panel"]:not([download], [href*="download="])').evaluateAll((links) => links.map((link) => link.getAttribute('href').split('#')[0]));
  }

  /** Fails, in words, where the page is hard to use for somebody. */
  async checkAccess() {
    await this.page.evaluate(axe.source);
    const { violations } = await this.page.evaluate(
      (rules) => axe.run(document, { runOnly: rules, resultTypes: ['violations'], preload: false }),
      RULES,
    );
    const words = violations.flatMap(({ id, help, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${help}: ${target.join(' ')}: ${failureSummary}`));
    assert.deepEqual(words, [], `${this.page.url()} is hard to use`);
  }

  /** Fails if the page has to be scrolled sideways. */
  async checkWidth() {
    const { wide, room } = await this.page.evaluate(() => ({ wide: document.documentElement.scrollWidth, room: innerWidth }));
    assert.ok(wide <= room, `${this.page.url()} is ${wide} pixels wide, with room for ${room}`);
  }

  /** A picture of the whole page, as NAME.png. */
  async picture(name) {
    await this.page.screenshot({ path: join(this.site.pictures, `${name}.png`), fullPage: true });
  }

  /** The rows of a table or list as texts. */
  texts(selector) {
    return this.page.locator(selector).allInnerTexts();
  }

  async leave() {
    this.checkComplaints();
    await this.context.close();
  }
}
