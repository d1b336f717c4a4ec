/**
 * Places in a queue so that tenants take turns, and everybody's comes: a job's place is one behind its tenant's last, and behind what
 * has begun. Start-time fair queueing (Goyal, Vin, Cheng 1996) with jobs of one length.
 */
export class Turns {
  private readonly last = new Map<string, number>();
  private readonly places = new Map<string, number>();
  private begun: number;

  /** @param behind the place that whoever comes first comes behind */
  constructor(
    behind: number,
    private readonly most: number,
  ) {
    this.begun = behind;
  }

  /** The same one for a job that has one. */
  placeOf(job: string, tenant: string): number {
    const known = this.places.get(job);
    if (known !== undefined) return known;
    const place = Math.min(this.most, Math.max(this.begun, this.last.get(tenant) ?? 0) + 1);
    this.last.set(tenant, place);
    this.places.set(job, place);
    return place;
  }

  /** The job is no longer waiting. */
  begin(job: string): void {
    this.begun = Math.max(this.begun, this.places.get(job) ?? 0);
  }

  /** The job is gone. With the last one places begin anew. */
  end(job: string): void {
    this.begin(job);
    this.places.delete(job);
    if (this.places.size > 0) return;
    this.last.clear();
    this.begun = 0;
  }
}
