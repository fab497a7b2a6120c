#pragma once

#include <string_view>

namespace caisson::sandbox {

// The first messages between runner and chamber, before any request. An error (base/error_wire.hh)
// may come in place of either of the chamber's. Before kMapped comes each host path (messages.hh),
// with its descriptor.

inline constexpr std::string_view kUnshared = "unshared"; ///< chamber: map my ids
inline constexpr std::string_view kMapped = "mapped"; ///< runner: done; with `tasks` of each cgroup
                                                      ///< of version 1 that the chamber is to join
inline constexpr std::string_view kReady = "ready";   ///< chamber: waiting for requests

// Descriptors at which the chamber finds what it was given.
inline constexpr int kChannelFd = 3;
inline constexpr int kTreesFd = 4;
inline constexpr int kArchiveFd = 3;
inline constexpr int kAnswerFd = 4;
inline constexpr int kMostAnswer = 64 << 10; ///< bytes

// The program's modes, its first argument.
inline constexpr const char* kServeMode =
    "serve"; ///< most bytes of trees in memory, scope…, [first user id, first group id]
// Its scope (chamber/chamber_filter.hh).
inline constexpr const char* kI386Scope = "i386";
inline constexpr const char* kBelowFloorScope = "below-floor";
inline constexpr const char* kDescribeMode = "describe"; ///< prints describe_cell()
inline constexpr const char* kCheckMode =
    "check"; ///< [first user id, first group id]; trees at kTreesFd; prints check_host()
inline constexpr const char* kExtractMode =
    "extract";                                       ///< input at kChannelFd, directory at kTreesFd
inline constexpr const char* kMemberMode = "member"; ///< its name; kArchiveFd, kAnswerFd

} // namespace caisson::sandbox
