# Waits for the end of the demo, however it ends (its end of our stdin is closed), then ends every process that the demo and its
# children started, known by a mark in their environment, and removes its folder. The word "keep" sends it away.
trap '' HUP INT QUIT TERM
word=
read -r word
[ "$word" != keep ] || exit 0
marked() {
    grep -slzxF -e "DROVER_DEMO=$JANITOR_MARK" /proc/[0-9]*/environ | cut -d/ -f3
}
for signal in TERM KILL KILL KILL; do
    processes=$(marked)
    [ -n "$processes" ] || break
    # shellcheck disable=SC2086 # one word each
    kill -$signal $processes 2>/dev/null
    tries=0
    while [ $tries -lt 50 ] && [ -n "$(marked)" ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
done
rm -rf "$JANITOR_FOLDER"
