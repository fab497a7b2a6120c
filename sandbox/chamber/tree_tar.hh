#pragma once

#include "sandbox/chamber/tar_stream.hh"
#include "sandbox/launch.hh"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <sys/stat.h>
#include <utility>

namespace caisson::sandbox {

/// How a tree becomes tar.
struct TarRules {
    bool layer = false;         ///< overlayfs's marks become whiteouts; else they are not expected
    std::int64_t epoch = -1;    ///< times later than this become it; -1 keeps them
    std::optional<mode_t> mode; ///< of files and directories (--chmod)
};

/// Writes entries of a tree as tar: directories before what is in them, names in the order of their
/// bytes, the first name of a file with several as the file and the others as hard links. Sockets
/// and devices are left out.
class TreeTar {
public:
    TreeTar(int output, const TarRules& rules);

    /// What is below an open directory, named below `path` ("" for the top), the directory itself
    /// not.
    void add_contents(int directory, const std::string& path);
    /// One entry of `directory`, called `path` in the archive, with all that is below it.
    void add_entry(int directory, const std::string& name, const std::string& path);
    /// An open directory itself, called `path`, without what is below it.
    void add_directory(int directory, const std::string& path);
    [[nodiscard]] TreeStats finish();

private:
    void add_file(int file, const std::string& path);
    [[nodiscard]] TarEntry entry_of(const struct stat& status, std::string path) const;
    void add_whiteout(const std::string& path);
    void add_link(int directory, const std::string& name, const TarEntry& entry);
    void add(const TarEntry& entry);
    /// True where it was written before, under the name that the hard link then has.
    bool add_as_hard_link(const struct stat& status, TarEntry& entry);

    TarStream stream_;
    TarRules rules_;
    TreeStats stats_;
    std::map<std::pair<dev_t, ino_t>, std::string> names_; ///< of files with several
};

} // namespace caisson::sandbox
