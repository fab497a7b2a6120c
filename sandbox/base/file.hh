#pragma once

#include "sandbox/base/unique_fd.hh"

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>

namespace caisson {

/// Opens `path` with O_CLOEXEC added; throws SysError naming the path.
[[nodiscard]] UniqueFd open_file(const std::filesystem::path& path, int flags, mode_t mode = 0);
/// The same beneath an open directory.
[[nodiscard]] UniqueFd
open_file_at(int directory, const std::string& name, int flags, mode_t mode = 0);

/// All bytes up to the end; more than `limit` bytes is an Error of kind kInput that names `what`.
[[nodiscard]] std::string read_all(int fd, std::size_t limit, std::string_view what);
/// Opens a regular file without waiting (a fifo or device is refused) and reads it; errors name the
/// path.
[[nodiscard]] std::string read_file(const std::filesystem::path& path, std::size_t limit);

/// Writes every byte, or throws SysError.
void write_all(int fd, std::string_view bytes);

/// Replaces `path` as one step: a temporary file beside it, then rename(2). A killed writer leaves
/// the old content, never half of the new.
void write_file_atomically(const std::filesystem::path& path,
                           std::string_view bytes,
                           mode_t mode = 0644);

/// A pipe, both ends O_CLOEXEC: {read end, write end}.
[[nodiscard]] std::pair<UniqueFd, UniqueFd> make_pipe();

/// An anonymous file in memory, sealed against any change, positioned at its start.
[[nodiscard]] UniqueFd make_sealed_memfd(const char* name, std::string_view bytes);

/// Owns a fresh directory below `parent` (0700); removes it and what it holds.
class TempDirectory {
public:
    explicit TempDirectory(const std::filesystem::path& parent,
                           std::string_view prefix = "caisson-");
    TempDirectory(TempDirectory&& other) noexcept
        : path_(std::exchange(other.path_, {}))
    {}
    TempDirectory& operator=(TempDirectory&&) = delete;
    TempDirectory(const TempDirectory&) = delete;
    TempDirectory& operator=(const TempDirectory&) = delete;
    ~TempDirectory();

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

private:
    std::filesystem::path path_;
};

} // namespace caisson
