// What an import with { type: "file" } or { type: "text" } gives; the bundler puts the asset into
// the executable.

/** A path to open: a file of the source tree, or one inside the executable. */
declare module "*.wav" {
  const path: string;
  export default path;
}

declare module "*.txt" {
  const text: string;
  export default text;
}
