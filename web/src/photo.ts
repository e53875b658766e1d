// Reading a QR code from a picture or photograph, in this browser. Loaded only when somebody chooses one.

import { decodeQR } from "qr/decode.js";

// longest sides, in pixels, at which a picture is tried: a photograph of a whole page needs its detail, one with noise is read better when it is smaller.
const sides = [1600, 2600, 900];

// readPhoto returns what the first QR code in a picture says, or "" if none is found. It throws if the file is no picture that the browser can read.
export async function readPhoto(file: Blob): Promise<string> {
  const picture = await createImageBitmap(file);
  const longest = Math.max(picture.width, picture.height);
  const tried = new Set<number>();
  try {
    for (const side of sides) {
      const scale = Math.min(1, side / longest);
      if (tried.has(scale)) continue;
      tried.add(scale);
      const [width, height] = [Math.max(1, Math.round(picture.width * scale)), Math.max(1, Math.round(picture.height * scale))];
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [width, height];
      const pen = canvas.getContext("2d", { willReadFrequently: true });
      if (!pen) return "";
      pen.fillStyle = "#fff"; // what is transparent
      pen.fillRect(0, 0, width, height);
      pen.drawImage(picture, 0, 0, width, height);
      try {
        return decodeQR(pen.getImageData(0, 0, width, height), { effort: 10, timeLimit: 3000 });
      } catch {
        await new Promise((next) => setTimeout(next)); // none at this size; the page stays alive
      }
    }
    return "";
  } finally {
    picture.close();
  }
}
