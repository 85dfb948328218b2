# What the scripts beside it share; read by them, not run.

# What pip cannot install: a library of the system that mongod needs, the program that
# shows in which order files are written and synced, that of the examples, a browser,
# clocks that are wrong, and what checks the modules of the page.
install_packages() {
    local wanted=()
    ldconfig -p | grep 'libcurl\.so\.4' > /dev/null || wanted+=(libcurl4)
    have curl || wanted+=(curl)
    have strace || wanted+=(strace)
    have chromium || wanted+=(chromium)
    compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' > /dev/null || wanted+=(libfaketime)
    [ ${#wanted[@]} -eq 0 ] || install "${wanted[@]}"
    # What npm recommends is a whole compiler.
    { have node && have npm; } || install --no-install-recommends nodejs npm
}

# Installs packages of the system; takes options of apt-get too.
install() {
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq "$@" > /dev/null
}

have() {
    command -v "$1" > /dev/null
}

# Prints the first fenced block after a line of the README.
readme_block() {
    awk -v start="$1" '
        index($0, start) == 1 { found = 1 }
        found && /^```/ { if (inside) exit; inside = 1; next }
        inside { print }
    ' README.md
}

# Runs a part and shows what it has said when it ends, with the time that it took; fails
# as it does. So parts that run side by side do not talk at once.
part() {
    local name=$1 begun=$SECONDS status=0 said
    shift
    said=$(mktemp)
    "$@" > "$said" 2>&1 || status=$?
    echo "== $name: $((SECONDS - begun)) s, exit status $status"
    cat "$said"
    rm "$said"
    return "$status"
}

# Waits for all parts that were started in the background; fails if one has failed.
all_have_passed() {
    local status=0 pid
    for pid in "$@"; do
        wait "$pid" || status=$?
    done
    return "$status"
}

# A few tests wait for a limited time, which two busy cores can take from them. Runs those
# that failed once more, alone, by a command; fails if one does again, or if more than
# three failed.
passes_alone() {
    local cache=$1 failed
    shift
    failed=$(grep -sc '": true' "$cache/v/cache/lastfailed") || failed=0
    echo "== $failed failed beside others"
    [ "$failed" -gt 0 ] && [ "$failed" -le 3 ] || return 1
    "$@" -n 0 --last-failed --last-failed-no-failures none
}
