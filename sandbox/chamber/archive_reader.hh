#pragma once

#include <cstdint>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>
#include <vector>

struct archive;

namespace caisson::sandbox {

/// Whether a header that libarchive read with this status has every name and number as the archive
/// has it, and none guessed.
[[nodiscard]] bool is_read_whole(archive* reader, int status);

/// One entry of an archive, checked: what a tree may not hold is an Error before it gets here.
struct ArchiveEntry {
    enum class Kind { kFile, kDirectory, kSymbolicLink, kHardLink, kFifo };
    Kind kind = Kind::kFile;
    std::string path; ///< normalised (confined_path.hh); "" is the archive's root directory
    std::string link; ///< as it is written, of a symbolic link; normalised, of a hard link
    mode_t mode = 0;  ///< 07777
    uid_t user = 0;   ///< 0 .. 65535, so the next
    gid_t group = 0;
    timespec modified = {0, 0};
    std::uint64_t size = 0;                                      ///< of a file
    std::vector<std::pair<std::string, std::string>> attributes; ///< user.* and security.capability
};

/// Which compressions are recognised, by the first bytes. None is ever a program.
enum class Compression {
    kNone,  ///< a stream of ours
    kLayer, ///< gzip, zstd: what an OCI layer may be
    kAny    ///< gzip, bzip2, xz, zstd: what ADD takes
};

/// A tar archive (ustar, pax, GNU) read from a descriptor (libarchive). Every entry is hostile: its
/// names, owners, sizes and attributes are checked against tree_limits.hh, names are bytes and pass
/// no character set.
class ArchiveReader {
public:
    /// Opens and reads up to the first entry. `most_bytes`: what all files may have, as the policy
    /// leaves it; more is an Error of kind kStep.
    ArchiveReader(int input, Compression compression, std::uint64_t most_bytes = ~std::uint64_t{0});
    ~ArchiveReader();
    ArchiveReader(const ArchiveReader&) = delete;
    ArchiveReader& operator=(const ArchiveReader&) = delete;

    /// False for bytes that are no tar archive with at least one entry.
    [[nodiscard]] bool is_archive() const noexcept;
    /// True for no bytes at all.
    [[nodiscard]] bool is_empty() const noexcept;

    /// The next entry, nothing at the end; a damaged archive is an Error of kind kInput.
    [[nodiscard]] std::optional<ArchiveEntry> next();

    /// A piece of the content of the entry that next() gave; valid until the next call.
    struct Piece {
        std::string_view bytes;
        std::uint64_t offset = 0; ///< holes of a sparse file are left out
    };
    [[nodiscard]] std::optional<Piece> read();

    /// Reads what is left of the input and forgets it, so that whoever writes it (and hashes it)
    /// comes to his end.
    void drain();

    [[nodiscard]] std::uint64_t entries() const noexcept { return entries_; }
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; } ///< of all files

private:
    struct State;
    void check_ratio() const;

    std::unique_ptr<State> state_;
    std::uint64_t most_bytes_;
    std::uint64_t entries_ = 0;
    std::uint64_t bytes_ = 0;
};

} // namespace caisson::sandbox
