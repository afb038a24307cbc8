/** The report as a person meets it: in a real browser, in light and in dark, on a desk and on a telephone. */
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderReport } from '../../../src/apps/simulator/report.ts';
import { exampleSimulation } from '../../support/example-simulation.ts';
import { hostileSimulation } from '../../support/hostile-simulation.ts';
import { findChromium, type OpenPage, type Sight, withPage } from '../../support/page-inspection.ts';

const executablePath = findChromium();
const why = executablePath === undefined ? ' (skipped: no chromium-headless-shell on this machine)' : '';

const SIGHTS: readonly Sight[] = (['light', 'dark'] as const).flatMap((scheme) =>
  [1280, 400].map((width) => ({ scheme, width })),
);

const RESULT = exampleSimulation();
const REPORT = renderReport(RESULT);
const DESK: Sight = { scheme: 'light', width: 1280 };

describe.skipIf(executablePath === undefined)(`the report in a browser${why}`, () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser.close();
  });

  const open = <A>(html: string, sight: Sight, use: (opened: OpenPage) => Promise<A>): Promise<A> =>
    withPage(browser, html, sight, use);
  const problemsOf = (html: string, sight: Sight): Promise<readonly string[]> =>
    open(html, sight, ({ problems }) => problems());

  it.each(SIGHTS)('asks for nothing, fits and can be read: $scheme, $width pixels wide', async (sight) => {
    expect(await problemsOf(REPORT, sight)).toEqual([]);
  });

  it.each(SIGHTS)('can be read with every table unfolded: $scheme, $width pixels wide', async (sight) => {
    expect(await problemsOf(REPORT.replaceAll('<details>', '<details open>'), sight)).toEqual([]);
  });

  it('is light in light and dark in dark', async () => {
    const [light, dark] = await Promise.all(
      (['light', 'dark'] as const).map((scheme) =>
        open(REPORT, { scheme, width: 1280 }, ({ page }) =>
          page.evaluate<number>(
            'getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).reduce((sum, channel) => sum + Number(channel), 0)',
          ),
        ),
      ),
    );
    expect(light).toBeGreaterThan(3 * 200);
    expect(dark).toBeLessThan(3 * 50);
  });

  it('has all charts of the time line between the same left and right edge', async () => {
    const edges = await open(REPORT, DESK, ({ page }) =>
      page.evaluate<readonly string[]>(
        "[...document.querySelectorAll('#timeline .plot, #timeline .ticks')].map((plot) => { const { left, right } = plot.getBoundingClientRect(); return left + ' ' + right; })",
      ),
    );
    expect(edges.length).toBeGreaterThan(20);
    expect(new Set(edges).size).toBe(1);
  });

  describe('the crosshair', () => {
    const hover = async ({ page }: OpenPage, chart: string, row: number, share: number): Promise<string> => {
      const plot = page.locator(`#${chart} .plot`).nth(row);
      await plot.scrollIntoViewIfNeeded();
      // Scrolling hides the tooltip, and is told of with the next frame.
      await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
      const box = await plot.boundingBox();
      if (box === null) throw new Error(`${chart}: expected row ${row} to be visible`);
      await page.mouse.move(box.x + box.width * share, box.y + box.height / 2);
      return page.locator('#tip').innerText();
    };
    // From 01:40 to 01:50 of the fourth day.
    const STEP = 442;
    const SHARE = (STEP + 0.5) / (7 * 144);

    it('tells the instant and the runs of every Chef server', async () => {
      const text = await open(REPORT, DESK, (opened) => hover(opened, 'load', 0, SHARE));
      expect(text).toContain('2026-08-06 01:40 – 01:50 UTC');
      for (const { stack, runs, floor } of RESULT.timeline.load) {
        expect(text).toContain(stack);
        expect(text).toContain(`runs ${runs[STEP] ?? NaN}, floor ${floor[STEP] ?? NaN}`);
      }
    });

    it('tells how many nodes of every environment have converged', async () => {
      const text = await open(REPORT, DESK, (opened) => hover(opened, 'convergence', 2, SHARE));
      for (const { environment, converged } of RESULT.timeline.convergence) {
        expect(text).toContain(environment);
        expect(text.replaceAll('\u202f', '')).toContain(`${converged[STEP] ?? NaN} of 1200`);
      }
    });

    it('tells the version that an environment is pinned to, and the faults of the moment', async () => {
      const share = 0.335;
      const [pin] = RESULT.timeline.pins
        .filter(
          ({ environment, stack, at }) =>
            environment === 'dev' &&
            stack === 'basalt' &&
            at < RESULT.timeline.startsAt + (Math.floor(share * 1008) + 1) * RESULT.timeline.stepMs,
        )
        .toSorted((a, b) => b.at - a.at);
      const text = await open(REPORT, DESK, (opened) => hover(opened, 'versions', 2, share));
      expect(text).toContain('dev basalt');
      expect(text).toContain(pin?.version);
      expect(text).toContain('fault: chef-server-down on ironstone');
    });

    it('goes through all charts at once, and away with the pointer', async () => {
      await open(REPORT, DESK, async (opened) => {
        const { page } = opened;
        const crosshairs =
          "[...document.querySelectorAll('.rows')].filter((rows) => getComputedStyle(rows, '::after').content !== 'none').length";
        await hover(opened, 'load', 0, 0.5);
        expect(await page.evaluate<number>(crosshairs)).toBe(5);
        await page.mouse.move(1, 1);
        expect(await page.locator('#tip').isVisible()).toBe(false);
        expect(await page.evaluate<number>(crosshairs)).toBe(0);
      });
    });

    it('is moved by the keyboard, and is then spoken', async () => {
      await open(REPORT, DESK, async ({ page }) => {
        const tip = page.locator('#tip');
        await page.locator('#strikes .rows').focus();
        await page.keyboard.press('Home');
        expect(await tip.innerText()).toContain('2026-08-03 00:00 – 00:10 UTC');
        await page.keyboard.press('ArrowRight');
        expect(await tip.innerText()).toContain('2026-08-03 00:10 – 00:20 UTC');
        await page.keyboard.press('End');
        expect(await tip.innerText()).toContain('2026-08-09 23:50 – 2026-08-10 00:00 UTC');
        expect(await tip.getAttribute('aria-live')).toBe('polite');
        await page.keyboard.press('Escape');
        expect(await tip.isVisible()).toBe(false);
      });
    });

    it('stays on a narrow screen', async () => {
      await open(REPORT, { scheme: 'dark', width: 400 }, async (opened) => {
        await hover(opened, 'load', 0, 0.95);
        const box = await opened.page.locator('#tip').boundingBox();
        expect(box?.x).toBeGreaterThanOrEqual(0);
        expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(400);
        expect(await opened.problems()).toEqual([]);
      });
    });
  });

  it('is light on paper, and nothing of it is lost there', async () => {
    await open(REPORT, { scheme: 'light', width: 800 }, async ({ page, problems }) => {
      await page.emulateMedia({ media: 'print', colorScheme: 'light' });
      expect(await problems()).toEqual([]);
    });
  });

  it('shows hostile texts as texts', async () => {
    await open(renderReport(hostileSimulation()), DESK, async ({ page, problems }) => {
      expect(await problems()).toEqual([]);
      expect(await page.evaluate<number>('document.scripts.length')).toBe(2);
      expect(await page.evaluate<number>("document.querySelectorAll('img, iframe, a, link').length")).toBe(0);
      expect(await page.locator('h1').innerText()).toContain('<script>');
    });
  });

  describe('the inspection finds', () => {
    const withStyle = (css: string): string => REPORT.replace('</style>', `${css}</style>`);
    const IMAGE = '<img alt="" src="http://127.0.0.1:9/pixel.png">';
    const POLICY = /<meta http-equiv="Content-Security-Policy"[^>]*>/;

    it.each([
      ['text in the colour of its background', withStyle('td{color:var(--surface)}'), /^contrast: 1\.00 of td/],
      ['text that is too pale', withStyle('figcaption p{color:#999}'), /^contrast: \d\.\d\d of p/],
      ['a chart without a height', withStyle('#load .plot svg{height:0}'), /^chart: basalt/],
      ['something wider than the window', withStyle('h1{min-width:3000px}'), /^overflow/],
      [
        'an image from elsewhere, which the policy refuses',
        REPORT.replace('<header>', `<header>${IMAGE}`),
        /^console: .*Content Security Policy/,
      ],
      [
        'an image from elsewhere, without a policy',
        REPORT.replace(POLICY, '').replace('<header>', `<header>${IMAGE}`),
        /^request: http/,
      ],
      [
        'a script that fails',
        REPORT.replace(POLICY, '').replace('<header>', '<header><script>missing()</script>'),
        /^error: missing/,
      ],
      [
        'a script that is not the report’s own, which the policy refuses',
        REPORT.replace('<header>', '<header><script>alert(1)</script>'),
        /^console: .*Content Security Policy/,
      ],
    ])('%s', async (_, html, expected) => {
      expect(html).not.toBe(REPORT);
      expect(await problemsOf(html, DESK)).toContainEqual(expect.stringMatching(expected));
    });
  });
});
