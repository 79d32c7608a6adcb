import manifest from "../../package.json" with { type: "json" };

/** The version of package.json, carried by the executable. */
export const VERSION: string = manifest.version;
