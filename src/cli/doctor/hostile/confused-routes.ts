// Traps 6, 7 and 8: paths that only look public or only look like another, calls that name two models, and calls that name none.
import { add, bodyOf, type Call, type HostileRequest, type HostileWorld, row, set } from './hostile-request.ts'

/** Nobody, asking for the path that asks nobody. */
function open(call: Call, { unprotectedPath }: HostileWorld): Call {
  return { ...call, method: 'GET', target: unprotectedPath, shows: 'nothing', body: '' }
}

/** `P` stands for the unprotected path, `M` for where the model answers. */
const NOT_PUBLIC: readonly (readonly [target: string, refused: HostileRequest['refused']])[] = [
  ['P/../M', 'path: dot-segment'],
  ['P/..', 'path: dot-segment'],
  ['P/.', 'path: dot-segment'],
  ['P//../M', 'path: dot-segment'],
  ['P/%2e%2e/M', 'path: dot-segment'],
  ['P/%2E%2E/M', 'path: dot-segment'],
  ['P/.%2e/M', 'path: dot-segment'],
  ['/x/..P', 'path: dot-segment'],
  ['/.P', 'path: dot-segment'],
  ['P%2f..', 'path: encoded-slash'],
  ['P%2F..%2FM', 'path: encoded-slash'],
  ['%2fP', 'path: not-origin-form'],
  ['P%5c..%5cM', 'path: backslash'],
  ['P\\..\\M', 'path: backslash'],
  ['P;x', 'path: semicolon'],
  ['P;/../M', 'path: semicolon'],
  ['P%3bx', 'path: semicolon'],
  ['P/..;/M', 'path: semicolon'],
  ['P%00', 'path: nul'],
  ['P%00/../M', 'path: nul'],
  ['P%252f..', 'path: encoded-percent'],
  ['P/%252e%252e/M', 'path: encoded-percent'],
  ['P%25%32%65', 'path: encoded-percent'],
  ['P%0d%0aX:y', 'path: control-character'],
  ['P%09', 'path: control-character'],
  ['P%7f', 'path: control-character'],
  ['P%c2%85', 'path: control-character'],
  ['P%e2%80%8b', 'path: control-character'],
  ['P%c0%af..', 'path: utf8'],
  ['P/%c0%ae%c0%ae/M', 'path: utf8'],
  ['P%ff', 'path: utf8'],
  ['P%ef%bc%8f..', 'path: look-alike'],
  ['P/%ef%bc%8e%ef%bc%8e/M', 'path: look-alike'],
  ['P/%e2%80%a5/M', 'path: look-alike'],
  ['P%', 'path: percent-malformed'],
  ['P%u002f', 'path: percent-malformed'],
  ['P#M', 'path: fragment'],
  ['http://localhostP', 'path: not-origin-form'],
  ['*', 'path: not-origin-form'],
  ['/P', 'credentials: missing'],
  ['P/', 'credentials: missing'],
  ['P//', 'credentials: missing'],
  ['P?x', 'credentials: missing'],
  ['P?', 'credentials: missing'],
  ['P/x', 'credentials: missing'],
  ['P.html', 'credentials: missing'],
  ['/%68ealthz', 'credentials: missing'],
  ['P%20', 'credentials: missing'],
  ['/HEALTHZ', 'credentials: missing'],
  ['M?P', 'credentials: missing'],
]

const notPublic = NOT_PUBLIC.map(([target, refused]) =>
  row(
    6,
    'client',
    `GET ${target} by nobody`,
    refused,
    (call, world) => ({
      ...open(call, world),
      target: target
        .replaceAll('P', world.unprotectedPath)
        .replaceAll('M', world.path.slice(1))
        .replace(/^(?=v1)/, '/'),
    }),
    open,
  ),
)

const methods: readonly HostileRequest[] = [
  row(
    6,
    'client',
    'POST to the unprotected path by nobody',
    'credentials: missing',
    (call, world) => ({ ...open(call, world), method: 'POST' }),
    open,
  ),
  row(
    6,
    'client',
    'the unprotected path of another method by header',
    'credentials: missing',
    (call, world) => add({ ...open(call, world), method: 'POST' }, ['X-Original-Method', 'GET']),
    open,
  ),
  row(
    6,
    'client',
    'the unprotected path by header',
    'credentials: missing',
    (call, world) =>
      add(
        { ...call, shows: 'nothing' },
        ['X-Original-URI', world.unprotectedPath],
        ['X-Forwarded-Uri', world.unprotectedPath],
      ),
    open,
  ),
]

const other = (call: Call, { otherModel }: HostileWorld): Call => bodyOf(call, { model: otherModel })

