import type { JobRecord } from "./job-record.js";

interface Entry {
  readonly image: string;
  readonly ended: boolean;
}

/** What is asked of jobs at each submission, in memory: this process alone makes and deletes them; workers end them, and tell. */
export class JobIndex {
  private readonly tenants = new Map<string, Map<string, Entry>>();

  constructor(jobs: Iterable<readonly [name: string, job: JobRecord]>) {
    for (const [name, job] of jobs) this.set(name, job);
  }

  set(name: string, { tenant, image, ended }: JobRecord): void {
    const jobs = this.tenants.get(tenant) ?? new Map<string, Entry>();
    this.tenants.set(tenant, jobs);
    jobs.set(name, { image, ended: ended !== undefined });
  }

  /** Of one that is known: a job that was deleted meanwhile does not come back. */
  end(name: string, tenant: string): void {
    const known = this.tenants.get(tenant)?.get(name);
    if (known) this.tenants.get(tenant)!.set(name, { ...known, ended: true });
  }

  delete(name: string, tenant: string): void {
    const jobs = this.tenants.get(tenant);
    jobs?.delete(name);
    if (jobs?.size === 0) this.tenants.delete(tenant);
  }

  /** Jobs of a tenant, and how many of them have not ended. */
  count(tenant: string): { readonly all: number; readonly open: number } {
    const jobs = [...(this.tenants.get(tenant)?.values() ?? [])];
    return { all: jobs.length, open: jobs.filter(({ ended }) => !ended).length };
  }

  /** Whether a job that has not ended needs an image. */
  needs(tenant: string, sha256: string): boolean {
    return [...(this.tenants.get(tenant)?.values() ?? [])].some(({ image, ended }) => !ended && image === sha256);
  }
}
