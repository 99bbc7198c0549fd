#!/bin/sh
# Fills nginx.conf from the environment. In the official image it runs at the start (/docker-entrypoint.d); `npm run cluster` runs the same.
#   render.sh [template] [output]
#
# API_SERVERS       host:port[,host:port…]                of the api replicas
# GATEWAYS          id=host:port[,id=host:port…]          each gateway by its GATEWAY_ID
# NGINX_SERVER_NAMES  names served                        default: any
# NGINX_LISTEN        address:port or port                default: 80, with a certificate 443 (and 80 sends on to https)
# NGINX_INTERNAL_LISTEN  where gateways reach the api; never to be published; default: 8080
# NGINX_CERTIFICATE, NGINX_CERTIFICATE_KEY  files (PEM)   default: no TLS
# NGINX_TRUSTED_PROXIES  networks of the load balancer before nginx, separated by commas; default: none, clients come directly
# NGINX_REQUESTS_PER_SECOND, NGINX_POLLS_PER_SECOND, NGINX_CONNECTIONS_PER_ADDRESS  per client address; default 100, 1000, 5000
# NGINX_USER          whom the workers run as             default: nginx; empty: as nginx was started
# NGINX_WORKERS       default: auto
# NGINX_STATE_DIR     writable folder                     default: /var/cache/nginx
# NGINX_ACCESS_LOG, NGINX_ERROR_LOG                       default: /dev/stdout, stderr
set -eu

template=${1:-/etc/nginx/tidings.conf.template}
output=${2:-/etc/nginx/nginx.conf}

fail() {
    echo "nginx/render.sh: $1" >&2
    exit 1
}

# A value that could end a directive would let one variable write another one's configuration.
for value in "${API_SERVERS:-}" "${GATEWAYS:-}" "${NGINX_SERVER_NAMES:-}" "${NGINX_LISTEN:-}" "${NGINX_INTERNAL_LISTEN:-}" "${NGINX_CERTIFICATE:-}" \
    "${NGINX_CERTIFICATE_KEY:-}" "${NGINX_TRUSTED_PROXIES:-}" "${NGINX_USER:-}" "${NGINX_STATE_DIR:-}" \
    "${NGINX_ACCESS_LOG:-}" "${NGINX_ERROR_LOG:-}"; do
    case $value in *[\;{}\"\'\$\\]*) fail "a value may not contain ; { } quotes, \$ or backslashes: $value" ;; esac
done
for name in NGINX_REQUESTS_PER_SECOND NGINX_POLLS_PER_SECOND NGINX_CONNECTIONS_PER_ADDRESS; do
    eval "value=\${$name:-1}"
    case $value in '' | 0* | *[!0-9]*) fail "$name must be a whole number above 0: $value" ;; esac
done
[ -n "${API_SERVERS:-}" ] || fail 'API_SERVERS is required: host:port[,host:port…]'
[ -n "${GATEWAYS:-}" ] || fail 'GATEWAYS is required: id=host:port[,id=host:port…]'

words() { echo "$1" | tr ',' ' '; }

export API_UPSTREAM='' GATEWAYS_UPSTREAM='' GATEWAY_UPSTREAMS='' GATEWAY_MAP='' TRUSTED_PROXIES='' TRUSTED_PROXIES_GEO=''
for server in $(words "$API_SERVERS"); do
    case $server in *[!A-Za-z0-9.:_\[\]-]* | *: | :*) fail "API_SERVERS: $server is not host:port" ;; *:*) ;; *) fail "API_SERVERS: $server is not host:port" ;; esac
    API_UPSTREAM="$API_UPSTREAM server $server max_fails=10 fail_timeout=2s;"