/** At a gateway, where host and path leave open which model is meant. */
function atGateway(call: Call, world: HostileWorld): Call {
  return set(call, ['Host', world.gatewayHost])
}

function published(call: Call, model: string): Call {
  return { ...call, target: `/publishers/vision/models/${model}/v1/chat/completions` }
}

const conflicts: readonly HostileRequest[] = [
  row(7, 'client', 'the body names another model than the host', 'model: conflict', other),
  row(
    7,
    'client',
    'the header names another model than the host',
    'model: conflict',
    (call, { modelHeader, otherModel }) => add(call, [modelHeader, otherModel]),
    (call, { modelHeader, model }) => add(call, [modelHeader, model]),
  ),
  row(7, 'client', 'the header names the right model and the body another', 'model: conflict', (call, world) =>
    add(other(call, world), [world.modelHeader, world.model]),
  ),
  row(7, 'client', "the host is another deployment's", 'model: conflict', (call, { otherHost }) =>
    set(call, ['Host', otherHost]),
  ),
  row(
    7,
    'client',
    'the path names another model than the host',
    'model: conflict',
    (call, { otherModel }) => published(call, otherModel),
    (call, { model }) => published(call, model),
  ),
  row(
    7,
    'client',
    'path and body disagree at a gateway',
    'model: conflict',
    (call, world) => atGateway(published(call, world.otherModel), world),
    (call, world) => atGateway(published(call, world.model), world),
  ),
  row(
    7,
    'client',
    'path and header disagree at a gateway',
    'model: conflict',
    (call, world) => add(atGateway(published(call, world.model), world), [world.modelHeader, world.otherModel]),
    (call, world) => add(atGateway(published(call, world.model), world), [world.modelHeader, world.model]),
  ),
  row(
    7,
    'client',
    'header and body disagree at a gateway',
    'model: conflict',
    (call, world) => add(atGateway(call, world), [world.modelHeader, world.otherModel]),
    (call, world) => add(atGateway(call, world), [world.modelHeader, world.model]),
  ),
  row(7, 'client', 'the model in capitals', 'model: conflict', (call, { model }) =>
    bodyOf(call, { model: model.toUpperCase() }),
  ),
  row(7, 'client', 'the model with a space behind', 'model: conflict', (call, { model }) =>
    bodyOf(call, { model: `${model} ` }),
  ),
  row(7, 'client', 'the model with a slash behind', 'model: conflict', (call, { model }) =>
    bodyOf(call, { model: `${model}/` }),
  ),
  row(7, 'client', 'a host nobody knows', 'route: unknown', (call) => set(call, ['Host', 'nobody.example.org'])),
  row(7, 'client', 'a host with a letter that folds', 'headers: non-ascii', (call, { host }) =>
    set(call, ['Host', host.replace(/^./, '\u212a')]),
  ),
  row(7, 'client', 'a host with credentials in front', 'route: unknown', (call, { host, otherHost }) =>
    set(call, ['Host', `${otherHost}@${host}`]),
  ),
  row(7, 'client', 'a host with a path behind', 'route: unknown', (call, { host, otherHost }) =>
    set(call, ['Host', `${host}/${otherHost}`]),
  ),
  row(7, 'client', 'an empty host', 'headers: empty', (call) => set(call, ['Host', ''])),
  row(
    7,
    'client',
    'a broken publisher path',
    'model: malformed',
    (call, { model }) => ({ ...call, target: `/Publishers/vision/models/${model}` }),
    (call, { model }) => published(call, model),
  ),
  row(
    7,
    'client',
    'a publisher path that ends early',
    'model: incomplete',
    (call) => ({ ...call, target: '/publishers/vision/models/' }),
    (call, { model }) => published(call, model),
  ),
  row(
    7,
    'client',
    'a publisher path that climbs',
    'path: dot-segment',
    (call, { model, otherModel }) => published(call, `${model}/../${otherModel}`),
    (call, { model }) => published(call, model),
  ),
]

type BodyOf = (world: HostileWorld) => string

