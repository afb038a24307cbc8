/** What V8 has since Node 21, and TypeScript's library does not know yet: a value that is written as the text given. */
interface WithRawJson {
  readonly rawJSON: (text: string) => object;
}

const hasRawJson = (json: typeof JSON): json is typeof JSON & WithRawJson => 'rawJSON' in json;

/**
 * Parses JSON so that `JSON.stringify` writes every number as it was written: `1.0` stays `1.0`, and a serial number of
 * twenty digits keeps them all. For documents that belong to someone else and are only passed through. A number that a
 * float holds exactly is a number in the result; any other is an opaque object.
 *
 * @throws SyntaxError when `text` is no JSON.
 */
export const parseExactJson = (text: string): unknown =>
  JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === 'number' && context?.source !== undefined && hasRawJson(JSON) && String(value) !== context.source
      ? JSON.rawJSON(context.source)
      : value,
  );
