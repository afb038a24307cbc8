/** A request that is refused while it is still being read, when there is nobody yet to answer it but the framework. */
export class RequestFault extends Error {
  /** The HTTP status that tells so. */
  readonly statusCode: number;

  /** Refuses with `statusCode`; the message is the problem's detail. */
  constructor(statusCode: number, message: string) {
    super(message);
    this.statusCode = statusCode;
  }
}
