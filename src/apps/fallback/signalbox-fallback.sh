#!/bin/sh
# signalbox-fallback.sh [--dry-run | --drill] [--json]: runs chef-client when nothing has run it with success for 12
# hours, whatever became of the Summoner. Start it every few minutes. docs/fallback.md of Signalbox explains it; a table
# of cases holds it equal to src/domain/fallback.ts. Settings: lines NAME=VALUE in /etc/signalbox/fallback.conf, and
# before those SIGNALBOX_FALLBACK_NAME in the environment; a bad one is complained of and left at its default.
# Exit: 0 waits; 69 fired and the run succeeded, or a drill; 1 fired and it failed; 64 usage; 75 another fallback is at
# work; 78 waits, but a setting is bad.
set -uf && umask 022
STATE_FILE=/var/lib/signalbox/summoner.json # the Summoner's: its line `"last_run_epoch": 1753668151,` is all we need
RECORD_FILE=/var/lib/signalbox-fallback/record SPARE_FILE=/run/signalbox-fallback/record # the latter for a full disk
LOCK_FILE=/var/lib/signalbox-fallback/lock METRICS_FILE='' NODE_NAME='' HOOK=''
THRESHOLD_SECONDS=43200 RETRY_SECONDS=3600 SPLAY_SECONDS=600 TIME_LIMIT_SECONDS=7200
COMMAND='chef-client --once --run-lock-timeout 0' # leaves at once when a run is under way already
bad=0 dry_run='' drill='' json='' delay=0 line='' blanks=' 	' newline='
'
log() {
  echo "signalbox-fallback: $*" >&2
  if [ "${JOURNAL_STREAM-}" ] && [ "$JOURNAL_STREAM" = "$(stat -Lc %d:%i /dev/fd/2)" ]; then return; fi # told
  if command -v logger >/dev/null; then logger -t signalbox-fallback -p daemon.warning -- "$*" || :; fi
}
complain() { bad=78 && log "$@"; }
setting() { # NAME VALUE; a blank value leaves the default
  case $2 in [\'\"]*) expected='no quotes' ;; *) expected='' ;; esac
  case $1 in
  STATE_FILE | RECORD_FILE | SPARE_FILE | LOCK_FILE | METRICS_FILE)
    case $2 in [!/]*) expected='an absolute path' ;; esac ;;
  THRESHOLD_SECONDS | RETRY_SECONDS | TIME_LIMIT_SECONDS | SPLAY_SECONDS) least=1 && case $1 in S*) least=0 ;; esac
    case $least:$2 in 0:0) ;; *:0* | *:*[!0-9]* | *:????????*) expected="$least to 9999999, in seconds" ;; esac ;;
  NODE_NAME | COMMAND | HOOK) ;;
  *) expected='the name of a setting' ;;
  esac
  if [ "$expected" ]; then complain "$1=$2: expected $expected"; return; fi
  case $2 in *[!$blanks]*) eval "$1=\$2" ;; esac
}
read_record() { # FILE: sets what the lines of a plain file's first MiB say, blanks taken out, and $last to the last
  last='' last_run=null attempt='' success='' disbelieved=''
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
    disbelieved_epoch=*) disbelieved=${line#*=} ;;
    esac
    last=$line
  done 2>/dev/null # where bash tells of NULs, and head of a file that cannot be read
  IFS=$blanks$newline
}
# No leading zero, which shell arithmetic takes for octal, and at most twelve digits, which it can hold.
number() { case $1 in '' | 0* | *[!0-9]* | ?????????????*) false ;; esac }
past() { number "$1" && [ "$1" -le $((now + 60)) ]; } # a clock that is kept is set back by less
within() { past "$1" && [ $((now - $1)) -lt "$2" ] && retry_at=$(($1 + $2)); }
decide() { # sets $decision, $reason and $retry_at, and $news where the record is to say something else
  read_record "$STATE_FILE"
  if [ ! -e "$STATE_FILE" ] && [ ! -L "$STATE_FILE" ]; then summoner=null
  elif [ "$last" = '}' ]; then summoner=$last_run; else summoner=torn; fi
  if [ -f "$SPARE_FILE" ] && [ ! -L "$SPARE_FILE" ]; then read_record "$SPARE_FILE"; else read_record "$RECORD_FILE"; fi
  now=$(date +%s) # after the reading: a success recorded in between is not one from the future
  case $now in '' | *[!0-9]*) log 'date +%s tells no time: cannot decide'; exit 1 ;; esac
  number "$attempt" || attempt=''; number "$success" || success=''; number "$disbelieved" || disbelieved=''
  news=$attempt,$success,$disbelieved ahead='' # of the clock: none, and none when the clock has caught up with it
  past "$attempt" || attempt=''; past "$success" || success=''
  if number "$summoner" && ! past "$summoner"; then
    ahead=1
    if [ $((summoner - now)) -lt "$THRESHOLD_SECONDS" ]; then disbelieved=$summoner; fi
  elif number "$summoner" && [ "$summoner" = "$disbelieved" ]; then ahead=1; fi
  if [ "$news" = "$attempt,$success,$disbelieved" ]; then news=''; fi
  decision=Wait
  if [ ! "$ahead" ] && within "$summoner" "$THRESHOLD_SECONDS"; then reason=Healthy
  elif within "$success" "$THRESHOLD_SECONDS"; then reason=HealedByFallback
  elif within "$attempt" "$RETRY_SECONDS"; then reason=RetryIntervalNotOver
  else
    decision=Fire
    if [ "$summoner" = null ]; then reason=NeverSucceeded; elif [ "$ahead" ]; then reason=RecordFromTheFuture
    elif past "$summoner"; then reason=Overdue; else reason=RecordTorn; fi
  fi
}
show() {
  until=null
  if [ $decision = Wait ]; then until=$(date -u -d "@$retry_at" '+"%Y-%m-%dT%H:%M:%SZ"'); fi
  if [ "$json" ]; then echo "{\"decision\":\"$decision\",\"reason\":\"$reason\",\"retryAt\":$until}"
  elif [ $decision = Wait ]; then echo "Wait: $reason, until $until"
  else echo "Fire: $reason, after $delay s: $COMMAND"; fi
}
write() ( # FILE TEXT, whole or not at all
  set -C # what somebody has put in the way is not written through
  mkdir -p "${1%/*}/" && [ ! -d "$1" ] && rm -f "$1.$$" && printf %s "$2" >"$1.$$" && mv -f "$1.$$" "$1" && exit
  log "$1: cannot be written"
  rm -f "$1.$$"
  exit 1
)
record() {
  text="${attempt:+last_attempt_epoch=$attempt$newline}${success:+last_success_epoch=$success$newline}"
  text="$text${disbelieved:+disbelieved_epoch=$disbelieved$newline}"
  if write "$RECORD_FILE" "$text"; then rm -f "$SPARE_FILE"; else write "$SPARE_FILE" "$text"; fi
}
publish() { # for a Prometheus textfile collector
  if [ "$METRICS_FILE" ]; then write "$METRICS_FILE" "$(printf 'signalbox_fallback_%s %s\n' \
    check_timestamp_seconds "$now" "decision{decision=\"$decision\",reason=\"$reason\"}" 1 \
    attempt_timestamp_seconds "${attempt:-0}" success_timestamp_seconds "${success:-0}")$newline"; fi
}
leave() { if [ "$news" ]; then record; fi; publish; exit $bad; }
limited() { # SECONDS COMMAND...: chef-client stops at SIGINT, not at SIGTERM; no child may keep our lock
  if command -v timeout >/dev/null; then timeout -s INT -k 60 "$@"; else shift && "$@"; fi 9>&- </dev/null >&2
}
# shellcheck disable=SC2086 # split on purpose
hook() { if [ "$HOOK" ] && ! limited 60 $HOOK "$1" "$reason"; then log "the hook failed: $HOOK"; fi; }

