#!/bin/sh
# Builds the library and runs its tests and gates.
#   sh tests/run.sh              everything
#   sh tests/run.sh quick        what to run before each commit (under 3 minutes)
#   sh tests/run.sh STEP...      some steps; `sh tests/run.sh steps` lists them
# On Debian and as root it installs the packages that the steps need. A step whose tools are missing
# is skipped and says so; with CI=true that is a failure. Logs: build/logs/STEP.log.
# The last line is the sum: every Check case and every test in Go, Ruby and Node counts, and every
# other test and gate counts as one.
# shellcheck disable=SC2086 # steps and packages are lists
set -u
cd "$(dirname -- "$0")/.." || exit 1

root=$PWD
# shellcheck source=tests/support/go.sh
. tests/support/go.sh
# shellcheck source=tests/support/ruby.sh
. tests/support/ruby.sh
# shellcheck source=tests/support/node.sh
. tests/support/node.sh

extra_steps="quick go_short ruby_short node_short coverage"
all_steps="layers format dev header symbols abi install rows swig go ruby node conformance docs tidy clang asan tsan valgrind aarch64"
logs=build/logs
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
export CTEST_PARALLEL_LEVEL="$jobs" CMAKE_BUILD_PARALLEL_LEVEL="$jobs"

# --- what a step needs --------------------------------------------------------------------------

building="build-essential cmake ninja-build pkg-config libuv1-dev check libssl-dev libjansson-dev python3"

# Node may have come from elsewhere than Debian, with its npm and its headers.
node_packages() {
    command -v node >/dev/null || echo "nodejs libnode-dev"
    command -v npm >/dev/null || echo "npm"
}

packages_of() {
    case $1 in
    layers) echo "python3" ;;
    format) echo "clang-format" ;;
    docs) echo "doxygen" ;;
    rows) ;;
    quick | header | clang) echo "$building clang" ;;
    dev) echo "$building gdb" ;;
    tidy) echo "$building clang clang-tidy" ;;
    abi) echo "$building abigail-tools" ;;
    asan | tsan) echo "$building clang libclang-rt-dev" ;;
    valgrind) echo "$building valgrind" ;;
    swig) echo "$building python3-venv ruby ruby-dev $(node_packages)" ;;
    go) echo "$building libssl-dev perl" ;;
    ruby) echo "$building perl ruby ruby-dev yard" ;;
    ruby_short) echo "$building ruby ruby-dev" ;;
    node) echo "$building perl $(node_packages)" ;;
    node_short) echo "$building $(node_packages)" ;;
    conformance) echo "$building ruby ruby-dev $(node_packages)" ;;
    aarch64) echo "$building gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user" ;;
    *) echo "$building" ;;
    esac
}

tools_of() {
    built="cc cmake ninja pkg-config python3"
    case $1 in
    layers) echo "python3" ;;
    format) echo "clang-format" ;;
    docs) echo "doxygen" ;;
    rows) ;;
    clang | asan | tsan) echo "$built clang" ;;
    tidy) echo "$built clang run-clang-tidy" ;;
    abi) echo "$built abidw abidiff" ;;
    valgrind) echo "$built valgrind" ;;
    node | node_short) echo "cc c++ make python3" ;;
    aarch64) echo "$built aarch64-linux-gnu-gcc qemu-aarch64" ;;
    *) echo "$built" ;;
    esac
}

needs_go() {
    case $1 in
    go | go_short) ;;
    *) return 1 ;;
    esac
}

needs_ruby() {
    case $1 in
    ruby | ruby_short) ;;
    *) return 1 ;;
    esac
}

needs_node() {
    case $1 in
    node | node_short) ;;
    *) return 1 ;;
    esac
}

# Whether one of the steps would use Go, which is not there.
lacks_go() {
    case " $* " in
    *" swig "* | *" go "* | *" go_short "* | *" conformance "*) ! go_find ;;
    *) return 1 ;;
    esac
}

# The first thing that the step lacks.
missing_of() {
    for tool in $(tools_of "$1"); do
        command -v "$tool" >/dev/null || { echo "$tool"; return; }
        [ "$tool" != pkg-config ] || for module in libuv check; do
            pkg-config --exists "$module" || { echo "$module (for pkg-config)"; return; }
        done
    done
    ! needs_go "$1" || go_find || echo "Go 1.$go_minor or newer"
    ! needs_ruby "$1" || ruby_find || echo "$ruby_wanted"
    ! needs_node "$1" || node_find || echo "$node_wanted"
}

