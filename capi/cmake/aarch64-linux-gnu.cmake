# Cross build for 64-bit Arm with Debian's compiler; the tests run under qemu-user.
# RUNNER_SYSROOT holds libuv and Check for that machine (tests/support/aarch64_sysroot.sh fills it).
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)

get_filename_component(runner_root "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
set(RUNNER_SYSROOT "${runner_root}/build/aarch64-sysroot" CACHE PATH "libuv and Check for aarch64")
set(ENV{PKG_CONFIG_LIBDIR} "${RUNNER_SYSROOT}/usr/lib/aarch64-linux-gnu/pkgconfig")
set(ENV{PKG_CONFIG_SYSROOT_DIR} "${RUNNER_SYSROOT}")
list(APPEND CMAKE_FIND_ROOT_PATH "${RUNNER_SYSROOT}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY BOTH)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE BOTH)
