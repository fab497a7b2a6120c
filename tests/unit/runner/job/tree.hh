#pragma once

#include "sandbox/base/file.hh"

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <sys/stat.h>

namespace caisson {

/// A throw-away directory tree.
class Tree {
public:
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return directory_.path(); }

    void file(const std::string& name, std::string_view content = {}, mode_t mode = 0644) const
    {
        const auto target = path() / name;
        std::filesystem::create_directories(target.parent_path());
        std::ofstream(target, std::ios::binary) << content;
        std::filesystem::permissions(target, static_cast<std::filesystem::perms>(mode));
    }
    void directory(const std::string& name, mode_t mode = 0755) const
    {
        std::filesystem::create_directories(path() / name);
        std::filesystem::permissions(path() / name, static_cast<std::filesystem::perms>(mode));
    }
    void link(const std::string& name, const std::string& target) const
    {
        std::filesystem::create_directories((path() / name).parent_path());
        std::filesystem::create_symlink(target, path() / name);
    }

private:
    TempDirectory directory_{std::filesystem::temp_directory_path()};
};

} // namespace caisson
