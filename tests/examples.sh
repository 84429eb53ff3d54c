#!/bin/sh
# sh tests/examples.sh BUILD_DIR [NAME...]
# Runs the examples that were built in BUILD_DIR, all or the named ones, and judges what they print:
# the small ones by capi/examples/expected/NAME.txt, treesum by sha256sum, fanout by wc. Prints
# `N passed, N failed` at the end; ends with 77 if all was skipped.
#
# TREESUM: the one in another language, in place of the one in C. TREESUM_LANGUAGE: that language.
# CI=true: what is skipped is a failure. TIME_SCALE: factor for all time limits, default 1.
set -u
export LC_ALL=C
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
if [ $# -lt 1 ] || [ ! -d "$1/capi" ]; then
    echo "usage: sh tests/examples.sh BUILD_DIR [NAME...]" >&2
    exit 2
fi
bin=$(CDPATH='' cd -- "$1/capi" && pwd) || exit 1
shift
expected=$root/capi/examples/expected
treesum=${TREESUM:-$bin/treesum}
fanout=$bin/fanout
scale=${TIME_SCALE:-1}
passed=0
failed=0
skipped=0

work=$(mktemp -d) || exit 1
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

pass() {
    passed=$((passed + 1))
    echo "ok      $*"
}

fail() {
    failed=$((failed + 1))
    echo "FAILED  $*"
}

skip() {
    if [ "${CI:-}" = true ]; then
        fail "$* (skipped)"
    else
        skipped=$((skipped + 1))
        echo "skipped $*"
    fi
}

# verdict NAME: passes if nothing was written to $work/why, which is shown otherwise.
verdict() {
    if [ -s "$work/why" ]; then
        fail "$1"
        sed 's/^/    /' "$work/why"
    else
        pass "$1"
    fi
}

# run COMMAND...: sets $status, writes $work/out and $work/err.
run() {
    timeout $((60 * scale)) "$@" >"$work/out" 2>"$work/err" </dev/null
    status=$?
    : >"$work/why"
}

# Each adds to $work/why what is not as it should be.
want_status() { [ "$status" -eq "$1" ] || echo "status $status, not $1" >>"$work/why"; }
want_out() { diff "$1" "$work/out" >>"$work/why"; }
want_err() { diff "$1" "$work/err" >>"$work/why"; }
want_no_out() { sed 's/^/on stdout: /' "$work/out" | head -n 5 >>"$work/why"; }
want_no_err() { sed 's/^/on stderr: /' "$work/err" >>"$work/why"; }
want_message() { # BASIC-REGULAR-EXPRESSION of a whole line
    grep -q -x -e "$1" "$work/err" || {
        echo "no line on stderr matches: $1"
        sed 's/^/on stderr: /' "$work/err"
    } >>"$work/why"
}

# ---- the small ones ------------------------------------------------------------------------------

small() {
    if [ ! -x "$bin/$1" ]; then
        fail "$1: not built"
    elif [ ! -e "$expected/$1.txt" ]; then
        fail "$1: no $expected/$1.txt"
    else
        run "$bin/$1"
        want_status 0
        want_out "$expected/$1.txt"
        want_no_err
        verdict "$1"
    fi
}

# ---- treesum -------------------------------------------------------------------------------------

reference() { # DIR [COMMAND...]: what treesum has to print
    tree=$1
    shift
    "$@" find "$tree" -type f -print0 2>/dev/null | sort -z | "$@" xargs -0 -r sha256sum 2>/dev/null
}

newline='
'
return_char=$(printf '\r')
not_utf8=$(printf '\377\376')

odd_tree() { # DIR
    mkdir -p "$1/-dash/x" "$1/deep" "$1/empty directory" "$1/a b" "$1/a" "$1/d${newline}d\\d" &&
        (
            cd "$1" || exit 1
            : >empty
            printf 'hello\n' >'  spaces  in  name  '
            printf '1' >'back\slash'
            printf '2' >"\\"
            printf '3' >"new${newline}line"
            printf '4' >"$newline"
            printf '5' >"return${return_char}"
            printf '6' >"d${newline}d\\d/-rf"
            printf '7' >./-n
            printf '8' >./--help
            printf '9' >-dash/x/-
            printf '10' >"Grüße, 世界.txt"
            printf '11' >"$not_utf8"
            printf '12' >"tab	quote\"'\$(true)*?[a]%s"
            printf '13' >.hidden
            printf '14' >'a b/c'
            printf '15' >a/b
            printf '16' >a.b
            printf '17' >"$(printf '%0255d' 0)"
            head -c 3000000 /dev/zero >zeros
            head -c 65536 /dev/zero >block
            head -c 65537 /dev/zero >block-and-one
            ln -s . loop
            ln -s ../.. a/up
            ln -s empty link-to-file
            ln -s nowhere dangling
            ln -s self self
            mkfifo fifo
            cd deep || exit 1
            i=0
            while [ $i -lt 150 ]; do
                mkdir "level $i" && cd "level $i" || exit 1
                echo $i >file
                i=$((i + 1))
            done
        )
}

treesum_equals() { # NAME DIR [N]
    name=$1
    shift
    reference "$1" >"$work/expected"
    run "$treesum" "$@"
    want_status 0
    want_out "$work/expected"
    want_no_err
    verdict "treesum: $name"
}

treesum_trees() {
    if ! odd_tree "$work/odd"; then
        fail "treesum: odd names: the tree could not be made"
        return
    fi
    treesum_equals "odd names" "$work/odd"
    [ "$(wc -l <"$work/expected")" -ge 170 ] || fail "treesum: odd names: the tree is too small"
    treesum_equals "one at a time" "$work/odd" 1
    treesum_equals "256 at a time" "$work/odd" 256
    treesum_equals "DIR with a slash at its end" "$work/odd/"
    treesum_equals "DIR with two" "$work/odd//"
    treesum_equals "DIR is a link with a slash" "$work/odd/loop/"
    treesum_equals "DIR is a file" "$work/odd/zeros"
    treesum_equals "DIR is empty" "$work/odd/empty directory"
    cd "$work/odd/a" || exit 1
    treesum_equals "DIR is relative" .
    treesum_equals "DIR is above" ../a
    cd "$root" || exit 1

    mkdir "$work/wide"
    (cd "$work/wide" && seq 1 3000 | split -l 1 -a 4) # 3000 files
    treesum_equals "3000 files" "$work/wide"
}

# A path that is longer than the kernel takes: said, and the rest is still there.
treesum_long_path() {
    long=$(printf '%0250d' 0)
    mkdir "$work/long" && echo x >"$work/long/file" || exit 1
    (
        cd "$work/long" || exit 1
        i=0
        while [ $i -lt 20 ] && mkdir "$long" && cd "$long"; do i=$((i + 1)); done
        echo y >file
    ) 2>/dev/null
    reference "$work/long" >"$work/expected"
    run "$treesum" "$work/long"
    want_status 1
    want_out "$work/expected"
    want_message "treesum: $work/long/0.*: File name too long"
    verdict "treesum: path too long"
}

# Files and directories that may not be read, as a user without root's rights.
treesum_unreadable() {
    if [ "$(id -u)" -ne 0 ]; then
        as_user='env'
    elif command -v setpriv >/dev/null; then
        as_user='setpriv --reuid=65534 --regid=65534 --clear-groups'
    else
        skip "treesum: unreadable files: no setpriv"
        return
    fi
    mkdir -p "$work/user/bin" "$work/user/tree/closed" "$work/user/tree/open"
    # A copy, for a user who may not look into the build directory.
    cp "$treesum" "$bin"/librunner.so* "$work/user/bin/" 2>/dev/null
    LD_LIBRARY_PATH=$work/user/bin${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
    export LD_LIBRARY_PATH
    cd "$work/user/tree" || exit 1
    for file in a m open/b z; do echo $file >$file; done
    echo x >closed/x
    echo x >secret
    echo x >"open/sec ret"
    chmod 000 closed secret "open/sec ret"
    [ "$(id -u)" -ne 0 ] || chown -R 65534 "$work/user/tree"
    cd "$root" || exit 1

    # shellcheck disable=SC2086 # a command and its options
    reference "$work/user/tree" $as_user >"$work/expected"
    # shellcheck disable=SC2086
    run $as_user "$work/user/bin/treesum" "$work/user/tree"
    unset LD_LIBRARY_PATH
    chmod 755 "$work/user/tree/closed"
    want_status 1
    want_out "$work/expected"
    sort -o "$work/err" "$work/err"
    for file in closed "open/sec ret" secret; do
        echo "treesum: $work/user/tree/$file: Permission denied"
    done >"$work/expected_err"
    want_err "$work/expected_err"
    [ "$(wc -l <"$work/out")" -eq 4 ] || echo "not 4 files" >>"$work/why"
    verdict "treesum: unreadable files are reported, the rest is summed"
}

refused() { # NAME ARGS...: bad arguments
    name=$1
    shift
    run "$treesum" "$@"
    want_status 2
    want_no_out
    want_message 'usage: \(ruby \)*treesum\(\.rb\)* DIR \[N\]'
    verdict "treesum: refused: $name"
}

treesum_arguments() {
    refused "no DIR"
    refused "too many" a 1 2
    refused "an option" -x
    for jobs in 0 -1 +1 ' 1' 1x x '' 257 99999999999999999999; do
        refused "N is '$jobs'" "$work" "$jobs"
    done

    run "$treesum" --help
    want_status 0
    want_no_err
    grep -q '^usage: \(ruby \)*treesum\(\.rb\)* DIR' "$work/out" || echo "no usage on stdout" >>"$work/why"
    verdict "treesum: --help"

    run "$treesum" "$work/missing"
    want_status 1
    want_no_out
    want_message "treesum: $work/missing: No such file or directory"
    verdict "treesum: DIR is missing"

    ln -s . "$work/link"
    run "$treesum" "$work/link"
    want_status 1
    want_no_out
    want_message "treesum: $work/link: Symbolic link.*"
    verdict "treesum: DIR is a symbolic link"

    if [ -c /dev/full ]; then
        timeout $((60 * scale)) "$treesum" "$root/capi/examples" >/dev/full 2>"$work/err"
        status=$?
        : >"$work/why"
        want_status 1
        want_message 'treesum: standard output: No space left on device'
        verdict "treesum: output cannot be written"
    else
        skip "treesum: output cannot be written: no /dev/full"
    fi
}

# On a terminal there is a line that shows how far it got, and it is gone at the end.
treesum_terminal() {
    if ! script -q -c true /dev/null >/dev/null 2>&1; then
        skip "treesum: progress on a terminal: no script(1), or no terminal for it"
        return
    fi
    escape=$(printf '\033')
    reference "$work/odd/a" >"$work/expected"
    run script -q -e -c "'$treesum' '$work/odd/a'" /dev/null
    want_status 0
    grep -q "[0-9]* of [0-9]* files$return_char$escape\\[K" "$work/out" || echo "no progress" >>"$work/why"
    tr -d '\r' <"$work/out" | sed "s/.*$escape\\[K//" >"$work/plain"
    diff "$work/expected" "$work/plain" >>"$work/why"
    verdict "treesum: progress on a terminal"
}

# interrupt DELAY-MS COMMAND...: starts it with SIGINT's disposition as from a shell's prompt, sends
# SIGINT after the delay, which begins when the file $LOADED is loaded, if that is set; sets $signal,
# $status and $took_ms, from the signal to the end.
interrupt() {
    perl -MTime::HiRes=time,sleep -e '
        my ($file, $delay, @command) = @ARGV;
        $SIG{INT} = "DEFAULT";
        my $child = fork();
        if (!$child) { exec @command; exit 127; }
        my $late = time + 10;
        while ($ENV{LOADED} && time < $late) {
            open(my $maps, "<", "/proc/$child/maps") or last;
            last if grep { index($_, $ENV{LOADED}) >= 0 } <$maps>;
            sleep(0.001);
        }
        sleep($delay / 1000);
        my $start = time;
        kill "INT", $child;
        local $SIG{ALRM} = sub { kill "KILL", $child };
        alarm 60;
        waitpid($child, 0);
        open(my $out, ">", $file) or die $!;
        printf $out "%d %d %d\n", $? & 127, $? >> 8, (time - $start) * 1000;
    ' "$work/end" "$@" >"$work/out" 2>"$work/err" </dev/null
    read -r signal status took_ms <"$work/end"
    : >"$work/why"
}

interrupted() { # NAME LEAST-FILES-DONE DELAY-MS COMMAND...
    name=$1
    least=$2
    shift 2
    interrupt "$@"
    [ "$signal" -eq 2 ] || echo "signal $signal (status $status), not death by SIGINT" >>"$work/why"
    want_no_out
    want_message 'treesum: interrupted after [0-9]* of [0-9]* files'
    [ "$(wc -l <"$work/err")" -eq 1 ] || sed 's/^/on stderr: /' "$work/err" >>"$work/why"
    done_files=$(sed -n 's/^treesum: interrupted after \([0-9]*\) of .*/\1/p' "$work/err")
    [ "${done_files:-0}" -ge "$least" ] || echo "only ${done_files:-0} files done" >>"$work/why"
    # 100 ms are promised on a machine that is not busy.
    [ "$took_ms" -le $((3000 * scale)) ] || echo "took $took_ms ms" >>"$work/why"
    verdict "treesum: interrupted: $name ($took_ms ms)"
}

# Whether it was interrupted by Ruby, which says where: before the program was loaded and has begun.
comes_up() {
    [ "${TREESUM_LANGUAGE:-}" = Ruby ] && grep -q ': Interrupt$' "$work/err" &&
        ! grep -q "in [\`'][^']*\<run'" "$work/err"
}

treesum_interrupt() {
    case ${TREESUM_LANGUAGE:-} in
    Ruby) export LOADED=librunner/native.so ;;
    Node) export LOADED=librunner.node ;;
    esac
    if ! perl -MTime::HiRes -e 1 2>/dev/null; then
        skip "treesum: interrupted: no perl with Time::HiRes"
        return
    fi
    mkdir "$work/big"
    if ! truncate -s 100G "$work/big/z0" "$work/big/z1" "$work/big/z2" 2>/dev/null; then
        skip "treesum: interrupted: no file of 100 GB can be made here"
        return
    fi
    interrupted "one big file" 0 500 "$treesum" "$work/big/z0"
    interrupted "big files, one at a time" 0 500 "$treesum" "$work/big" 1
    (cd "$work/big" && seq 1 500 | split -l 1 -a 4) # they come first
    interrupted "many files before big ones" 500 $((2000 * scale)) "$treesum" "$work/big" 2

    # At any moment from the first on; before the runner has come up there is no message. A Ruby that is
    # interrupted while it makes itself ready may go on with half of it: so not before the binding.
    [ "${TREESUM_LANGUAGE:-}" != Node ] || unset LOADED
    for delay in 0 1 2 3 5 8 12 20 40 80 160; do
        interrupt $delay "$treesum" "$work/big" 256
        [ "$signal" -eq 2 ] || echo "after $delay ms: status $status, signal $signal"
        [ ! -s "$work/out" ] || echo "after $delay ms: something on stdout"
        comes_up || grep -v '^treesum: interrupted after [0-9]* of [0-9]* files$' "$work/err"
    done >"$work/why.all"
    mv "$work/why.all" "$work/why"
    verdict "treesum: interrupted at any moment"
    rm -rf "$work/big"
}

