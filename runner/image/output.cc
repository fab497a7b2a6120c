#include "runner/image/output.hh"

#include "runner/image/layout_contents.hh"
#include "runner/image/manifest.hh"
#include "runner/image/tar_archive.hh"
#include "runner/image/workplace.hh"
#include "runner/store/directory.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/text.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>

namespace caisson::runner {
namespace {

namespace fs = std::filesystem;

void rename_to(const fs::path& from, const fs::path& to)
{
    if (::rename(from.c_str(), to.c_str()) != 0)
        throw SysError(errno, "rename to \"" + to.native() + "\"");
}

void make_directory_at(const fs::path& path)
{
    if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST)
        throw SysError(errno, "mkdir \"" + path.native() + "\"");
}

/// `dir/` and `dir` are the same destination, and a name is needed for what lies beside it.
fs::path without_slash(const fs::path& destination)
{
    const fs::path whole = fs::absolute(destination).lexically_normal();
    return whole.has_filename() ? whole : whole.parent_path();
}

fs::path sidecar_of(const fs::path& destination)
{
    return destination.native() + ".sigstore.json";
}

/// The attestation beside the image; an old one must not stand beside an image that has none. It
/// comes before the image does: no image is ever there without its attestation.
void place_sidecar(const Store& store,
                   const OutputImage& image,
                   const fs::path& workplace,
                   const fs::path& destination)
{
    const fs::path sidecar = sidecar_of(destination);
    if (image.bundle.empty()) {
        if (::unlink(sidecar.c_str()) != 0 && errno != ENOENT)
            throw SysError(errno, "remove \"" + sidecar.native() + "\"");
        return;
    }
    // made in the workplace where that is on the same disk, so that rename is one step
    const fs::path made = workplace / "bundle";
    write_file_atomically(made, store.read_blob(image.bundle));
    if (::rename(made.c_str(), sidecar.c_str()) == 0) return;
    if (errno != EXDEV) throw SysError(errno, "rename to \"" + sidecar.native() + "\"");
    write_file_atomically(sidecar, store.read_blob(image.bundle));
}

void write_blob(const Store& store, const LayoutContents::Blob& blob, const fs::path& path)
{
    const UniqueFd file = open_file(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644);
    read_out(store, blob, [&](std::string_view bytes) { write_all(file.get(), bytes); });
}

// ---- archive

void write_archive(const Store& store, const LayoutContents& contents, const fs::path& path)
{
    const UniqueFd file = open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
    TarArchive tar([&](std::string_view bytes) { write_all(file.get(), bytes); });
    tar.add_file("oci-layout", kLayoutMarker);
    tar.add_file("index.json", index_text(contents.index, {}));
    tar.add_directory("blobs/");
    tar.add_directory("blobs/sha256/");
    for (const LayoutContents::Blob& blob : contents.blobs) {
        tar.begin_file("blobs/sha256/" + blob.digest.hex(), blob.size);
        read_out(store, blob, [&](std::string_view bytes) { tar.write(bytes); });
    }
    tar.finish();
}

void refuse_unless_file(const fs::path& destination)
{
    std::error_code unknown; // what cannot be looked at will be refused by rename, with its reason
    const fs::file_status status = fs::symlink_status(destination, unknown);
    if (fs::exists(status) && !fs::is_regular_file(status) && !fs::is_symlink(status))
        throw Error(ErrorKind::kInput,
                    "it is there and not a file",
                    fs::is_directory(status) ? "tar=false writes a layout directory" : "");
}

// ---- directory

constexpr std::array<std::string_view, 4> kLayoutNames = {
    "oci-layout", "index.json", "blobs", ".layout.partial"};

/// What an existing layout lists already. Any other directory with something in it is refused:
/// what lies there is not ours to mix with.
std::vector<Descriptor> existing_index(const fs::path& directory)
{
    const std::vector<std::string> names =
        names_in(open_file(directory, O_RDONLY | O_DIRECTORY).get());
    for (const std::string& name : names)
        if (std::ranges::find(kLayoutNames, name) == kLayoutNames.end())
            throw Error(ErrorKind::kInput,
                        "the directory is not empty and not an OCI layout (it has \"" +
                            printable(name) + "\")",
                        "name a new directory");
    if (std::ranges::find(names, "index.json") == names.end()) return {};
    return in_context("its \"index.json\"", [&] {
        return index_from_json(read_file(directory / "index.json", kManifestLimit), kOciIndex);
    });
}

/// Everything but index.json, which makes the rest count.
void write_blobs(const Store& store,
                 const LayoutContents& contents,
                 const fs::path& workplace,
                 const fs::path& directory)
{
    make_directory_at(directory / "blobs");
    make_directory_at(directory / "blobs/sha256");
    for (const LayoutContents::Blob& blob : contents.blobs) {
        write_blob(store, blob, workplace / "blob");
        rename_to(workplace / "blob", directory / "blobs/sha256" / blob.digest.hex());
    }
    write_file_atomically(workplace / "marker", kLayoutMarker);
    rename_to(workplace / "marker", directory / "oci-layout");
}

void write_index(const std::string& text, const fs::path& workplace, const fs::path& directory)
{
    write_file_atomically(workplace / "index", text);
    rename_to(workplace / "index", directory / "index.json");
}

void write_new_layout(const Store& store,
                      const OutputImage& image,
                      const LayoutContents& contents,
                      const fs::path& destination)
{
    const Workplace workplace(destination.parent_path(), destination.filename().native());
    const fs::path made = workplace.path() / "layout";
    make_directory_at(made);
    write_blobs(store, contents, workplace.path(), made);
    write_index(index_text(contents.index, {}), workplace.path(), made);
    place_sidecar(store, image, workplace.path(), destination);
    rename_to(made, destination);
}

void add_to_layout(const Store& store,
                   const OutputImage& image,
                   const LayoutContents& contents,
                   const fs::path& destination)
{
    (void)existing_index(destination); // before anything is written there
    const Workplace workplace(destination, "layout");
    write_blobs(store, contents, workplace.path(), destination);
    place_sidecar(store, image, workplace.path(), destination);
    // read under the workplace's lock: another build may have added its image meanwhile
    const std::string text = index_text(contents.index, existing_index(destination));
    write_index(text, workplace.path(), destination);
}

} // namespace

