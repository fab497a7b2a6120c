#pragma once

#include "attest/digest.hh"
#include "runner/dockerfile/ignore.hh"
#include "sandbox/base/unique_fd.hh"

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::runner {

/// One entry of a build context as it was when walked. Its views live as long as the Context: fifty
/// thousand entries are to fit into a few MiB.
struct ContextEntry {
    enum class Kind : std::uint8_t { kFile, kDirectory, kLink };

    std::string_view path;                   ///< below the root, '/'-separated, any bytes but NUL
    std::string_view link;                   ///< target of a link
    std::array<unsigned char, 32> content{}; ///< SHA-256 of a file
    std::uint64_t size = 0;                  ///< of a file
    std::int64_t modified = 0;               ///< seconds
    std::uint32_t mode = 0;                  ///< permission bits
    Kind kind = Kind::kFile;

    [[nodiscard]] attest::Digest digest() const; ///< `content`, of a file
};

/// A build context: a directory of the user, walked once by the runner, never visible in a chamber.
/// Every path is opened beneath the root (openat2, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS, links
/// not followed); sockets, fifos and devices are left out with a warning.
class Context {
public:
    /// Walks and hashes what `ignore` lets in. An unreadable file is an Error of kind kInput naming
    /// it.
    [[nodiscard]] static Context walk(const std::filesystem::path& root, const IgnoreRules& ignore);

    /// Sorted by the bytes of the path, so parents come before children.
    [[nodiscard]] const std::vector<ContextEntry>& entries() const noexcept { return entries_; }
    [[nodiscard]] const std::vector<std::string>& warnings() const noexcept { return warnings_; }
    /// Of the canonical listing: for each entry "f|d|l SP mode SP size SP content NL path NUL link
    /// NUL" (mode octal, size decimal, content hexadecimal; size and content of a file only).
    /// Times, owners and the place of the context are not in it.
    [[nodiscard]] attest::Digest digest() const;

    /// What COPY's sources select (Go filepath.Match; a directory selects what is below it), in the
    /// order of the sources; each source's entries are sorted. A link on the way, or named as the
    /// source, is followed as in Docker, but never out of the context. A source that matches
    /// nothing, leads out of the context, or is ignored: Error of kind kInput that says which of
    /// the three it is.
    struct Selection {
        struct Source {
            bool directory = false;
            std::string name;                 ///< of a file: the name it arrives under
            std::string prefix;               ///< of a directory: its path, empty for the root
            std::vector<std::size_t> entries; ///< indices into entries(); of a file exactly one
        };
        std::vector<Source> sources;
        attest::Digest
            digest; ///< names as they arrive, kinds, modes, sizes, contents: for the cache key
    };
    [[nodiscard]] Selection select(const std::vector<std::string>& sources) const;

    /// Writes a selection as tar for Chamber::receive: for a directory source "./" and what is
    /// below it, for a file the name it arrives under. Each file is read and hashed again; one that
    /// differs from what was walked is an Error of kind kInput. `mode`: --chmod, octal, or empty.
    /// Times later than `clamp_epoch` become it. Owners are 0.
    void write_tar(const Selection& selection,
                   const std::string& mode,
                   std::int64_t clamp_epoch,
                   int output) const;

    /// Opens one selected regular file for ADD's archives, to be streamed and hashed by the caller.
    [[nodiscard]] UniqueFd open(const ContextEntry& entry) const;

private:
    class Walker;
    class Selector;

    /// The entry at a path, or nothing; the root (the empty path) has none.
    [[nodiscard]] const ContextEntry* find(std::string_view path) const;
    /// Each entry of a selection under the name it arrives with, in order.
    void visit(const Selection& selection,
               const std::function<void(const ContextEntry&, std::string_view name)>& see) const;

    UniqueFd root_;
    std::unique_ptr<std::pmr::monotonic_buffer_resource> names_; ///< what the entries' views show
    std::vector<ContextEntry> entries_;
    std::vector<std::string> warnings_;
};

/// Writes plain tar (pax where a field does not fit ustar) to a descriptor; for streams of our own
/// making. Names are bytes: readers get exactly these, whatever their locale.
class TarWriter {
public:
    explicit TarWriter(int output) noexcept
        : output_(output)
    {}
    void add_directory(std::string_view name, std::uint32_t mode, std::int64_t modified);
    void add_link(std::string_view name, std::string_view target, std::int64_t modified);
    /// The header of a file; exactly `size` bytes of content must follow by write(), then
    /// end_file().
    void begin_file(std::string_view name,
                    std::uint32_t mode,
                    std::uint64_t size,
                    std::int64_t modified);
    void write(std::string_view bytes);
    void end_file();
    void finish(); ///< the two zero blocks

private:
    void header(char type,
                std::string_view name,
                std::string_view link,
                std::uint32_t mode,
                std::uint64_t size,
                std::int64_t modified);
    void flush();
    int output_;
    std::string buffer_;
    std::uint64_t left_ = 0;
    std::uint64_t size_ = 0;
};

} // namespace caisson::runner
