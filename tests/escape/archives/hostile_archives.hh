#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace caisson::testing {

enum class Outcome {
    kTaken,  ///< into the tree, and nowhere else
    kRefused ///< with exit status 6 and a reason
};

/// Archives that nobody makes by accident, with what is to become of each as the layers of a base
/// image and as archives that ADD unpacks.
struct HostileArchive {
    const char* name;
    /// One after another into the same tree. `outside` is the absolute path of a directory of the
    /// host.
    std::vector<std::string> (*archives)(const std::string& outside);
    Outcome as_base = Outcome::kRefused;
    Outcome as_added = Outcome::kRefused;
    /// Whether `tar -P`, which trusts what it reads, changes the host's directory by it.
    bool fools_tar = false;
};

std::ostream& operator<<(std::ostream& stream, const HostileArchive& archive);

[[nodiscard]] std::vector<HostileArchive> archives_by_name();
[[nodiscard]] std::vector<HostileArchive> archives_by_link();
[[nodiscard]] std::vector<HostileArchive> archives_by_kind();
[[nodiscard]] std::vector<HostileArchive> archives_by_header();
[[nodiscard]] std::vector<HostileArchive> archives_by_frame();

} // namespace caisson::testing
