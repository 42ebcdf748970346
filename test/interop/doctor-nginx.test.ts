import { replaced } from './doctor-clinic.ts'
import { examines } from './doctor-wards.ts'

const TOLD = 'map $ssl_client_escaped_cert $told { default $ssl_client_escaped_cert; "" $http_x_ssl_client_cert; }'
const CACHED =
  'proxy_cache decisions; proxy_cache_valid 200 1m; proxy_cache_key $request_uri; proxy_ignore_headers Cache-Control;'

examines('nginx', [
  [
    'identity headers of the client are handed on',
    replaced([/^ *proxy_set_header (signet-(?!act-as)[a-z-]+|x-(maas|remote|auth-request)-[a-z-]+) .*$/gm, '']),
    [1],
    /proxy_set_header NAME ""/,
  ],
  [
    'a prefix goes around the question',
    replaced([/location \/ \{/, 'location /healthz { auth_request off; proxy_pass http://model; }\n$&']),
    [6],
    /location = \/healthz/,
  ],
  [
    'the certificate header of a client without a certificate is believed',
    replaced(
      [/^upstream model/m, `${TOLD.replaceAll('$', '$$$$')}\n$&`],
      [/X-SSL-Client-Cert \$ssl_client_escaped_cert/, 'X-SSL-Client-Cert $$told'],
      [/X-SSL-Client-Verify \$ssl_client_verify/, 'X-SSL-Client-Verify SUCCESS'],
    ),
    [2],
    /without a default from \$http_/,
  ],
  [
    'the decision is kept by path alone',
    replaced(
      [/^upstream model/m, 'proxy_cache_path cache keys_zone=decisions:1m;\n$&'],
      [/location = \/_signet \{/, `$& ${CACHED}`],
    ),
    [1, 2, 4, 5, 6, 10, 15],
    /auth_request/,
  ],
  ['nobody asks', replaced([/^ *auth_request \/_signet;$/m, '']), [1, 2, 4, 5, 6, 10, 15], /auth_request/],
])
