#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace caisson::sandbox {

/// One entry of an archive of ours.
struct TarEntry {
    enum class Kind : char {
        kFile = '0',
        kHardLink = '1',
        kSymbolicLink = '2',
        kDirectory = '5',
        kFifo = '6'
    };
    Kind kind = Kind::kFile;
    std::string path; ///< of a directory without its `/`; the root is "."
    std::string link; ///< target of a link
    mode_t mode = 0;
    uid_t user = 0;
    gid_t group = 0;
    std::int64_t modified = 0;                                   ///< seconds
    std::uint64_t size = 0;                                      ///< of a file
    std::vector<std::pair<std::string, std::string>> attributes; ///< in the order to be written
};

/// Writes tar (POSIX.1-2001: ustar, with a pax header where a field does not fit) to a descriptor.
/// The same entries are the same bytes: no user names, no access or change times, no device, no
/// process id in a header's name.
class TarStream {
public:
    explicit TarStream(int output);

    /// Writes the header; exactly `entry.size` bytes of a file's content must follow.
    void add(const TarEntry& entry);
    /// The content of the file just added: `size` bytes of `file`, from its position on.
    void copy_content(int file, std::uint64_t size);
    /// The two zero blocks that end an archive, and all that was not written yet.
    void finish();

private:
    void add_header(const TarEntry& entry, char type, std::string_view name, std::uint64_t size);
    void add_extended_header(const std::string& records);
    void pad(std::uint64_t size);
    void flush();

    int output_;
    std::string buffer_;
};

} // namespace caisson::sandbox