install_packages() {
    command -v apt-get >/dev/null && command -v dpkg-query >/dev/null || return 0
    missing=
    for package in $(for step in "$@"; do packages_of "$step"; done | tr ' ' '\n' | sort -u); do
        dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
            missing="$missing $package"
    done
    [ -n "$missing" ] || lacks_go "$@" || return 0
    if [ "$(id -u)" -ne 0 ]; then
        [ -z "$missing" ] || echo "not installed, and only root can do it:$missing"
        return 0
    fi
    apt-get update >"$logs/packages.log" 2>&1 || { tail -n 5 "$logs/packages.log"; return 1; }
    ! lacks_go "$@" || missing="$missing $(go_package)"
    [ "$missing" != " " ] || return 0
    echo "installing:$missing"
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing \
        >>"$logs/packages.log" 2>&1 || { tail -n 5 "$logs/packages.log"; return 1; }
}

# --- the steps ----------------------------------------------------------------------------------

build() {
    cmake --preset "$1" && cmake --build --preset "$1"
}

wrapper=

# test_build PRESET CTEST-OPTIONS...: what ctest finds is counted from the file it writes.
test_build() {
    preset=$1
    shift
    $wrapper ctest --preset "$preset" --output-junit "$PWD/$junit" \
        --test-output-size-passed 65536 --test-output-truncation head "$@"
}

sanitizer_links() {
    echo 'int main(void) { return 0; }' | clang "-fsanitize=$1" -x c -o /dev/null - && return
    echo "clang has no run-time library for -fsanitize=$1"
    exit 77
}

do_layers() { python3 tests/support/check_layers.py && python3 tests/support/check_cpython.py; }

do_format() {
    find capi tests bindings/conformance/c bindings/ruby/ext bindings/node/src \
        \( -name '*.c' -o -name '*.h' \) ! -name librunner_wrap.c -print0 |
        xargs -0 clang-format --dry-run --Werror
}

do_docs() {
    mkdir -p build/docs && doxygen capi/docs/Doxyfile
}

do_tidy() {
    build dev-clang || return
    run-clang-tidy -quiet -p build/dev-clang "$PWD/capi/(src|examples)/.*\\.c\$" >"$logs/tidy.raw" 2>&1
    verdict=$?
    # It colours even what goes into a file, and counts what it suppressed.
    sed 's/\x1b\[[0-9;]*m//g; /^clang-tidy/d; /warnings\{0,1\} generated\.$/d' "$logs/tidy.raw"
    return $verdict
}

# The suites without the scripts that look at the library from outside.
suites() { test_build "$1" -LE '^(header|abi|install|conformance)$'; }