Descriptor store_image(Store& store, const ImageConfig& config, const std::vector<Layer>& layers)
{
    std::vector<attest::Digest> diff_ids;
    Manifest manifest;
    for (const Layer& layer : layers) {
        diff_ids.push_back(layer.diff_id);
        manifest.layers.push_back({.media_type = layer.blob.media_type,
                                   .digest = layer.blob.digest,
                                   .size = layer.blob.size});
    }
    if (diff_ids != config.diff_ids)
        throw Error(ErrorKind::kInternal, "the diff ids of an image are not those of its layers");
    const std::string config_text = to_json_text(config);
    manifest.config = {.media_type = kOciConfig,
                       .digest = store.put_blob(config_text),
                       .size = config_text.size()};
    const std::string text = to_json_text(manifest);
    return {.media_type = kOciManifest, .digest = store.put_blob(text), .size = text.size()};
}

void write_oci_archive(const Store& store, const OutputImage& image, const fs::path& destination)
{
    in_context("write OCI archive \"" + printable(destination.native()) + "\"", [&] {
        const fs::path target = without_slash(destination);
        refuse_unless_file(target);
        const LayoutContents contents = layout_contents(store, image, Attestation::kPointedTo);
        const Workplace workplace(target.parent_path(), target.filename().native());
        write_archive(store, contents, workplace.path() / "archive");
        place_sidecar(store, image, workplace.path(), target);
        rename_to(workplace.path() / "archive", target);
    });
}

void write_oci_layout(const Store& store, const OutputImage& image, const fs::path& destination)
{
    in_context("write OCI layout \"" + printable(destination.native()) + "\"", [&] {
        const fs::path target = without_slash(destination);
        // a nameless image can only be asked for as the only one there
        const LayoutContents contents = layout_contents(
            store, image, image.names.empty() ? Attestation::kPointedTo : Attestation::kListed);
        std::error_code unknown;
        if (fs::is_directory(target, unknown))
            add_to_layout(store, image, contents, target);
        else
            write_new_layout(store, image, contents, target);
    });
}

} // namespace caisson::runner
