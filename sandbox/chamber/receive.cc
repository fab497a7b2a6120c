// COPY and ADD: a stream of files into a merged view, with the rules of the Dockerfile reference
// where it speaks, and BuildKit's where it is silent (which directories take new owners and modes).
#include "sandbox/base/error.hh"
#include "sandbox/chamber/archive_reader.hh"
#include "sandbox/chamber/confined_path.hh"
#include "sandbox/chamber/owner_lookup.hh"
#include "sandbox/chamber/tree_writer.hh"
#include "sandbox/chamber/trees.hh"
#include "sandbox/sys/path.hh"

#include <sys/stat.h>

namespace caisson::sandbox {
namespace {

enum class Destination { kMissing, kDirectory, kOther };

Destination kind_of(int root, const std::string& path)
{
    if (path.empty() || open_directory(root, path)) return Destination::kDirectory;
    const auto [parent, name] = split_last(path);
    const auto directory = open_directory(root, parent);
    return directory && sys::fstatat(directory->get(), name) ? Destination::kOther
                                                             : Destination::kMissing;
}

/// One entry at a name of the destination's own: `COPY a.txt /b.txt`.
void receive_one(int root,
                 const std::string& destination,
                 ArchiveEntry entry,
                 ArchiveReader& reader,
                 const WriteRules& rules)
{
    const auto [directory, name] = split_last(destination);
    TreeWriter writer(root, directory, rules);
    entry.path = name;
    writer.put(entry, reader);
    if (reader.next())
        throw Error(ErrorKind::kInput,
                    "several sources need a directory as destination, and " +
                        sys::quoted("/" + destination) + " is none",
                    "let the destination end with \"/\"");
    writer.finish();
}

/// Everything below the destination. The directory itself keeps its owner and mode if it was there;
/// one that is made for a directory source takes the source's.
void receive_below(int root,
                   const std::string& destination,
                   std::optional<ArchiveEntry> entry,
                   ArchiveReader& reader,
                   const WriteRules& rules)
{
    const Destination before = kind_of(root, destination);
    if (before == Destination::kOther)
        throw Error(ErrorKind::kInput,
                    "cannot copy to " + sys::quoted("/" + destination) +
                        ", which is not a directory");
    TreeWriter writer(root, destination, rules);
    [[maybe_unused]] const UniqueFd base = writer.make_base(); // also where no entry follows
    bool fresh = before == Destination::kMissing;
    for (; entry; entry = reader.next())
        in_context("write " + sys::quoted(entry->path), [&] {
            if (!entry->path.empty()) return writer.put(*entry, reader);
            if (std::exchange(fresh, false)) writer.put_directory(*entry, true);
        });
    writer.finish();
}

} // namespace

TreeStats receive_files(int root, const ReceiveOptions& options, int input)
{
    ArchiveReader reader(
        input, options.archive ? Compression::kAny : Compression::kNone, options.most_bytes);
    if (options.archive && !reader.is_archive()) {
        reader.drain();
        return {.archive = false};
    }
    WriteRules rules;
    rules.replace_anything = options.archive;
    rules.owner = find_owner(root, options.owner);
    // links in it are followed, the last one too: what they lead to is the destination
    const std::string destination = normalised(resolved(root, options.destination));
    std::optional<ArchiveEntry> first = reader.is_empty() ? std::nullopt : reader.next();
    const bool below = !first || first->path.empty() || options.archive || options.directory ||
                       kind_of(root, destination) == Destination::kDirectory;
    if (below)
        receive_below(root, destination, std::move(first), reader, rules);
    else
        in_context("write " + sys::quoted("/" + destination),
                   [&] { receive_one(root, destination, std::move(*first), reader, rules); });
    reader.drain();
    return {.entries = reader.entries(), .bytes = reader.bytes()};
}

} // namespace caisson::sandbox
