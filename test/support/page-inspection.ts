/**
 * Opens pages in a real browser and says what is wrong with them: what no reader of the source can see.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { whichExecutable } from './which-executable.ts';

/** Where a Chromium is: what `SIGNALBOX_TEST_CHROMIUM` names, or the first on the PATH; undefined when there is none. */
export const findChromium = (): string | undefined => {
  const named = process.env['SIGNALBOX_TEST_CHROMIUM'];
  if (named !== undefined && named !== '') return named;
  for (const name of ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome']) {
    const found = whichExecutable(name);
    if (found !== undefined) return found;
  }
  return undefined;
};

/** How a page is looked at. */
export interface Sight {
  readonly scheme: 'light' | 'dark';
  readonly width: number;
}

/** Texts need this contrast against what they stand on: WCAG 2.2, success criterion 1.4.3. */
const CONTRAST_MIN = 4.5;

/**
 * Runs in the page, where there is a DOM and here is none: one line for each thing that is wrong. The background of a
 * text is what its ancestors paint, put over each other; where it is painted by a drawing, the palette's test decides.
 */
const INSPECTION = `(() => {
  const problems = [];
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (css) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = css;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
  const background = (element) => {
    const layers = [];
    for (let at = element; at !== null; at = at.parentElement) {
      const layer = rgba(getComputedStyle(at).backgroundColor);
      layers.push(layer);
      if (layer[3] === 1) break;
    }
    return layers.reduceRight((below, layer) => over(layer, below), [255, 255, 255, 1]);
  };
  const luminance = (colour) => {
    const [r, g, b] = colour.slice(0, 3).map((channel) => {
      const c = channel / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [x, y] = [luminance(a), luminance(b)];
    return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
  };
  const name = (element) => element.tagName.toLowerCase() + ' "' + element.textContent.trim().slice(0, 40) + '"';

  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) problems.push('overflow: the page is ' + scrollWidth + ' wide, its window ' + clientWidth);

  for (const svg of document.querySelectorAll('figure svg')) {
    const { width, height } = svg.getBoundingClientRect();
    if (width < 20 || height < 10) problems.push('chart: ' + svg.getAttribute('aria-label') + ' is ' + width + ' by ' + height);
  }
  if (document.querySelector('figure svg') === null) problems.push('chart: there is none');

  const seen = new Set();
  let texts = 0;
  for (const element of document.body.querySelectorAll(':not(script, style, svg, svg *)')) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== '');
    if (!hasText || !element.checkVisibility()) continue;
    texts += 1;
    const behind = background(element);
    const ratio = contrast(over(rgba(getComputedStyle(element).color), behind), behind);
    const problem = 'contrast: ' + ratio.toFixed(2) + ' of ' + name(element);
    if (ratio < ${CONTRAST_MIN} && !seen.has(problem)) {
      seen.add(problem);
      problems.push(problem);
    }
  }
  if (texts === 0) problems.push('text: there is none');
  return problems;
})()`;

/** A page that is open. */
export interface OpenPage {
  readonly page: Page;
  /** What is wrong with it up to now: requests, errors, overflow, charts that cannot be seen, text that cannot be read. */
  readonly problems: () => Promise<readonly string[]>;
}

/** Opens `html` as a file, and closes and removes it after `use`. */
export const withPage = async <A>(
  browser: Browser,
  html: string,
  { scheme, width }: Sight,
  use: (open: OpenPage) => Promise<A>,
): Promise<A> => {
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-page-'));
  const file = join(directory, 'page.html');
  writeFileSync(file, html);
  const url = pathToFileURL(file).href;
  const context = await browser.newContext({ colorScheme: scheme, viewport: { width, height: 900 } });
  try {
    const page = await context.newPage();
    const happened: string[] = [];
    page.on('request', (request) => {
      if (request.url() !== url) happened.push(`request: ${request.url()}`);
    });
    page.on('console', (message) => {
      if (message.type() === 'error') happened.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => happened.push(`error: ${error.message}`));
    page.on('dialog', (dialog) => {
      happened.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    await page.goto(url);
    return await use({
      page,
      problems: async () => [...happened, ...(await page.evaluate<readonly string[]>(INSPECTION))],
    });
  } finally {
    await context.close();
    rmSync(directory, { recursive: true, force: true });
  }
};