for argument in "$@"; do
  case $argument in
  --dry-run) dry_run=1 ;; --drill) drill=1 ;; --json) json=1 ;;
  --help) sed -n '2,7s/^# //p' "$0"; exit 0 ;;
  *) echo "$argument: unknown; see --help" >&2; exit 64 ;;
  esac
done
conf=${SIGNALBOX_FALLBACK_CONF-/etc/signalbox/fallback.conf} text=''
if [ -f "$conf" ] && { text=$(head -c 65536 "$conf"); } 2>/dev/null; then IFS=$newline
elif [ -e "$conf" ]; then complain "$conf: cannot be read"; fi
for line in $text; do
  line=${line%[[:cntrl:]]}
  case $line in '' | '#'*) ;; *=*) setting "${line%%=*}" "${line#*=}" ;; *) complain "$line: expected NAME=VALUE"; esac
done
IFS=$blanks$newline
for key in STATE_FILE RECORD_FILE SPARE_FILE LOCK_FILE METRICS_FILE THRESHOLD_SECONDS RETRY_SECONDS SPLAY_SECONDS \
  TIME_LIMIT_SECONDS NODE_NAME COMMAND HOOK; do eval "setting $key \"\${SIGNALBOX_FALLBACK_$key-}\""; done

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
if [ $decision = Wait ]; then leave; fi

if command -v flock >/dev/null && mkdir -p "${LOCK_FILE%/*}/" && [ ! -L "$LOCK_FILE" ] &&
  (umask 077 && : <>"$LOCK_FILE") && chmod 600 "$LOCK_FILE"; then # who may open it could hold it for ever
  exec 9<>"$LOCK_FILE"
  flock -n 9 || [ $? != 1 ] || { log 'another fallback is at work'; exit 75; }
fi
log "fires: $reason; runs after $delay s: $COMMAND"
if [ "$news" ]; then record; fi; sleep "$delay" 9>&- # on record before the clock catches up with it
decide
if [ $decision = Wait ]; then log "healed meanwhile, runs nothing: $reason"; leave; fi
trap : TERM # from here on: asked to end, it lets the run end first
attempt=$now && record
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
