/**
 * @file
 * Visibility and attribute macros. Plain under SWIG, which sees the same declarations.
 */
#ifndef RUNNER_EXPORT_H
#define RUNNER_EXPORT_H

#if defined(SWIG)
#define RUNNER_EXPORT
#define RUNNER_NODISCARD
#elif defined(_WIN32)
#if defined(RUNNER_BUILDING)
#define RUNNER_EXPORT __declspec(dllexport)
#elif defined(RUNNER_STATIC)
#define RUNNER_EXPORT
#else
#define RUNNER_EXPORT __declspec(dllimport)
#endif
#define RUNNER_NODISCARD
#elif defined(__GNUC__)
#define RUNNER_EXPORT __attribute__((visibility("default")))
#define RUNNER_NODISCARD __attribute__((warn_unused_result))
#else
#define RUNNER_EXPORT
#define RUNNER_NODISCARD
#endif

#if defined(__cplusplus)
#define RUNNER_BEGIN_DECLS extern "C" {
#define RUNNER_END_DECLS }
#else
#define RUNNER_BEGIN_DECLS
#define RUNNER_END_DECLS
#endif

#endif
