import { basename } from 'node:path'
import ts from 'typescript'

/** The errors of this repository's TypeScript in these files, with their names and lines. */
export function typeErrors(files: readonly string[], options: ts.CompilerOptions): string[] {
  const program = ts.createProgram(files, {
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    esModuleInterop: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    skipLibCheck: true,
    allowJs: true,
    checkJs: true,
    types: ['node'],
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    ...options,
  })
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const place = file
      ? `${basename(file.fileName)}:${file.getLineAndCharacterOfPosition(start!).line + 1}`
      : ''
    return `${place} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
  })
}
