/**
 * The page around the report: one file that asks nobody for anything.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { type Markup, markup, trusted } from './markup.ts';
import { SCRIPT } from './script.ts';
import { style, type TextWidths } from './style.ts';

/**
 * The browser loads nothing, and runs no script but the report's own, which it knows by its digest: even text that
 * escaped its escaping could do nothing. Styles are inline because places and sizes are.
 */
const POLICY = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  `script-src 'sha256-${createHash('sha256').update(SCRIPT).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** What is in a page. */
export interface Page {
  readonly title: string;
  readonly widths: TextWidths;
  readonly body: Markup;
}

/** The page as the text of a file. */
export const page = ({ title, widths, body }: Page): string =>
  markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${trusted(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${trusted(style(widths))}</style>
</head>
<body>
<main>
${body}</main>
<div id="tip" role="status" hidden></div>
<script>${trusted(SCRIPT)}</script>
</body>
</html>
`.html;
