/**
 * Arguments for a batch file on Windows, where the Azure CLI is `az.cmd`. Node starts no batch file without a shell since 2024
 * (CVE-2024-27980), and cmd.exe has its own rules: it parses the line once, and the batch file's `%*` a second time.
 */
const SPECIAL = /[()[\]%!^"`<>&|;, *?]/g

/** One argument by the rules by which a Windows program splits its command line: backslashes count only before a quote. */
const quoted = (text: string): string => `"${text.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, '$1$1')}"`

/** With every special character escaped, so that cmd.exe sees no quote and changes nothing. */
const escaped = (text: string): string => text.replace(SPECIAL, '^$&')

/** What follows `cmd.exe /d /s /c`, to be passed on verbatim. A line break would end the command: it is refused. */
export function batchCommandLine(program: string, args: readonly string[]): string {
  const broken = [program, ...args].find((text) => /[\r\n\0]/.test(text))
  if (broken !== undefined) throw new Error('an argument of a command on Windows holds a line break')
  return `"${[escaped(program), ...args.map((text) => escaped(escaped(quoted(text))))].join(' ')}"`
}
