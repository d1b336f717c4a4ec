/** What the page itself refuses; its `code` has words in every language. */
export class PageError extends Error {
  override get name(): string {
    return "PageError";
  }

  constructor(
    readonly code:
      | "noModel"
      | "changedFile"
      | "missingFile"
      | "keyGone"
      | "keySwapped"
      | "oldKey"
      | "locked"
      | "notConnected"
      | "noPicture"
      | "noService"
      | "badToken",
    message: string,
  ) {
    super(message);
  }
}
