/** One line of the audit: who did what to what, without content. */
export interface AuditLine {
  readonly time: number;
  /** Id of the token; the token itself is nowhere. */
  readonly token: string;
  readonly action: string;
  readonly ids: readonly string[];
  readonly bytes: number;
  readonly status: number;
}