do_dev() { build dev && rm -f build/dev/tests/tap/*.tap && suites dev; }
do_clang() { build dev-clang && suites dev-clang; }
do_header() { build dev && test_build dev -L '^header$'; }
do_symbols() { build dev && test_build dev -L '^abi$'; }
do_conformance() { build dev && test_build dev -L '^conformance$'; }
do_install() { build dev && test_build dev -L '^install$'; }
do_abi() { build dev && sh capi/abi/check_abi.sh build/dev/capi/librunner.so; }
do_quick() { build dev && test_build dev -L '^(unit|api|header|abi)$'; }
# Of the behaviour suite what runs the library: the rest is the same in every build.
sanitized() { test_build "$1" -E '^conformance\.(oracle|malformed_cpython|tools|fuzz)$'; }
do_asan() { sanitizer_links address && CC=clang build asan && sanitized asan; }
do_tsan() {
    # ThreadSanitizer does not know the wide address randomisation of newer kernels.
    [ "$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 0)" -le 28 ] || wrapper="setarch -R"
    sanitizer_links thread && CC=clang build tsan && sanitized tsan
}
do_valgrind() { build valgrind && test_build valgrind -L '^(unit|api)$'; }

do_aarch64() {
    sh tests/support/aarch64_sysroot.sh build/aarch64-sysroot && build aarch64 &&
        test_build aarch64 -R '(coro|stack|switch|task)'
}

# Not part of "everything": which lines the suites reach, file by file.
do_coverage() {
    find build/coverage -name '*.gcda' -delete 2>/dev/null
    build coverage && test_build coverage -L '^(unit|api|oom)$' || return
    find build/coverage/capi -name '*.gcda' -exec gcov -n {} + 2>/dev/null | awk -F "[':% ]" '
            /^File/ { name = $3 }
            /^Lines executed/ && name ~ /capi\/src\/.*\.c$/ {
                sub(/.*capi\/src\//, "", name)
                printf "%6.1f%% of %4d lines  %s\n", $3, $6, name | "sort -n"
                lines += $6; reached += $3 * $6 / 100; name = ""
            }
            END { close("sort -n"); printf "%6.1f%% of %4d lines\n", 100 * reached / lines, lines }'
}

do_swig() { sh tests/swig.sh; }
do_go() { sh tests/go.sh; }
do_go_short() { sh tests/go.sh short; }
do_ruby() { sh tests/ruby.sh; }
do_ruby_short() { sh tests/ruby.sh short; }
do_node() { sh tests/node.sh; }
do_node_short() { sh tests/node.sh short; }

do_rows() { sh tests/coverage_rows.sh build/dev/tests/tap; }

# --- running them -------------------------------------------------------------------------------

passed=0
failed=0

skip() {
    echo "skipped: $1: $2"
    [ "${CI:-}" != true ] || failed=$((failed + 1))
}

run_step() {
    step=$1
    log=$logs/$step.log
    junit=$logs/$step.xml
    rm -f "$junit" "$logs/$step.count"
    missing=$(missing_of "$step")
    if [ -n "$missing" ]; then
        skip "$step" "$missing is missing"
        return
    fi
    began=$(date +%s)
    ("do_$step") >"$log" 2>&1
    code=$?
    took=$(($(date +%s) - began))
    if [ "$code" -eq 77 ]; then
        skip "$step" "$(tail -n 1 "$log")"
        return
    fi
    verdict=passed
    [ "$code" -eq 0 ] || verdict="FAILED, see $log"
    echo "$step: $verdict ($took s)"
    count_step
}

# Adds up one step: a gate is one, a ctest run is what its programs counted, a script what it says.
count_step() {
    good=0
    bad=0
    sums='^\(.*: \)\{0,1\}\([0-9]*\) passed, \([0-9]*\) failed$'
    if [ -s "$junit" ]; then
        python3 tests/support/summarize.py "$junit" "$logs/$step.count"
        read -r good bad <"$logs/$step.count"
        [ "$code" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
    elif grep -a -q "$sums" "$log"; then
        grep -a -e "$sums" -e '^ *skipped:' "$log" | sed 's/^/  /'
        while read -r more_good more_bad; do
            good=$((good + more_good))
            bad=$((bad + more_bad))
        done <<EOF
$(sed -n "s/$sums/\2 \3/p" "$log")
EOF
        [ "$code" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
        [ "$code" -eq 0 ] || grep -a -v "$sums" "$log" | tail -n 40 | sed 's/^/    /'
    elif [ "$code" -eq 0 ]; then
        good=1
    else
        bad=1
        tail -n 40 "$log" | sed 's/^/    /'
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
}

main() {
    case ${1:-} in
    "") steps=$all_steps ;;
    quick)
        steps="layers quick"
        ! go_find || steps="$steps go_short"
        ! ruby_find || steps="$steps ruby_short"
        ! node_find || steps="$steps node_short"
        ;;
    steps) echo "$all_steps $extra_steps"; exit 0 ;;
    *) steps=$* ;;
    esac
    for step in $steps; do
        case " $all_steps $extra_steps " in
        *" $step "*) ;;
        *) echo "no such step: $step (there are: $all_steps $extra_steps)"; exit 2 ;;
        esac
    done
    mkdir -p "$logs"
    install_packages $steps || [ "${CI:-}" != true ] || failed=$((failed + 1))
    # For scripts and CMake, which take the first one.
    ! go_find || PATH="$(dirname "$GO"):$PATH"
    export PATH
    ! ruby_find || export RUBY
    ! node_find || export NODE
    for step in $steps; do
        run_step "$step"
    done
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}

main "$@"
