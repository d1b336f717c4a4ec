declare module "@20minutes/s3rver" {
  /** What we use of it. */
  export default class S3rver {
    constructor(options: {
      port: number;
      address: string;
      silent: boolean;
      directory: string;
      vhostBuckets: boolean;
      configureBuckets: readonly { name: string; configs: readonly string[] }[];
    });
    readonly store: {
      deleteObject(bucket: string, key: string): Promise<void>;
      getResourcePath(bucket: string, key: string, kind: string): string;
    };
    run(): Promise<unknown>;
    close(): Promise<void>;
  }
}
