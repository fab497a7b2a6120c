#pragma once

namespace caisson::sandbox {

/// Files of /proc that a cell has its own of, since the kernel's tell of the whole machine.
inline constexpr const char* kFigures[] = {"loadavg", "meminfo", "stat", "uptime"};

} // namespace caisson::sandbox