const TWO_MODELS: readonly (readonly [name: string, fault: string, body: BodyOf])[] = [
  ['twice', 'repeated', ({ model, otherModel }) => `{"model":"${model}","model":"${otherModel}"}`],
  ['twice, the right one last', 'repeated', ({ model, otherModel }) => `{"model":"${otherModel}","model":"${model}"}`],
  ['twice, once escaped', 'repeated', ({ model, otherModel }) => `{"model":"${model}","m\\u006fdel":"${otherModel}"}`],
  [
    'twice, far apart',
    'repeated',
    ({ model, otherModel }) => `{"model":"${model}","x":[{"y":"}"}],"model":"${otherModel}"}`,
  ],
  ['also in capitals', 'spelling', ({ model, otherModel }) => `{"model":"${model}","MODEL":"${otherModel}"}`],
  ['also with a capital', 'spelling', ({ model, otherModel }) => `{"Model":"${otherModel}","model":"${model}"}`],
  ['with a capital alone', 'spelling', ({ model }) => `{"Model":"${model}"}`],
  ['in two documents', 'not-json', ({ model, otherModel }) => `{"model":"${model}"}{"model":"${otherModel}"}`],
  ['in two lines', 'not-json', ({ model, otherModel }) => `{"model":"${model}"}\n{"model":"${otherModel}"}`],
  ['behind a byte order mark', 'not-json', ({ model }) => `\ufeff{"model":"${model}"}`],
  ['beside a comment', 'not-json', ({ model, otherModel }) => `{"model":"${model}"/*,"model":"${otherModel}"*/}`],
  ['in single quotes', 'not-json', ({ model }) => `{'model':'${model}'}`],
  ['with a comma behind', 'not-json', ({ model }) => `{"model":"${model}",}`],
  ['with NUL behind', 'malformed', ({ model }) => `{"model":"${model}\\u0000"}`],
  ['as a list', 'not-text', ({ model, otherModel }) => `{"model":["${model}","${otherModel}"]}`],
  ['as an object', 'not-text', ({ model }) => `{"model":{"name":"${model}"}}`],
]

const twoModels = TWO_MODELS.map(([name, fault, body]) =>
  row(7, 'client', `the body names its model ${name}`, `model: ${fault}`, (call, world) => bodyOf(call, body(world))),
)

const CODED: readonly (readonly [name: string, fault: string, header: readonly [string, string]])[] = [
  ['said to be compressed', 'encoded', ['Content-Encoding', 'gzip']],
  ['said to be compressed twice', 'encoded', ['Content-Encoding', 'identity, br']],
  ['in UTF-7', 'encoded', ['Content-Type', 'application/json; charset=utf-7']],
  ['in UTF-16', 'encoded', ['Content-Type', 'application/json; charset="utf-16le"']],
]

const coded = CODED.map(([name, fault, header]) =>
  row(7, 'client', `a body ${name}`, `model: ${fault}`, (call) => set(call, header)),
)

const NONE: readonly (readonly [name: string, fault: string, contentType: string, body: string])[] = [
  ['no body', 'missing', 'application/json', ''],
  ['an empty object', 'missing', 'application/json', '{}'],
  ['a list', 'missing', 'application/json', '[{"model":"M"}]'],
  ['a text', 'missing', 'application/json', '"M"'],
  ['null', 'missing', 'application/json', 'null'],
  ['it in a message alone', 'missing', 'application/json', '{"messages":[{"model":"M"}]}'],
  ['it as a value', 'missing', 'application/json', '{"name":"model"}'],
  ['it with a space in the name', 'missing', 'application/json', '{"model ":"M"}'],
  ['null as the model', 'not-text', 'application/json', '{"model":null}'],
  ['false as the model', 'not-text', 'application/json', '{"model":false}'],
  ['nothing as the model', 'malformed', 'application/json', '{"model":""}'],
  ['a form', 'missing', 'application/x-www-form-urlencoded', 'model=M'],
  [
    'parts',
    'missing',
    'multipart/form-data; boundary=b',
    '--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nM\r\n--b--\r\n',
  ],
  ['text that is no JSON', 'missing', 'text/plain', 'model: M'],
]

const none = NONE.map(([name, fault, contentType, body]) =>
  row(
    8,
    'client',
    `a gateway is sent ${name}`,
    `model: ${fault}`,
    (call, world) =>
      bodyOf(set(atGateway(call, world), ['Content-Type', contentType]), body.replaceAll('M', world.model)),
    atGateway,
  ),
)

const elsewhere: readonly HostileRequest[] = [
  row(
    8,
    'client',
    'a gateway is sent the model in the query alone',
    'model: missing',
    (call, world) => bodyOf({ ...atGateway(call, world), target: `${world.path}?model=${world.model}` }, {}),
    atGateway,
  ),
  row(
    8,
    'client',
    'a gateway is sent an empty routing header',
    'model: missing',
    (call, world) => bodyOf(add(atGateway(call, world), [world.modelHeader, '']), {}),
    (call, world) => bodyOf(add(atGateway(call, world), [world.modelHeader, world.model]), {}),
  ),
  row(
    8,
    'client',
    'a gateway is sent a GET',
    'model: missing',
    (call, world) => ({ ...atGateway(call, world), method: 'GET', body: '' }),
    atGateway,
  ),
]

export const CONFUSED_ROUTES: readonly HostileRequest[] = [
  ...notPublic,
  ...methods,
  ...conflicts,
  ...twoModels,
  ...coded,
  ...none,
  ...elsewhere,
]
