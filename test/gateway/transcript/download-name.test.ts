import { expect, test } from "bun:test";
import { toDisposition } from "../../../src/gateway/transcript/download-name.ts";

test.each([
  ["standup", 'attachment; filename="standup.srt"'],
  ["2026-11-23_daily.1", 'attachment; filename="2026-11-23_daily.1.srt"'],
  ["a/b\\c", 'attachment; filename="a_b_c.srt"'],
  ['say "hi"\r\nX: y', `say__hi___X__y`],
  ["../../etc/passwd", 'attachment; filename="_.._etc_passwd.srt"'],
  ["..", 'attachment; filename="transcript.srt"'],
  ["", 'attachment; filename="transcript.srt"'],
  [
    "Réunion d'équipe",
    `attachment; filename="R_union_d__quipe.srt"; filename*=UTF-8''R%C3%A9union%20d%27%C3%A9quipe.srt`,
  ],
  ["会議", `attachment; filename="__.srt"; filename*=UTF-8''%E4%BC%9A%E8%AD%B0.srt`],
  ["txt\u202egpj", 'attachment; filename="txt_gpj.srt"'],
  ["broken\ud800", 'attachment; filename="broken_.srt"'],
])("names a file after %p", (name, expected) => {
  expect(toDisposition(name, "srt")).toContain(expected);
});

test("is a header, and a name that file systems take, whatever the call is named", () => {
  const names = ["木".repeat(256), "🎙".repeat(128), "a".repeat(256), "\0\n\r\t", "'()*;=%", 'é"\\'];
  for (const name of names) {
    const disposition = toDisposition(name, "fr.vtt");
    expect(() => new Headers({ "content-disposition": disposition })).not.toThrow();
    expect(disposition).toMatch(
      /^attachment; filename="[\w.-]+\.fr\.vtt"(; filename\*=UTF-8''[\w.!#$&+^`|~%-]+\.fr\.vtt)?$/,
    );
    const [, extended] = /filename\*=UTF-8''(.*)$/.exec(disposition) ?? [];
    expect(Buffer.byteLength(decodeURIComponent(extended ?? ""))).toBeLessThan(256);
  }
});
