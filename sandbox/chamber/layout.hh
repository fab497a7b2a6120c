#pragma once

namespace caisson::sandbox {

// What lies on the chamber's root, a tmpfs that holds nothing else. Cells see it until they enter
// their own.

inline constexpr const char* kTreesPath = "/trees"; ///< the store's trees
inline constexpr const char* kCellPath = "/cell";   ///< where a cell mounts its root
/// Where a cell mounts its /dev and its /proc until it has a root to move them to.
inline constexpr const char* kWaitingDevicesPath = "/waiting-dev";
inline constexpr const char* kWaitingProcfsPath = "/waiting-proc";
inline constexpr const char* kScratchPath = "/scratch"; ///< where a cell mounts its plan's files
inline constexpr const char* kHostPath = "/host";       ///< host paths, numbered
inline constexpr const char* kEmptyPath = "/empty"; ///< a read-only file system with nothing in it
inline constexpr const char* kDevicesPath = "/dev"; ///< the host's device nodes, bound
inline constexpr const char* kDeviceNames[] = {"null", "zero", "full", "random", "urandom", "tty"};

} // namespace caisson::sandbox
