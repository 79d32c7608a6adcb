/** File systems take 255 bytes; the ending, a language and "(1)" need some. */
const NAME_BYTES_MAX = 200;

/** What some file system or shell does not take, and what would show a name otherwise than it is. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}/\\:*?"<>|]/gu;

/** `Content-Disposition` of a file to be saved: the name in ASCII, and as it is where that differs (RFC 6266, RFC 8187). */
export function toDisposition(name: string, ending: string): string {
  const wanted = `${toFileName(name)}.${ending}`;
  const plain = wanted.replaceAll(/[^\w.-]/g, "_");
  const extended = plain === wanted ? "" : `; filename*=UTF-8''${encodeExtended(wanted)}`;
  return `attachment; filename="${plain}"${extended}`;
}

function toFileName(name: string): string {
  // A leading dot hides a file, a trailing one or a space is lost on Windows.
  const safe = name.replaceAll(UNSAFE, "_").replaceAll(/^[. ]+|[. ]+$/g, "");
  let cut = "";
  for (const character of safe) {
    if (Buffer.byteLength(cut + character) > NAME_BYTES_MAX) break;
    cut += character;
  }
  return cut === "" ? "transcript" : cut;
}

/** RFC 8187 wants these encoded too, which JavaScript leaves as they are. */
function encodeExtended(name: string): string {
  return encodeURIComponent(name).replaceAll(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
