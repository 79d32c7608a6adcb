/**
 * PostgreSQL's text form of an array, to be cast where it is used: `${toTextArray(names)}::text[]`.
 *
 * A thousand values are one parameter then. Given as an array, Prisma and the driver would look at each of them several times.
 */
export function toTextArray(values: readonly (string | number | null)[]): string {
  return `{${values.map(toElement).join()}}`;
}

/** Quoted, an element may hold anything, and is neither NULL nor empty by mistake. */
function toElement(value: string | number | null): string {
  if (value === null) return "NULL";
  return typeof value === "number" ? String(value) : `"${value.replace(/["\\]/g, "\\$&")}"`;
}
