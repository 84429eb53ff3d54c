/** @file
 * The version of librunner: the one place where it is written down.
 * The build system and the pkg-config file read these three lines.
 */
#ifndef RUNNER_VERSION_H
#define RUNNER_VERSION_H

/** Changes when the ABI breaks, from 1 on. */
#define RUNNER_VERSION_MAJOR 0
/** Changes when functions are added; before 1.0 it may break the ABI. */
#define RUNNER_VERSION_MINOR 1
/** Changes when only mistakes are mended. */
#define RUNNER_VERSION_PATCH 0

#endif /* RUNNER_VERSION_H */
