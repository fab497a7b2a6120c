#pragma once

#include "sandbox/base/unique_fd.hh"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace caisson::sandbox {

/// One cgroup that this process made. Removed when it goes away; what cannot be removed then,
/// because processes in it are still dying, is left to the next build's sweep (cgroup/sweep.hh).
class Group {
public:
    /// Makes `name` below the open directory `parent`. Nothing where this host does not let us.
    [[nodiscard]] static std::optional<Group> try_make(int parent, const std::string& name);

    Group(Group&& other) noexcept;
    Group& operator=(Group&&) = delete;
    Group(const Group&) = delete;
    Group& operator=(const Group&) = delete;
    ~Group();

    [[nodiscard]] int directory() const noexcept { return directory_.get(); }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }

    /// Writes one of its files; false where the kernel has no such file, or refuses the value.
    [[nodiscard]] bool try_write(const std::string& file, std::string_view value) const;
    [[nodiscard]] bool try_write(const std::string& file, std::uint64_t value) const;
    [[nodiscard]] std::optional<std::string> try_read(const std::string& file) const;
    /// Opens one of its files.
    [[nodiscard]] UniqueFd open(const std::string& file, int flags) const;

    /// Marks it as one whose maker lives, for as long as this object does (flock(2), which the
    /// kernel gives up when the process ends, however it ends). False where a sweep was quicker:
    /// the group is gone then.
    [[nodiscard]] bool try_lock() const;

private:
    Group(UniqueFd directory, std::string name);

    UniqueFd directory_;
    std::string name_;
};

// The same for a group that somebody else made.

/// Nothing where it is not there, or not ours to read.
[[nodiscard]] std::optional<std::string> read_group_file(int directory, const std::string& file);
bool write_group_file(int directory, const std::string& file, std::string_view value);
/// The processes in it, groups below left out; 0 for each that another pid namespace hides.
[[nodiscard]] std::vector<pid_t> processes_of(int directory);

/// The number that stands alone in `text`, or behind `key` on a line of its own; nothing where
/// there is none
/// ("max" is none).
[[nodiscard]] std::optional<std::uint64_t> number_in(std::string_view text,
                                                     std::string_view key = {});
/// Whether `word` is among the words of `text`: cgroup.controllers.
[[nodiscard]] bool has_word(std::string_view text, std::string_view word);

} // namespace caisson::sandbox
