#!/bin/sh
# signalbox-fallback.sh [--dry-run | --drill] [--json]: runs chef-client when nothing has run it with success for 12
# hours, whatever became of the Summoner. Start it every few minutes (timer, cron). It needs one line of the Summoner's
# state file, `"last_run_epoch": 1753668151,`, and of the machine date head sed cksum uname sleep mkdir mv rm.
# Settings: lines NAME=VALUE in /etc/signalbox/fallback.conf, and before those SIGNALBOX_FALLBACK_NAME in the
# environment. A bad one is complained of and left at its default: it must not disarm a last resort.
# Exit: 0 waits; 69 fired and the run succeeded, or a drill; 1 fired and it failed; 64 usage; 75 another fallback is at
# work; 78 waits, but a setting is bad. src/domain/fallback.ts decides the same: a table of cases holds the two equal.
set -uf
umask 022
STATE_FILE=/var/lib/signalbox/summoner.json       # the Summoner's; only ever read
RECORD_FILE=/var/lib/signalbox-fallback/record    # our own last attempt and last success
LOCK_FILE=/var/lib/signalbox-fallback/lock        # for flock(1); where that is missing, chef-client's own lock must do
METRICS_FILE=                                     # Prometheus text for a textfile collector; blank: none
THRESHOLD_SECONDS=43200 RETRY_SECONDS=3600 SPLAY_SECONDS=600 TIME_LIMIT_SECONDS=7200
NODE_NAME=                                        # draws the splay; blank: `uname -n`
COMMAND='chef-client --once --run-lock-timeout 0' # split at blanks; leaves at once when a run is under way already
HOOK=                                             # split at blanks; gets Succeeded, Failed or Drill, and the reason
names='STATE_FILE RECORD_FILE LOCK_FILE METRICS_FILE THRESHOLD_SECONDS RETRY_SECONDS SPLAY_SECONDS TIME_LIMIT_SECONDS
  NODE_NAME COMMAND HOOK'
bad=0 dry_run='' drill='' json='' delay=0 line=''
newline='
' blanks=' 	'

log() {
  echo "signalbox-fallback: $*" >&2
  if command -v logger >/dev/null; then logger -t signalbox-fallback -p daemon.warning -- "$*" || :; fi
}
complain() { bad=78 && log "$@"; }
setting() { # NAME VALUE; a blank value leaves the default
  case $2 in [\'\"]*) expected='no quotes' ;; *) expected='' ;; esac
  case $1 in
  STATE_FILE | RECORD_FILE | LOCK_FILE | METRICS_FILE) case $2 in [!/]*) expected='an absolute path' ;; esac ;;
  THRESHOLD_SECONDS | RETRY_SECONDS | TIME_LIMIT_SECONDS | SPLAY_SECONDS) case $1:$2 in
    SPLAY_SECONDS:0) ;; *:0* | *:*[!0-9]* | *:????????*) expected='1 to 9999999, in seconds' ;; esac ;;
  NODE_NAME | COMMAND | HOOK) ;;
  *) expected='the name of a setting' ;;
  esac
  if [ "$expected" ]; then complain "$1=$2: expected $expected"; elif [ "$2" ]; then eval "$1=\$2"; fi
}
read_record() { # FILE: sets what the lines of a plain file's first MiB say, blanks taken out, and $last to the last
  last=''
  if [ ! -f "$1" ] || [ -L "$1" ]; then return; fi
  IFS=$newline # NULs, at which tools differ, the shell leaves out by itself
  for line in $(head -c 1048576 "$1"); do
    # shellcheck disable=SC2086 # split on purpose, and joined again without what it was split at
    IFS=$blanks && set -- $line && IFS='' && line="$*" && line=${line%[[:cntrl:]]}
    case $line in
    '') continue ;;
    '"last_run_epoch"'*) last_run=${line#'"last_run_epoch":'} last_run=${last_run%,} ;;
    last_attempt_epoch=*) attempt=${line#*=} ;;
    last_success_epoch=*) success=${line#*=} ;;
    esac
    last=$line
  done 2>/dev/null # where bash tells of NULs, and head of a file that cannot be read
  IFS=$blanks$newline
}
read_summoner() { # sets $summoner to epoch seconds, null, or anything else for what makes no sense
  last_run=null
  read_record "$STATE_FILE"
  if [ ! -e "$STATE_FILE" ] && [ ! -L "$STATE_FILE" ]; then summoner=null
  elif [ "$last" = '}' ]; then summoner=$last_run; else summoner=torn; fi
}
# No leading zero, which shell arithmetic takes for octal, and at most twelve digits, which it can hold.
number() { case $1 in '' | 0* | *[!0-9]* | ?????????????*) false ;; esac }
past() { number "$1" && [ "$1" -le "$now" ]; }
within() { past "$1" && [ $((now - $1)) -lt "$2" ] && retry_at=$(($1 + $2)); }
decide() { # sets $decision, $reason and $retry_at
  read_summoner
  attempt='' success=''
  read_record "$RECORD_FILE"
  now=$(date +%s) # after the reading: a success recorded in between is not one from the future
  case $now in '' | *[!0-9]*) log 'date +%s tells no time: cannot decide'; exit 1 ;; esac
  decision=Wait
  if within "$summoner" "$THRESHOLD_SECONDS"; then reason=Healthy
  elif within "$success" "$THRESHOLD_SECONDS"; then reason=HealedByFallback
  elif within "$attempt" "$RETRY_SECONDS"; then reason=RetryIntervalNotOver
  else
    decision=Fire
    if [ "$summoner" = null ]; then reason=NeverSucceeded; elif past "$summoner"; then reason=Overdue
    elif number "$summoner"; then reason=RecordFromTheFuture; else reason=RecordTorn; fi
  fi
}
rfc3339() { # EPOCH, to a date in quotes: Howard Hinnant's civil_from_days, where years begin in March
  d=$(($1 / 86400 + 719468)) s=$(($1 % 86400)) c=$((d / 146097)) d=$((d % 146097))
  y=$(((d - d / 1460 + d / 36524 - d / 146096) / 365)) d=$((d - 365 * y - y / 4 + y / 100)) m=$(((5 * d + 2) / 153))
  printf '"%04d-%02d-%02dT%02d:%02d:%02dZ"' $((c * 400 + y + (m > 9))) $(((m + 2) % 12 + 1)) \
    $((d - (153 * m + 2) / 5 + 1)) $((s / 3600)) $((s / 60 % 60)) $((s % 60))
}
show() {
  if [ "$json" ]; then printf '{"decision":"%s","reason":"%s","retryAt":' $decision "$reason"
  else printf '%s: %s, ' $decision "$reason"; fi
  if [ $decision = Wait ]; then [ "$json" ] || printf 'until ' && rfc3339 "$retry_at"
  elif [ "$json" ]; then printf null
  else printf 'after %s s: %s' "$delay" "$COMMAND"; fi
  if [ "$json" ]; then echo '}'; else echo; fi
}
write() { # FILE TEXT, whole or not at all
  if mkdir -p "${1%/*}/" && [ ! -d "$1" ] && printf '%s\n' "$2" >"$1.$$" && mv -f "$1.$$" "$1"; then return; fi
  log "$1: cannot be written"
  rm -f "$1.$$"
  false
}
record() { write "$RECORD_FILE" "last_attempt_epoch=$now${success:+
last_success_epoch=$success}"; }
publish() {
  if [ -z "$METRICS_FILE" ]; then return; fi
  past "$attempt" || attempt=0; past "$success" || success=0
  write "$METRICS_FILE" "$(printf 'signalbox_fallback_%s %s\n' check_timestamp_seconds "$now" \
    "decision{decision=\"$decision\",reason=\"$reason\"}" 1 \
    attempt_timestamp_seconds "$attempt" success_timestamp_seconds "$success")"
}
limited() { # SECONDS COMMAND...: chef-client stops at SIGINT, not at SIGTERM; no child may keep our lock
  if command -v timeout >/dev/null; then timeout -s INT -k 60 "$@"; else shift && "$@"; fi 9>&- </dev/null >&2
}
# shellcheck disable=SC2086 # split on purpose
hook() { if [ "$HOOK" ] && ! limited 60 $HOOK "$1" "$reason"; then log "the hook failed: $HOOK"; fi; }