treesum_all() {
    if [ ! -x "$treesum" ]; then
        skip "treesum: not built, it needs libcrypto (libssl-dev)"
        return
    fi
    treesum_trees
    treesum_long_path
    treesum_unreadable
    treesum_arguments
    treesum_terminal
    treesum_interrupt
}

# ---- fanout --------------------------------------------------------------------------------------

# run_fanout LIST [OPTION...]: as run, with a list on stdin.
run_fanout() {
    list=$1
    shift
    timeout $((60 * scale)) "$fanout" "$@" <"$list" >"$work/out" 2>"$work/err"
    status=$?
    : >"$work/why"
}

# What wc says of every file of a list, in the order of the list.
fanout_reference() { # LIST
    while IFS= read -r path; do
        printf '%s %s\n' "$(wc <"$path" | awk '{ print $1, $2, $3 }')" "$path"
    done <"$1"
}

fanout_equals() { # NAME [OPTION...]
    name=$1
    shift
    run_fanout "$work/list" "$@"
    want_status 0
    want_out "$work/expected"
    want_no_err
    verdict "fanout: $name"
}

fanout_counts() {
    mkdir "$work/texts"
    (
        cd "$work/texts" || exit 1
        : >empty
        printf 'no newline at the end' >'a name with blanks'
        printf '\n\n \t\r\v\f\n word\n' >blanks
        seq 1 200000 >many
        head -c 65536 many | tr '\n' x >block
        (cat block && echo ' y') >block-and-more
    )
    # Plain ASCII: what else is a word is not the same for every wc.
    find "$root/capi/include" "$root/capi/src" "$work/texts" -type f | sort -r >"$work/list"
    [ "$(wc -l <"$work/list")" -ge 100 ] || fail "fanout: the list is too short"
    fanout_reference "$work/list" >"$work/expected"
    fanout_equals "many files"
    fanout_equals "one at a time" -j 1
    fanout_equals "256 at a time, in time" -j 256 -t 60000
    printf '%s\n' "$root/LICENSE" "$work/texts/many" "$root/LICENSE" >"$work/list"
    fanout_reference "$work/list" >"$work/expected"
    fanout_equals "a file that comes twice" -j 2
    : >"$work/list"
    : >"$work/expected"
    fanout_equals "an empty list"
}

