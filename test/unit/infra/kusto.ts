/**
 * Checks a query with Microsoft's own parser against the tables of this deployment: its problems, and the columns of its result. The
 * package puts its classes on the global object, and names overloads `$ctor<n>`.
 */
import { createRequire } from 'node:module'

/** Columns of each table, from the reference of Azure Monitor's tables. */
const TABLES = {
  AppTraces:
    'TimeGenerated: datetime, Message: string, OperationName: string, OperationId: string, SeverityLevel: int, Properties: dynamic, _ResourceId: string',
  AppExceptions:
    'TimeGenerated: datetime, OperationName: string, OperationId: string, OuterMessage: string, _ResourceId: string',
  AzureMetrics:
    'TimeGenerated: datetime, MetricName: string, Average: real, Maximum: real, Minimum: real, Total: real, Count: real, _ResourceId: string',
  PGSQLServerLogs: 'TimeGenerated: datetime, Message: string, ErrorLevel: string, _ResourceId: string',
  PGSQLPgBouncer: 'TimeGenerated: datetime, Message: string, _ResourceId: string',
} as const

interface List<T> {
  readonly Count: number
  getItem(index: number): T
}

interface Code {
  GetDiagnostics(): List<{ readonly Message: string; readonly Start: number }>
  readonly ResultType: { readonly Columns: List<{ readonly Name: string; readonly Type: { readonly Name: string } }> }
}

interface Globals {
  WithDatabase(database: object): Globals
}

interface Language {
  readonly Symbols: {
    readonly TableSymbol: { readonly $ctor7: new (name: string, schema: string, description: null) => object }
    readonly DatabaseSymbol: {
      readonly $ctor1: new (name: string, members: readonly object[], isOpen: boolean) => object
    }
  }
  readonly GlobalState: { readonly Default: Globals }
  readonly KustoCode: { ParseAndAnalyze(text: string, globals: Globals): Code }
}

const PACKAGE = '@kusto/language-service-next'

function loadLanguage(): Language {
  const require = createRequire(import.meta.url)
  for (const file of ['bridge.min.js', 'Kusto.Language.Bridge.min.js']) require(`${PACKAGE}/${file}`)
  return (globalThis as unknown as { readonly Kusto: { readonly Language: Language } }).Kusto.Language
}

const { Symbols, GlobalState, KustoCode } = loadLanguage()
const tables = Object.entries(TABLES).map(
  ([name, columns]) => new Symbols.TableSymbol.$ctor7(name, `(${columns})`, null),
)
const workspace = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.$ctor1('workspace', tables, false))

const itemsOf = <T>(list: List<T>): T[] => Array.from({ length: list.Count }, (_, index) => list.getItem(index))

export interface Analysis {
  readonly problems: readonly string[]
  /** Name and type of every column of the result. */
  readonly columns: Readonly<Record<string, string>>
}

export function analyse(query: string): Analysis {
  const code = KustoCode.ParseAndAnalyze(query, workspace)
  return {
    problems: itemsOf(code.GetDiagnostics()).map(
      ({ Message, Start }) => `${Message} (line ${query.slice(0, Start).split('\n').length})`,
    ),
    columns: Object.fromEntries(itemsOf(code.ResultType.Columns).map(({ Name, Type }) => [Name, Type.Name])),
  }
}
