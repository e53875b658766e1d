// Plain texts (SPEC section 1).
import ranges from "../../../draw/unicode14.txt";
import { Breach, must } from "./breach";

const permitted = new Uint8Array(0x110000);
for (const line of ranges.trim().split("\n")) {
  const [first, last] = line.split("-") as [string, string];
  permitted.fill(1, parseInt(first, 16), parseInt(last, 16) + 1);
}

// decode reads UTF-8 and nothing else; a byte order mark stays in and is refused as a code point.
export function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Breach("not UTF-8");
  }
}

// lines checks all of section 1 and gives the lines without their LFs. A text of zero bytes has no line.
export function lines(bytes: Uint8Array): string[] {
  const text = decode(bytes);
  if (text === "") return [];
  must(text.endsWith("\n"), "the last line has no LF");
  if (!/^[\x20-\x7e\n]*$/.test(text)) {
    must(text.normalize("NFC") === text, "not in Normalization Form C");
    for (const c of text) {
      const code = c.codePointAt(0) as number;
      if (code !== 0x0a && permitted[code] !== 1) throw new Breach(`code point U+${code.toString(16).toUpperCase().padStart(4, "0")} is not permitted`);
    }
  }
  const all = text.slice(0, -1).split("\n");
  for (const line of all) {
    must(line !== "", "an empty line");
    must(!line.startsWith(" ") && !line.endsWith(" "), "a line starts or ends with a space");
  }
  return all;
}
