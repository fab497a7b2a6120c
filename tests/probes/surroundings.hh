#pragma once
// What several areas need to look at, or to make for themselves, before an attempt.

#include "tests/probes/attempt.hh"

#include <string>
#include <vector>

namespace caisson::probes {

/// A mount namespace of this child's own, in which nothing spreads, where one is to be had: what is
/// mounted outside is then seen by nobody. In a sandbox that refuses it the attempt goes on
/// without.
void mount_out_of_sight();

/// The whole of a small file; "" where it cannot be read. The error stays in errno.
std::string content_of(const std::string& path);

/// Opens and reads a byte: a mask by /dev/null opens, but is empty.
Finding read_something(const char* path);
/// Opens a directory and looks for an entry: a mask is an empty one.
Finding list_something(const char* path);
/// Opens without writing: what is written to is the host's.
Finding open_to_write(const char* path);
Finding open_to_read(const char* path);
/// Whether there is such a path at all.
Finding look_at(const char* path);

/// The processes that are none of the payload's: pid 1, unless that is the payload itself, as in
/// container engines, and the one that laid the bait.
std::vector<int> outsiders();

/// The descriptors above 2 that are open, of the first thousand: asked for without /proc.
std::vector<int> open_descriptors();

/// A fresh file of this child's own in a place that can be written, open for reading and writing;
/// -1 where there is none. Its name is gone at once.
int open_scratch_file();
/// A directory for the names that an attempt needs; "" where there is none. Gone with the root.
std::string make_scratch_directory();

/// Where they are, for as long as the run takes: removed by the parent, since an attempt may not
/// come back. Needs to be there before the children are.
class ScratchRoot {
public:
    ScratchRoot();
    ~ScratchRoot();
    ScratchRoot(const ScratchRoot&) = delete;
    ScratchRoot& operator=(const ScratchRoot&) = delete;
};

} // namespace caisson::probes
