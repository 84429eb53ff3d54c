#!/bin/sh
# Fetches libuv and Check for 64-bit Arm from Debian's archive into a folder. The system itself is
# left alone: apt works on lists of its own inside that folder. Exit 77: this cannot be done here.
# Usage: aarch64_sysroot.sh FOLDER
# shellcheck disable=SC2086 # options and packages are lists
set -eu
packages="libuv1 libuv1-dev check libsubunit0 libsubunit-dev"
command -v apt-get >/dev/null || { echo "no apt-get to fetch libraries for aarch64"; exit 77; }
mkdir -p "$1"
cd "$1"
[ ! -e complete ] || exit 0

mkdir -p apt/lists/partial apt/cache/archives/partial
options="-o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User=root
    -o Dir::State::Lists=$PWD/apt/lists -o Dir::Cache=$PWD/apt/cache -o Dir::State::status=/dev/null"
# Some other archive of this system may have nothing for arm64: what counts is the download.
apt-get $options -q update || true
apt-get $options -q download $packages ||
    { echo "the archive has no packages for arm64, or is out of reach"; exit 77; }
for package in *.deb; do
    dpkg-deb -x "$package" .
done
rm -rf apt ./*.deb
touch complete