fanout_errors() {
    texts=$work/texts
    printf '%s\n' "$texts/many" "$texts/missing" "$texts/empty" "$texts" "$texts/block" \
        >"$work/list"
    printf '%s\n' "$texts/many" "$texts/empty" "$texts/block" >"$work/good"
    fanout_reference "$work/good" >"$work/expected"
    {
        echo "fanout: $texts/missing: no such file or directory"
        echo "fanout: $texts: illegal operation on a directory"
    } >"$work/expected_err"
    run_fanout "$work/list" -j 2
    want_status 1
    want_out "$work/expected"
    want_err "$work/expected_err"
    verdict "fanout: files that cannot be read are reported, the rest is counted"

    # Every place is taken by a file without an end, twice.
    printf '%s\n' /dev/zero /dev/zero "$texts/empty" /dev/zero /dev/zero >"$work/list"
    echo "$texts/empty" >"$work/good"
    fanout_reference "$work/good" >"$work/expected"
    yes "fanout: /dev/zero: timed out" | head -n 4 >"$work/expected_err"
    run_fanout "$work/list" -j 2 -t $((500 * scale))
    want_status 1
    want_out "$work/expected"
    want_err "$work/expected_err"
    verdict "fanout: files that take too long are given up, the rest is counted"

    timeout $((60 * scale)) "$fanout" <"$work/good" >/dev/full 2>"$work/err"
    status=$?
    : >"$work/why"
    want_status 1
    want_message 'fanout: no space left on device'
    verdict "fanout: output cannot be written"
}

