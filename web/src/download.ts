// download reads a file of this site whole, in pieces, and tells how much has come.
export async function download(path: string, progress: (bytes: number) => void): Promise<Uint8Array<ArrayBuffer>[]> {
  const answer = await fetch(path, { cache: "no-store", credentials: "omit" });
  if (!answer.ok || !answer.body) throw new Error("no bundle");
  const reader = answer.body.getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let bytes = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) return parts;
    parts.push(value);
    bytes += value.length;
    progress(bytes);
  }
}
