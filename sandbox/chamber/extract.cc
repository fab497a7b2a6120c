#include "sandbox/base/error.hh"
#include "sandbox/chamber/archive_reader.hh"
#include "sandbox/chamber/tree_writer.hh"
#include "sandbox/chamber/trees.hh"
#include "sandbox/sys/path.hh"

namespace caisson::sandbox {

TreeStats extract_plain(int root, int input)
{
    ArchiveReader reader(input, Compression::kNone);
    TreeWriter writer(root,
                      "",
                      {.replace_anything = false,
                       .keep_owners = false,
                       .keep_attributes = false,
                       .mode_mask = 0777});
    if (!reader.is_empty())
        while (const auto entry = reader.next()) {
            if (entry->path.empty()) continue; // the destination is the caller's own directory
            in_context("write " + sys::quoted(entry->path), [&] { writer.put(*entry, reader); });
        }
    writer.finish();
    reader.drain();
    return {.entries = reader.entries(), .bytes = reader.bytes()};
}

} // namespace caisson::sandbox
