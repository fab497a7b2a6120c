#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace caisson::testing {

/// A machine with a kernel of its own, for what this host's does not show: Debian's cloud kernel
/// under QEMU, emulated (never /dev/kvm), on a root in memory that holds what is named here and
/// busybox. It has overlayfs, users `builder` (1000) and `caisson` with subordinate ids, and no
/// network and no disk.
struct Guest {
    /// Taken to where they lie here, with the libraries they need; set-id bits are kept.
    std::vector<std::filesystem::path> programs;
    std::vector<std::pair<std::string, std::string>>
        files;          ///< absolute path, content; all are 0755
    std::string script; ///< for busybox's shell, as root; its exit status is the guest's
    unsigned memory_mebibytes = 3072;
    std::string kernel_arguments; ///< beside the usual ones
    std::chrono::seconds time{300};
};

struct GuestRan {
    int exit = -1;       ///< of the script; -1: it did not come to its end in time
    std::string console; ///< all that was printed
};

/// Why no guest can be run here; empty if one can.
[[nodiscard]] std::string why_no_guest();
/// Boots it, runs the script, and waits until it has powered itself off; ends it after its time.
[[nodiscard]] GuestRan run_guest(const Guest& guest);

} // namespace caisson::testing
