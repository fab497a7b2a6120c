#pragma once

#include "sandbox/base/file.hh"
#include "sandbox/base/unique_fd.hh"

#include <filesystem>
#include <optional>
#include <string>

namespace caisson::runner {

/// A hidden directory beside the destination in which an output is made before it is renamed into
/// place. Its name follows from the destination and it is locked: two builds to one destination
/// take turns, and what a killed one left is cleared by the next.
class Workplace {
public:
    /// `<directory>/.<name>.partial`
    Workplace(const std::filesystem::path& directory, const std::string& name);
    Workplace(const Workplace&) = delete;
    Workplace& operator=(const Workplace&) = delete;
    ~Workplace(); ///< removes it and what it holds

    /// An empty directory on the destination's disk.
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return inside_->path(); }

private:
    std::filesystem::path path_;
    UniqueFd lock_;
    std::optional<TempDirectory> inside_;
};

} // namespace caisson::runner
