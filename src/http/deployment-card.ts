// How a deployment is called (row HX20): host, URI, and snippets that run as they are. Secrets stand in variables of the
// environment, never in the text.
import { z } from '@hono/zod-openapi'
import type { Deployment } from '../directory/deployment-store.ts'
import type { AuthMode } from '../domain/access-policy.ts'

export const DeploymentCardAnswer = z
  .strictObject({
    name: z.string(),
    host: z.string().openapi({ description: 'What stands in Host' }),
    uri: z.string().openapi({ description: 'The base of its paths', example: 'https://resnet.models.internal/v1' }),
    headers: z.array(z.strictObject({ name: z.string(), value: z.string() })),
    environment: z.array(z.string()).openapi({ description: 'Variables that the snippets read' }),
    curl: z.string(),
    python: z.string().openapi({ description: 'LangChain' }),
    javascript: z.string().openapi({ description: "OpenAI's client" }),
    langchain: z.string().openapi({ description: 'LangChain in JavaScript' }),
  })
  .openapi('DeploymentCard')

interface Shown {
  readonly deployment: Deployment
  readonly gatewayPort: number
  /** What a call names where it has to. */
  readonly actingUser: string
}

/** Where the secret of a mode stands in the environment, and what stands before it in Authorization. */
interface Secret {
  readonly scheme: string
  readonly variable: string
}

/** Simple ones first: what a program has at hand. */
const MODES = ['api-key', 'jwt', 'oidc', 'passphrase', 'mtls', 'none'] as const satisfies readonly AuthMode[]

const SECRETS: Readonly<Partial<Record<AuthMode, Secret>>> = {
  'api-key': { scheme: 'ApiKey', variable: 'SIGNET_API_KEY' },
  jwt: { scheme: 'Bearer', variable: 'SIGNET_TOKEN' },
  oidc: { scheme: 'Bearer', variable: 'SIGNET_TOKEN' },
  passphrase: { scheme: 'Passphrase', variable: 'SIGNET_PASSPHRASE' },
}

interface Card {
  readonly uri: string
  readonly model: string
  readonly mode: AuthMode
  readonly secret: Secret | undefined
  readonly actingUser: string | undefined
}

export function deploymentCard({ deployment, gatewayPort, actingUser }: Shown): z.input<typeof DeploymentCardAnswer> {
  const { name, host, policy } = deployment
  const mode = MODES.find((each) => policy.authModes.includes(each)) ?? 'mtls'
  const isNamed = policy.actingUser === 'named' && mode !== 'none' && mode !== 'passphrase'
  const card: Card = {
    uri: `https://${host}${gatewayPort === 443 ? '' : `:${String(gatewayPort)}`}${policy.paths[0] ?? '/v1'}`,
    model: policy.model ?? name,
    mode,
    secret: SECRETS[mode],
    actingUser: isNamed ? actingUser : undefined,
  }
  return {
    name,
    host,
    uri: card.uri,
    headers: headersOf(card),
    environment: card.secret === undefined ? [] : [card.secret.variable],
    curl: curl(card),
    python: python(card),
    javascript: javascript(card),
    langchain: langchain(card),
  }
}

function headersOf({ secret, actingUser }: Card): { name: string; value: string }[] {
  return [
    ...(secret === undefined ? [] : [{ name: 'Authorization', value: `${secret.scheme} $${secret.variable}` }]),
    ...(actingUser === undefined ? [] : [{ name: 'signet-act-as', value: actingUser }]),
  ]
}

const messages = (model: string): string =>
  JSON.stringify({ model, messages: [{ role: 'user', content: 'Say hello.' }] })

function curl({ uri, model, mode, secret, actingUser }: Card): string {
  const words = [
    'curl --fail-with-body --cacert ca.pem',
    ...(mode === 'mtls' ? ['--cert client.pem --key client.key'] : []),
    ...(secret === undefined ? [] : [`-H "Authorization: ${secret.scheme} $${secret.variable}"`]),
    ...(actingUser === undefined ? [] : [`-H ${quoted(`signet-act-as: ${actingUser}`)}`]),
    "-H 'content-type: application/json'",
    `-d ${quoted(messages(model))}`,
    quoted(`${uri}/chat/completions`),
  ]
  return words.join(' \\\n  ')
}

