#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace caisson::sandbox {

// What every cell has, whatever its plan. Each part is told by the file that makes it so; the
// program that sets cells up prints it (`caisson-chamber describe`) for `caisson explain`.

/// A mount of a cell.
struct MountNote {
    std::string path;
    std::string type;    ///< file system, or "bind"
    std::string options; ///< separated by commas
    std::string why;
};

/// A resource limit that no policy changes (setrlimit(2)).
struct LimitNote {
    std::string name; ///< "RLIMIT_CORE"
    std::uint64_t value = 0;
    std::string why;
};

[[nodiscard]] std::vector<MountNote> note_devices(); ///< devices.cc
[[nodiscard]] std::vector<MountNote> note_procfs();  ///< procfs.cc
/// What /proc shows beside the processes' own entries; procfs.cc.
[[nodiscard]] std::vector<std::string> note_shown_of_procfs();
[[nodiscard]] std::vector<LimitNote> note_fixed_limits(); ///< limits.cc

/// All of it, and the set-up with its reasons:
/// {"namespaces": […], "setup": [{"step", "why"}], "mounts": [{"path", "type", "options", "why"}],
/// "procShown": […], "limits": [{"name", "value", "why"}]}
[[nodiscard]] nlohmann::json describe_cell();

} // namespace caisson::sandbox
