#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace caisson::testing {

/// An archive as the kernel unpacks it at its start (Documentation/driver-api/early-userspace/
/// buffer-format.rst, "newc"). Everything belongs to root; directories on the way are made.
class CpioArchive {
public:
    void add_file(const std::string& path, std::string_view content, mode_t mode);
    void add_link(const std::string& path, const std::string& target);
    void add_directory(const std::string& path);
    [[nodiscard]] bool has(const std::string& path) const;
    /// Ends it: all of its bytes.
    [[nodiscard]] std::string finish() &&;

private:
    void add(const std::string& path, mode_t mode, std::string_view content);

    std::string bytes_;
    std::string names_ = "\n"; ///< each on a line of its own
    std::uint32_t next_inode_ = 1;
};

} // namespace caisson::testing
