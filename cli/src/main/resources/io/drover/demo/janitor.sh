# Waits for the end of the demo, however it ends (its end of our stdin is closed), then ends every process of its cloud and removes
# its folder. The word "keep" sends it away.
trap '' HUP INT QUIT TERM
word=
read -r word
[ "$word" != keep ] || exit 0
# Programs are known by a mark in their environment; VMs, whose environment is their own, by the lock of their folder.
processes() {
    {
        grep -slzxF -e "DROVER_DEMO=$JANITOR_MARK" /proc/[0-9]*/environ
        find /proc/[0-9]*/fd -lname "$JANITOR_FOLDER/*run.lock" 2>/dev/null
    } | cut -d/ -f3 | sort -u
}
for signal in TERM KILL KILL KILL; do
    running=$(processes)
    [ -n "$running" ] || break
    # shellcheck disable=SC2086 # one word each
    kill -$signal $running 2>/dev/null
    tries=0
    while [ $tries -lt 50 ] && [ -n "$(processes)" ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
done
rm -rf "$JANITOR_FOLDER"