fanout_refuses() { # OPTION...
    run "$fanout" "$@"
    want_status 2
    want_no_out
    want_message 'usage: fanout \[-j N\] \[-t MS\] < LIST'
    verdict "fanout: refused: $*"
}

fanout_interrupt() {
    if ! perl -MTime::HiRes -e 1 2>/dev/null; then
        skip "fanout: interrupted: no perl with Time::HiRes"
        return
    fi
    echo /dev/zero >"$work/list"
    # shellcheck disable=SC2016 # for the inner shell
    interrupt 500 sh -c 'exec "$1" -j 4 <"$2"' sh "$fanout" "$work/list"
    [ "$signal" -eq 2 ] || echo "signal $signal (status $status), not death by SIGINT" >>"$work/why"
    want_no_out
    want_no_err
    [ "$took_ms" -le $((3000 * scale)) ] || echo "took $took_ms ms" >>"$work/why"
    verdict "fanout: interrupted ($took_ms ms)"
}

fanout_all() {
    if [ ! -x "$fanout" ]; then
        fail "fanout: not built"
        return
    fi
    fanout_counts
    fanout_errors
    for options in "-j 0" "-j 257" "-j 2x" "-j -1" "-t 0" "-t x" "-z" "file"; do
        # shellcheck disable=SC2086 # an option and its value
        fanout_refuses $options
    done
    fanout_interrupt
}

# ---- all of them ---------------------------------------------------------------------------------

if [ $# -eq 0 ]; then
    for source in "$root"/capi/examples/*.c; do
        name=${source##*/}
        set -- "$@" "${name%.c}"
    done
fi
for example in "$@"; do
    case $example in
    treesum) treesum_all ;;
    fanout) fanout_all ;;
    *) small "$example" ;;
    esac
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] || exit 1
[ "$passed" -gt 0 ] || [ "$skipped" -eq 0 ] || exit 77
