// What an import with { type: "file" } or { type: "text" } gives; the bundler puts the asset into
// the executable.

/** A path to open: a file of the source tree, or one inside the executable. */
declare module "*.wasm" {
  const path: string;
  export default path;
}

declare module "*.data" {
  const path: string;
  export default path;
}

declare module "*.sql" {
  const text: string;
  export default text;
}
