/**
 * HTML that is safe by construction: what is put into a template is escaped, unless it came out of one.
 *
 * @module
 */

/** Text that is HTML already. Only {@link markup} and {@link trusted} make it. */
export interface Markup {
  readonly html: string;
}

/** What a template takes. */
export type Part = string | number | Markup | readonly Part[];

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as it stands in an element or in a quoted attribute. */
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');

const isList = (part: Part): part is readonly Part[] => Array.isArray(part);

const written = (part: Part): string => {
  if (typeof part === 'string') return escaped(part);
  if (typeof part === 'number') return String(part);
  return isList(part) ? part.map(written).join('') : part.html;
};

/** A piece of HTML. Strings that are put in are escaped, so that `<script>` is text; lists are joined. */
export const markup = (strings: TemplateStringsArray, ...parts: readonly Part[]): Markup => ({
  html: strings.map((text, i) => text + written(parts[i] ?? '')).join(''),
});

/** Takes text that the report itself wrote (its style, its script, a path) as HTML. Nothing of a scenario goes here. */
export const trusted = (html: string): Markup => ({ html });

/** Nothing. */
export const NOTHING: Markup = { html: '' };
