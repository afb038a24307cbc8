/** What a request is answered with, as a value: so it can be kept, compared and sent again. */
export interface Answer {
  readonly status: number;
  /** The media type of the body. */
  readonly type: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The media type of what was asked for. */
export const JSON_TYPE = 'application/json; charset=utf-8';
/** The media type of what went wrong. */
export const PROBLEM_JSON = 'application/problem+json; charset=utf-8';

/** Answers with a document. */
export const answerJson = (json: object, status = 200, headers: Answer['headers'] = {}): Answer => ({
  status,
  type: JSON_TYPE,
  headers,
  body: JSON.stringify(json),
});

/** Answers that it is done, and that there is nothing to say. */
export const DONE: Answer = { status: 204, type: JSON_TYPE, headers: {}, body: '' };
