#!/bin/sh
# A hook of the fallback: tells a receiver that it fired. Set it as HOOK in /etc/signalbox/fallback.conf; the fallback calls
# it with Succeeded, Failed or Drill, and the reason. Needs curl, and openssl where what it sends is signed.
#
# Its own settings, NAME=VALUE each on a line of /etc/signalbox/fallback-hook.conf (or of what SIGNALBOX_FALLBACK_HOOK_CONF names):
#   URL=https://…        where to; for Slack that of an incoming webhook
#   KIND=webhook         or slack
#   SECRET=whsec_…       signs what is sent to a webhook; give nodes one of their own
#   NODE_NAME=…          the host's name by default
set -eu
umask 077

conf=${SIGNALBOX_FALLBACK_HOOK_CONF:-/etc/signalbox/fallback-hook.conf}
URL='' KIND=webhook SECRET='' NODE_NAME=''
while IFS= read -r line || [ "$line" ]; do
  case $line in
    '' | '#'*) ;;
    URL=*) URL=${line#*=} ;;
    KIND=*) KIND=${line#*=} ;;
    SECRET=*) SECRET=${line#*=} ;;
    NODE_NAME=*) NODE_NAME=${line#*=} ;;
    *)
      echo "$conf: expected URL=, KIND=, SECRET= or NODE_NAME=" >&2
      exit 78
      ;;
  esac
done <"$conf"

# What is put into JSON below is words and names, and nothing else.
words() { printf %s "$1" | tr -cd 'A-Za-z0-9_.-'; }
outcome=$(words "$1")
reason=$(words "$2")
node=$(words "${NODE_NAME:-$(hostname)}")
now=$(date +%s)
id="$node/fallback.fired/$now"
text="the fallback fired on $node: $outcome ($reason)"

case $KIND in
  slack) body="{\"text\":\"$text\"}" ;;
  webhook)
    body="{\"id\":\"$id\",\"type\":\"fallback.fired\",\"timestamp\":\"$(date -u -d "@$now" +%Y-%m-%dT%H:%M:%SZ)\",\"source\":\"$node\""
    body="$body,\"text\":\"$text\",\"data\":{\"node\":\"$node\",\"outcome\":\"$outcome\",\"reason\":\"$reason\"}}"
    ;;
  *)
    echo "$conf: expected KIND=webhook or KIND=slack" >&2
    exit 78
    ;;
esac

signature() {
  key=$(printf %s "${SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
  printf %s "$1" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A
}

# By way of its input, so that neither address nor headers are shown to who lists processes.
settings() {
  printf 'url = "%s"\n' "$URL"
  printf 'header = "content-type: application/json"\n'
  if [ "$KIND" = webhook ] && [ "$SECRET" ]; then
    message="msg_$(printf %s "$id" | openssl dgst -sha256 -binary | openssl base64 -A | tr '+/' '-_' | tr -d '=')"
    printf 'header = "webhook-id: %s"\n' "$message"
    printf 'header = "webhook-timestamp: %s"\n' "$now"
    printf 'header = "webhook-signature: v1,%s"\n' "$(signature "$message.$now.$body")"
  fi
  printf 'data-binary = "%s"\n' "$(printf %s "$body" | sed 's/["\\]/\\&/g')"
}

# The fallback gives a hook a minute.
settings | curl --config - --silent --show-error --fail --output /dev/null \
  --max-time 15 --retry 3 --retry-delay 2 --retry-max-time 40
