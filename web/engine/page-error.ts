/** What the page itself refuses. */
export type PageCode =
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
  | "badToken"
  | "answerRefused"
  | "stopped"
  | "engineDied"
  | "tooLarge"
  | "noPicturePlan"
  | "oneFile"
  | "badPlan";

/** An error of the page's own; its `code` has words in every language. */
export class PageError extends Error {
  override get name(): string {
    return "PageError";
  }

  constructor(
    readonly code: PageCode,
    message: string,
  ) {
    super(message);
  }
}
