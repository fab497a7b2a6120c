// An OCI layer into a tree (image-spec, layer.md). The tree is seen as the layer's author saw it:
// merged with the layers below, so that a whiteout is a removal (overlayfs makes its own mark), a
// hard link finds a file of a lower layer, and `bin/x` goes where a lower `bin -> usr/bin` leads.
#include "sandbox/base/error.hh"
#include "sandbox/chamber/archive_reader.hh"
#include "sandbox/chamber/confined_path.hh"
#include "sandbox/chamber/tree_writer.hh"
#include "sandbox/chamber/trees.hh"
#include "sandbox/sys/path.hh"

#include <string_view>
#include <sys/stat.h>
#include <unordered_set>

namespace caisson::sandbox {
namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";
constexpr std::string_view kReserved = ".wh..wh."; // AUFS's own files, such as .wh..wh.plnk

/// The entries of one layer, in the archive's order. "Whiteouts only apply to lower layers", so
/// what this layer brought itself survives a whiteout that comes later.
class LayerUnpacker {
public:
    explicit LayerUnpacker(int root)
        : root_(root)
        , writer_(root, "", {})
    {}

    void put(const ArchiveEntry& entry, ArchiveReader& content)
    {
        const auto [directory, name] = split_last(entry.path);
        if (("/" + directory).find("/.wh.") != std::string::npos) {
            if (entry.path.starts_with(kReserved)) return;
            refuse(entry.path);
        }
        if (name == kOpaque) return hide_lower(directory);
        if (name.starts_with(kReserved)) return;
        if (name.starts_with(kWhiteout)) return white_out(directory, name, entry.path);
        remember(entry.path);
        writer_.put(entry, content);
    }

    void finish() { writer_.finish(); }

private:
    [[noreturn]] static void refuse(const std::string& path)
    {
        throw Error(ErrorKind::kInput, sys::quoted(path) + " is no valid whiteout");
    }

    void remember(std::string path)
    {
        while (!path.empty() && brought_.insert(path).second)
            path = split_last(path).first;
    }

    void white_out(const std::string& directory, const std::string& name, const std::string& path)
    {
        const std::string hidden = name.substr(kWhiteout.size());
        if (hidden.empty() || hidden == "." || hidden == "..") refuse(path);
        remove_lower(joined(directory, hidden));
    }

    void remove_lower(const std::string& path)
    {
        if (!brought_.contains(path))
            writer_.remove(path);
        else
            hide_lower(path);
    }

    void hide_lower(const std::string& path)
    {
        const auto [parent_path, name] = split_last(path);
        const auto parent = open_directory(root_, parent_path);
        if (!parent) return;
        // the directory itself, not one that a link leads to
        const auto directory = sys::openat2_if_present(parent->get(),
                                                       name.empty() ? "." : name,
                                                       O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
                                                       RESOLVE_BENEATH);
        if (!directory) return;
        for (const sys::DirectoryEntry& entry : sys::read_directory(directory->get()))
            remove_lower(joined(path, entry.name));
    }

    int root_;
    TreeWriter writer_;
    std::unordered_set<std::string> brought_; ///< by this layer, and the directories on the way
};

} // namespace

TreeStats unpack_layer(int root, int input, std::uint64_t most_bytes)
{
    ArchiveReader reader(input, Compression::kLayer, most_bytes);
    if (!reader.is_empty()) {
        LayerUnpacker unpacker(root);
        while (const auto entry = reader.next())
            in_context("unpack " + sys::quoted(entry->path), [&] { unpacker.put(*entry, reader); });
        unpacker.finish();
    }
    reader.drain();
    return {.entries = reader.entries(), .bytes = reader.bytes()};
}

} // namespace caisson::sandbox