/** One word of a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

/** A text of JSON is one of Python and of JavaScript: what is not ASCII is escaped, since U+2028 ends a line in old ones. */
function literal(text: string): string {
  return JSON.stringify(text).replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function python(card: Card): string {
  const { uri, model, mode, secret, actingUser } = card
  const headers = [
    ...(secret === undefined
      ? []
      : [`"Authorization": ${literal(`${secret.scheme} `)} + os.environ["${secret.variable}"]`]),
    ...(actingUser === undefined ? [] : [`"signet-act-as": ${literal(actingUser)}`]),
  ]
  return [
    ...(secret === undefined ? [] : ['import os']),
    'import ssl',
    '',
    'import httpx',
    'from langchain_openai import ChatOpenAI',
    '',
    'tls = ssl.create_default_context(cafile="ca.pem")',
    ...(mode === 'mtls' ? ['tls.load_cert_chain("client.pem", "client.key")'] : []),
    'model = ChatOpenAI(',
    `    model=${literal(model)},`,
    `    base_url=${literal(uri)},`,
    '    api_key="unused",',
    `    default_headers={${headers.join(', ')}},`,
    `    http_client=httpx.Client(verify=tls${secret === undefined ? `, ${PYTHON_WITHOUT_BEARER}` : ''}),`,
    ')',
    'print(model.invoke("Say hello.").content)',
    '',
  ].join('\n')
}

/** As in JavaScript: see WITHOUT_BEARER. */
const PYTHON_WITHOUT_BEARER = 'event_hooks={"request": [lambda request: request.headers.pop("authorization", None)]}'

function javascript(card: Card): string {
  return [
    "import OpenAI from 'openai'",
    ...tlsImports(card),
    '',
    'const client = new OpenAI({',
    `  baseURL: ${literal(card.uri)},`,
    "  apiKey: 'unused',",
    ...clientOptions(card, '  '),
    '})',
    `const answer = await client.chat.completions.create(${messages(card.model)})`,
    'console.log(answer.choices[0].message.content)',
    '',
  ].join('\n')
}

function langchain(card: Card): string {
  return [
    "import { ChatOpenAI } from '@langchain/openai'",
    ...tlsImports(card),
    '',
    'const model = new ChatOpenAI({',
    `  model: ${literal(card.model)},`,
    "  apiKey: 'unused',",
    '  configuration: {',
    `    baseURL: ${literal(card.uri)},`,
    ...clientOptions(card, '    '),
    '  },',
    '})',
    "console.log((await model.invoke('Say hello.')).content)",
    '',
  ].join('\n')
}

/** `fetch` shows a client certificate only through an agent of the package that it is made of. */
function tlsImports({ mode }: Card): readonly string[] {
  return mode === 'mtls' ? ["import { readFileSync } from 'node:fs'", "import { Agent } from 'undici'"] : []
}

function clientOptions({ mode, secret, actingUser }: Card, indent: string): readonly string[] {
  const headers = [
    ...(secret === undefined ? [] : [`Authorization: \`${secret.scheme} \${process.env.${secret.variable}}\``]),
    ...(actingUser === undefined ? [] : [`'signet-act-as': ${literal(actingUser)}`]),
  ]
  const dispatcher =
    "fetchOptions: { dispatcher: new Agent({ connect: { cert: readFileSync('client.pem'), key: readFileSync('client.key') } }) },"
  return [
    ...(headers.length === 0 ? [] : [`${indent}defaultHeaders: { ${headers.join(', ')} },`]),
    ...(secret === undefined ? WITHOUT_BEARER.map((line) => indent + line) : []),
    ...(mode === 'mtls' ? [`${indent}${dispatcher}`] : []),
  ]
}

/** `Bearer unused`, which clients send of themselves, is a credential, and not one that the deployment accepts. A header of
 * null would do for OpenAI's client; LangChain drops it. */
const WITHOUT_BEARER: readonly string[] = [
  'fetch: (url, options) => {',
  "  options.headers.delete('authorization')",
  '  return fetch(url, options)',
  '},',
]
