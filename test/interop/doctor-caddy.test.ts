import { replaced } from './doctor-clinic.ts'
import { examines } from './doctor-wards.ts'

examines('caddy', [
  [
    'identity headers of the client are handed on',
    replaced([/^\s*request_header -(Signet-(Subject\*|Deployment|Policy-Revision)|X-(Maas|Remote)-\*)$/gm, '']),
    [1],
    /request_header -NAME/,
  ],
  [
    'the certificate header of a client without a certificate is believed',
    replaced([/^\s*request_header -X-Client-Cert\*$/m, '']),
    [2],
    /request_header -X-Client-Cert\*/,
  ],
  [
    'a prefix goes around the question',
    replaced([/^\troute \{/m, '\thandle /healthz* {\n\t\treverse_proxy MODEL\n\t}\n$&']),
    [6],
    /path \/healthz\*/,
  ],
])