done
for gateway in $(words "$GATEWAYS"); do
    id=${gateway%%=*} server=${gateway#*=}
    case $id in '' | *[!A-Za-z0-9]*) fail "GATEWAYS: $gateway is not id=host:port (ids are letters and digits)" ;; esac
    case $server in *[!A-Za-z0-9.:_\[\]-]* | *: | :*) fail "GATEWAYS: $gateway is not id=host:port" ;; *:*) ;; *) fail "GATEWAYS: $gateway is not id=host:port" ;; esac
    case " $GATEWAY_MAP" in *"^${id}_\""*) fail "GATEWAYS: the id $id is there twice" ;; esac
    GATEWAYS_UPSTREAM="$GATEWAYS_UPSTREAM server $server max_fails=10 fail_timeout=2s;"
    GATEWAY_MAP="$GATEWAY_MAP \"~^${id}_\" gateway_$id;"
    # max_fails=0: a session is at its own gateway or nowhere, so that one is always asked first.
    backups=''
    for other in $(words "$GATEWAYS"); do
        [ "$other" = "$gateway" ] || backups="$backups server ${other#*=} max_fails=0 backup;"
    done
    GATEWAY_UPSTREAMS="$GATEWAY_UPSTREAMS upstream gateway_$id { server $server max_fails=0;$backups keepalive 32; keepalive_timeout 4s; }"
done
for network in $(words "${NGINX_TRUSTED_PROXIES:-}"); do
    TRUSTED_PROXIES="$TRUSTED_PROXIES set_real_ip_from $network;"
    TRUSTED_PROXIES_GEO="$TRUSTED_PROXIES_GEO $network 1;"
done

export SERVER_NAMES="$(words "${NGINX_SERVER_NAMES:-_}")" LISTEN='' REDIRECT_SERVER=''
if [ -n "${NGINX_CERTIFICATE:-}" ]; then
    [ -n "${NGINX_CERTIFICATE_KEY:-}" ] || fail 'NGINX_CERTIFICATE_KEY is required with NGINX_CERTIFICATE'
    # Mozilla's "intermediate" profile: https://ssl-config.mozilla.org
    LISTEN="listen ${NGINX_LISTEN:-443} ssl http2 default_server; ssl_certificate $NGINX_CERTIFICATE; ssl_certificate_key $NGINX_CERTIFICATE_KEY;\
 ssl_protocols TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers off; ssl_session_cache shared:tls:10m; ssl_session_timeout 1d; ssl_session_tickets off;\
 ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305;"
    [ -n "${NGINX_LISTEN:-}" ] || REDIRECT_SERVER="server { listen 80 default_server; server_name $SERVER_NAMES; return 308 https://\$host\$request_uri; }"
else
    LISTEN="listen ${NGINX_LISTEN:-80} default_server;"
fi

export INTERNAL_LISTEN="${NGINX_INTERNAL_LISTEN:-8080}" USER=''
user=${NGINX_USER-nginx}
[ -z "$user" ] || USER="user $user;"
export WORKERS="${NGINX_WORKERS:-auto}" STATE_DIR="${NGINX_STATE_DIR:-/var/cache/nginx}"
export ACCESS_LOG="${NGINX_ACCESS_LOG:-/dev/stdout}" ERROR_LOG="${NGINX_ERROR_LOG:-stderr}"
export REQUESTS_PER_SECOND="${NGINX_REQUESTS_PER_SECOND:-100}" POLLS_PER_SECOND="${NGINX_POLLS_PER_SECOND:-1000}"
export REQUESTS_BURST=$((REQUESTS_PER_SECOND * 4)) POLLS_BURST=$((POLLS_PER_SECOND * 4))
export CONNECTIONS_PER_ADDRESS="${NGINX_CONNECTIONS_PER_ADDRESS:-5000}"

# ENVIRON, unlike awk's own variables, keeps values as they are.
awk '{
    line = ""
    rest = $0
    while (match(rest, /\$\{[A-Z_]+\}/)) {
        name = substr(rest, RSTART + 2, RLENGTH - 3)
        if (!(name in ENVIRON)) { print "nginx/render.sh: nothing sets " name > "/dev/stderr"; exit 1 }
        line = line substr(rest, 1, RSTART - 1) ENVIRON[name]
        rest = substr(rest, RSTART + RLENGTH)
    }
    print line rest
}' "$template" >"$output.new"
mv "$output.new" "$output"
