// The QR code of a saved receipt: the text itself, so that any reader gives the file back byte for byte. It is no address: a link would put the
// secret into the history of whoever's telephone opens it.

import { encodeQR } from "qr";
import { utf8 } from "./bytes";

const margin = 4; // modules of white that a reader needs on each side
const pixels = 4; // a module on a screen that has the room: a whole number, so that all are equally wide

// drawQR draws the code dark on white in any colour scheme, as one path. It returns null for a text that no code holds.
export function drawQR(text: string, label: string): SVGSVGElement | null {
  let rows: boolean[][];
  try {
    rows = encodeQR(text, "raw", { ecc: "medium", border: margin, textEncoder: utf8 });
  } catch {
    return null;
  }
  const make = (tag: string, attributes: Record<string, string>): SVGElement => {
    const el = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [k, v] of Object.entries(attributes)) el.setAttribute(k, v);
    return el;
  };
  const path = rows.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : []))).join("");
  const side = String(pixels * rows.length);
  const svg = make("svg", { class: "qr", width: side, height: side, viewBox: `0 0 ${rows.length} ${rows.length}`, role: "img", "aria-label": label, "shape-rendering": "crispEdges" }) as SVGSVGElement;
  svg.append(make("path", { fill: "#fff", d: `M0 0h${rows.length}v${rows.length}h-${rows.length}z` }), make("path", { fill: "#000", d: path }));
  return svg;
}
