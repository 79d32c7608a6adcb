/** Code and comments of one file, each with all else blanked: offsets and lines stay the file's. */
export interface MaskedSource {
  /** Without comments, and without what stands between quotes; the quotes remain. */
  readonly code: string;
  readonly comments: string;
}

const COMMENT = /\/\/[^\n]*|\/\*[^]*?\*\//y;
const QUOTED = /"(?:\\[^]|[^"\\\n])*"|'(?:\\[^]|[^'\\\n])*'/y;
/** From a backtick, or the `}` that ends a substitution, to the next substitution or to the end. */
const TEMPLATE_PART = /[`}](?:\\[^]|\$(?!\{)|[^`\\$])*(?:`|\$\{)/y;
const REGEXP = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/y;
/** After these a slash begins a regular expression; after anything else it divides. */
const BEFORE_REGEXP = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|void|await))\s*$/;

/** Tells code, comments and literals of TypeScript apart. Knows no JSX: the project has none. */
export function maskSource(text: string): MaskedSource {
  let code = "";
  let comments = "";
  /** For each template that is open here: how many braces are open in its substitution. */
  const openBraces: number[] = [];
  let at = 0;
  const isAt = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  while (at < text.length) {
    const char = text.charAt(at);
    const comment = isAt(COMMENT);
    const closesSubstitution = char === "}" && openBraces.at(-1) === 0;
    let literal: string | undefined;
    if (char === "`" || closesSubstitution) literal = isAt(TEMPLATE_PART);
    else if (char === '"' || char === "'") literal = isAt(QUOTED);
    else if (char === "/" && BEFORE_REGEXP.test(code.slice(-64))) literal = isAt(REGEXP);

    if (comment !== undefined) {
      code += blank(comment);
      comments += comment;
      at += comment.length;
    } else if (literal !== undefined) {
      if (closesSubstitution) openBraces.pop();
      if (literal.endsWith("${")) openBraces.push(0);
      code += literal.charAt(0) + blank(literal.slice(1, -1)) + literal.slice(-1);
      comments += blank(literal);
      at += literal.length;
    } else {
      const depth = openBraces.length - 1;
      if (depth >= 0 && char === "{") openBraces[depth]! += 1;
      if (depth >= 0 && char === "}") openBraces[depth]! -= 1;
      code += char;
      comments += blank(char);
      at += 1;
    }
  }
  return { code, comments };
}

function blank(text: string): string {
  return text.replaceAll(/[^\n]/g, " ");
}
