import { randomBytes } from "node:crypto";
import type { Redis } from "ioredis";
import type { Records } from "../records.js";
import { PREFIX, within } from "./redis.js";

/**
 * A value is what a writer's nonce and JSON make of it. A command whose answer was lost is sent again by the connection: the second
 * time it finds its own nonce there, and that is success, too.
 */
const CREATE = `
local there = redis.call('HGET', KEYS[1], ARGV[1])
if there then return there == ARGV[2] and 1 or 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('SADD', KEYS[2], ARGV[3])
return 1`;

const REPLACE = `
local there = redis.call('HGET', KEYS[1], ARGV[1])
if there == ARGV[3] then return 1 end
if there ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1`;

const DELETE = `
local count = redis.call('HDEL', KEYS[1], ARGV[1])
if redis.call('HLEN', KEYS[1]) == 0 then redis.call('SREM', KEYS[2], ARGV[2]) end
return count`;

const NONCE = 12;

/** Records in Redis: a hash for each group, which is what an id has before its first underscore. Any number of processes share them. */
export class RedisRecords<T> implements Records<T> {
  private readonly groups: string;

  constructor(
    private readonly redis: Redis,
    private readonly name: string,
  ) {
    this.groups = `${PREFIX}:groups:${name}`;
  }

  async get(id: string): Promise<T | undefined> {
    const text = await within(this.redis.hget(this.keyOf(groupOf(id)), id));
    return text === null ? undefined : parse(text);
  }

  async all(group?: string): Promise<readonly (readonly [string, T])[]> {
    const groups = group === undefined ? await within(this.redis.smembers(this.groups)) : [group];
    const found: (readonly [string, T])[] = [];
    for (const each of groups) {
      const hash = await within(this.redis.hgetall(this.keyOf(each)));
      for (const [id, text] of Object.entries(hash)) found.push([id, parse<T>(text)]);
    }
    return found;
  }

  async create(id: string, value: T): Promise<boolean> {
    const group = groupOf(id);
    const args = [id, written(value), group];
    return (await within(this.redis.eval(CREATE, 2, this.keyOf(group), this.groups, ...args))) === 1;
  }

  async update(id: string, change: (value: T) => T): Promise<T | undefined> {
    const key = this.keyOf(groupOf(id));
    for (;;) {
      const text = await within(this.redis.hget(key, id));
      if (text === null) return undefined;
      const value = parse<T>(text);
      const changed = change(value);
      if (changed === value) return value;
      if ((await within(this.redis.eval(REPLACE, 1, key, id, text, written(changed)))) === 1) return changed;
    }
  }

  async delete(id: string): Promise<boolean> {
    const group = groupOf(id);
    return (await within(this.redis.eval(DELETE, 2, this.keyOf(group), this.groups, id, group))) === 1;
  }

  private keyOf(group: string): string {
    return `${PREFIX}:records:${this.name}:${group}`;
  }
}

function groupOf(id: string): string {
  const at = id.indexOf("_");
  return at < 0 ? "" : id.slice(0, at);
}

function written(value: unknown): string {
  return randomBytes(9).toString("base64url") + JSON.stringify(value);
}

function parse<T>(text: string): T {
  return JSON.parse(text.slice(NONCE));
}
