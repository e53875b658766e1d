// Fields reads the `key value` lines of a text in the order in which a table of SPEC has them.
import { Breach, must, Newer } from "./breach";

export class Fields {
  private at = 0;

  // known: every key of the tables; another one is of a newer format. Without it no key is newer.
  constructor(private readonly lines: string[], private readonly known: string[] = []) {}

  // next says whether the next line has the key.
  next(key: string): boolean {
    return this.lines[this.at]?.startsWith(`${key} `) ?? false;
  }

  // maybe reads the next line if it has the key.
  maybe<T>(key: string, read: (value: string) => T): T | undefined {
    if (!this.next(key)) return undefined;
    const value = (this.lines[this.at++] as string).slice(key.length + 1);
    try {
      return read(value);
    } catch (e) {
      if (e instanceof Breach && !(e instanceof Newer)) throw new Breach(`${key}: ${e.message}`);
      throw e;
    }
  }

  take<T>(key: string, read: (value: string) => T): T {
    if (!this.next(key)) this.misplaced(`line ${key} is missing`);
    return this.maybe(key, read) as T;
  }

  // all reads every line in a row that has the key.
  all<T>(key: string, read: (value: string) => T): T[] {
    const out: T[] = [];
    while (this.next(key)) out.push(this.take(key, read));
    return out;
  }

  end(): void {
    if (this.at < this.lines.length) this.misplaced("a line too many or in the wrong place");
  }

  private misplaced(what: string): never {
    const key = this.lines[this.at]?.split(" ", 1)[0];
    if (key !== undefined && this.known.length > 0 && !this.known.includes(key)) throw new Newer(`key ${key}`);
    throw new Breach(key === undefined ? what : `${what}, at ${key}`);
  }
}

// words splits a value of exactly n words.
export function words(value: string, n: number): string[] {
  const all = value.split(" ");
  must(all.length === n && all.every((w) => w !== ""), `not ${n} words`);
  return all;
}
