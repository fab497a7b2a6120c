#pragma once

#include "sandbox/base/unique_fd.hh"
#include "sandbox/chamber/archive_reader.hh"

#include <optional>
#include <string>
#include <vector>

namespace caisson::sandbox {

struct Owner {
    uid_t user = 0;
    gid_t group = 0;
};

/// How a TreeWriter treats what is there, and what of an entry it keeps.
struct WriteRules {
    bool replace_anything = true; ///< else a directory never takes the place of something else, nor
                                  ///< the other way round (COPY)
    bool keep_owners = true;      ///< else everything is the writing process's own
    bool keep_attributes = true;
    mode_t mode_mask = 07777;
    std::optional<Owner> owner; ///< of everything made, whatever the entry says (--chown)
};

/// Puts an archive's entries into a tree, each below `base`. Directories on the way are made
/// (0755); links in them are followed, but never out of the tree; the last component of a name is
/// never followed. What is in the way is replaced, never written into: its other hard links keep
/// their content.
class TreeWriter {
public:
    /// `root` is borrowed. `base`: a normalised path, "" for the root itself.
    TreeWriter(int root, std::string base, const WriteRules& rules);

    void put(const ArchiveEntry& entry, ArchiveReader& content);
    /// The directory that `entry` names, made or found; its owner, mode and attributes are set when
    /// it was made here or `overwrite` says so.
    void put_directory(const ArchiveEntry& entry, bool overwrite);
    /// Removes `path` (below base) with all it holds; a path that is not there is fine.
    void remove(const std::string& path);
    /// Makes base itself, with the rules' owner; an open directory.
    [[nodiscard]] UniqueFd make_base();
    /// Sets the times of directories, which every entry put into them had changed, and the modes
    /// that would have stood in the way of a writer without privileges.
    void finish();

private:
    struct Place {
        int directory = -1; ///< borrowed from parent_
        std::string name;
    };
    struct Directory {
        std::string path;
        mode_t mode = 0;
        timespec modified = {0, 0};
    };

    Place place_of(const std::string& path);
    void remove_in_the_way(const Place& place, const ArchiveEntry& entry);
    void put_file(const Place& place, const ArchiveEntry& entry, ArchiveReader& content);
    void put_hard_link(const Place& place, const ArchiveEntry& entry);
    void put_symbolic_link(const Place& place, const ArchiveEntry& entry);
    void put_fifo(const Place& place, const ArchiveEntry& entry);
    void set_metadata(int fd, const ArchiveEntry& entry) const;
    void own_new_directory(int directory) const;
    [[nodiscard]] Owner owner_of(const ArchiveEntry& entry) const;
    [[nodiscard]] std::string below_base(const std::string& path) const;

    int root_;
    std::string base_;
    WriteRules rules_;
    UniqueFd parent_; ///< the directory of the last entry: the next one is most often in it too
    std::optional<std::string> parent_path_; ///< nothing: parent_ may have gone
    std::vector<Directory> directories_;     ///< in the archive's order, for finish()
};

} // namespace caisson::sandbox
