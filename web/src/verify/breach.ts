// A rule of SPEC that does not hold. Its words go into the result behind the step's name; they never quote what is secret,
// for a bundle holds nothing that is.
export class Breach extends Error {
  constructor(what: string) {
    super(what.replace(/[^\x20-\x7e…−]/gu, (c) => `\\u{${(c.codePointAt(0) as number).toString(16)}}`)); // a name in a bundle must not steer a terminal
  }
}

// Newer is a kind or a key that this version does not know: not a broken file (SPEC section 2).
export class Newer extends Breach {
  constructor(what: string) {
    super(`newer format: ${what}`);
  }
}

export function must(holds: boolean, breach: string): asserts holds {
  if (!holds) throw new Breach(breach);
}