for argument in "$@"; do
  case $argument in
  --dry-run) dry_run=1 ;;
  --drill) drill=1 ;;
  --json) json=1 ;;
  --help) sed -n '2,8s/^# //p' "$0"; exit 0 ;;
  *) echo "$argument: unknown; see --help" >&2; exit 64 ;;
  esac
done
conf=${SIGNALBOX_FALLBACK_CONF-/etc/signalbox/fallback.conf}
if [ -f "$conf" ] && [ -r "$conf" ]; then
  while IFS= read -r line || [ -n "$line" ]; do
    line=${line%[[:cntrl:]]}
    case $line in
    '' | '#'*) ;;
    *=*) setting "${line%%=*}" "${line#*=}" ;;
    *) complain "$line: expected NAME=VALUE" ;;
    esac
  done <"$conf"
elif [ -e "$conf" ]; then complain "$conf: cannot be read"; fi
for key in $names; do eval "setting $key \"\${SIGNALBOX_FALLBACK_$key-}\""; done

decide
really="$decision, $reason"
if [ "$drill" ] && [ ! "$dry_run" ]; then decision=Fire reason=Overdue; fi
if [ $decision = Fire ] && [ "$SPLAY_SECONDS" != 0 ]; then
  crc=$(printf %s "${NODE_NAME:-$(uname -n)}" | cksum)
  delay=$((${crc%% *} % SPLAY_SECONDS))
fi
if [ "$dry_run$drill$json" ]; then show; fi
if [ "$dry_run" ]; then exit $bad; fi
if [ "$drill" ]; then log "a drill: fires, but runs nothing (really: $really)"; hook Drill; exit 69; fi
if [ $decision = Wait ]; then publish; exit $bad; fi

if command -v flock >/dev/null && mkdir -p "${LOCK_FILE%/*}/" && (: >>"$LOCK_FILE"); then
  exec 9>>"$LOCK_FILE"
  flock -n 9 || [ $? != 1 ] || { log 'another fallback is at work'; exit 75; }
fi
log "fires: $reason; runs after $delay s: $COMMAND"
sleep "$delay" 9>&-
decide
if [ $decision = Wait ]; then log "healed meanwhile, runs nothing: $reason"; publish; exit $bad; fi
past "$success" || success=''
record
for _ in first again; do # again, at once and once, when chef-client upgraded itself
  # shellcheck disable=SC2086 # split on purpose
  limited "$TIME_LIMIT_SECONDS" $COMMAND && code=0 || code=$?
  if [ "$code" != 213 ]; then break; fi
done
now=$(date +%s) && attempt=$now outcome=Failed
case $code in 0 | 35 | 37) outcome=Succeeded success=$now ;; esac # 35, 37: and a reboot is pending
log "the run ended with exit status $code: $outcome"
if record && [ "$outcome" = Succeeded ]; then code=69; else code=1; fi
publish
hook "$outcome"
exit $code
