// The little of Node that node.ts uses, and of a worker that worker.ts uses; the rest of the site knows of a page only.
declare module "node:fs" {
  export function openSync(path: string, flags: "r"): number;
  export function readSync(file: number, into: Uint8Array, offset: number, length: number, position: number | null): number;
  export function fstatSync(file: number): { size: number; isFile(): boolean };
  export function lstatSync(path: string): { isFile(): boolean; isDirectory(): boolean };
  export function readdirSync(path: string): string[];
  export function readFileSync(path: string, encoding: "utf8"): string;
}
declare const process: {
  argv: string[];
  exitCode: number | undefined;
  stdout: { write(text: string): void };
  stderr: { write(text: string): void };
};
// What a worker has beside the page's declarations.
declare class FileReaderSync {
  readAsArrayBuffer(blob: Blob): ArrayBuffer;
}
declare module "*.txt" {
  const text: string;
  export default text;
}
