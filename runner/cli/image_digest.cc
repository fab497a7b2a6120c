#include "runner/cli/image_digest.hh"

#include "attest/strict_json.hh"
#include "runner/store/store.hh"
#include "sandbox/archive_member.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/program.hh"
#include "sandbox/base/text.hh"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <set>
#include <sys/stat.h>

namespace caisson::runner {
namespace {

using attest::Digest;
using nlohmann::json;

constexpr std::size_t kMaxDocument = 4U << 20; ///< as registries limit manifests
constexpr std::size_t kMaxBundle = 64U << 20;
constexpr std::size_t kMaxDescriptors = 1000;

/// Takes the bytes of a file as they come.
using Sink = std::function<void(std::string_view)>;
/// How the files of an image are reached, by their names in an OCI layout.
using FileReader = std::function<void(const std::string& name, const Sink& sink)>;

std::string blob_name(const Digest& digest)
{
    return "blobs/sha256/" + digest.hex();
}

void stream_file(int file, const Sink& sink)
{
    std::array<char, 65536> buffer = {};
    for (;;) {
        const ssize_t got = ::read(file, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw SysError(errno, "read");
        if (got == 0) return;
        sink({buffer.data(), static_cast<std::size_t>(got)});
    }
}

FileReader files_of_directory(const std::filesystem::path& directory)
{
    return [directory](const std::string& name, const Sink& sink) {
        const std::filesystem::path path = directory / name;
        const UniqueFd file = open_file(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
        struct stat status = {};
        if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
            throw Error(ErrorKind::kInput, "\"" + path.native() + "\" is not a regular file");
        stream_file(file.get(), sink);
    };
}

FileReader files_of_archive(const std::filesystem::path& archive)
{
    const auto file =
        std::make_shared<const UniqueFd>(open_file(archive, O_RDONLY | O_NONBLOCK | O_NOCTTY));
    return [archive, file](const std::string& name, const Sink& sink) {
        in_context("read \"" + archive.native() + "\"", [&] {
            sandbox::read_archive_member(
                own_directory() / "caisson-chamber", file->get(), name, sink);
        });
    };
}

FileReader files_of_store(const Store& store)
{
    return [&store](const std::string& name, const Sink& sink) {
        const auto digest = Digest::parse("sha256:" + name.substr(name.rfind('/') + 1));
        stream_file(store.open_blob(digest.value()).get(), sink);
    };
}

std::string read_document(const FileReader& files, const std::string& name)
{
    std::string text;
    files(name, [&](std::string_view bytes) {
        if (text.size() + bytes.size() > kMaxDocument)
            throw Error(ErrorKind::kInput, "\"" + name + "\" is too large");
        text += bytes;
    });
    return text;
}

json parse_document(const std::string& text, const std::string& name)
{
    auto read = attest::read_strict_json(text);
    if (!read.value) throw Error(ErrorKind::kInput, "\"" + name + "\": " + printable(read.problem));
    return std::move(*read.value);
}

[[noreturn]] void changed(const Digest& named, const Digest& is)
{
    throw Error(ErrorKind::kUnverified,
                "the blob named " + named.text() + " is " + is.text(),
                "it was changed or damaged after it was written");
}

Digest digest_member(const json& descriptor)
{
    const auto digest = Digest::parse(attest::text_member(descriptor, "digest").value_or(""));
    if (!digest) throw Error(ErrorKind::kInput, "a descriptor has no sha256 digest");
    return *digest;
}

/// The digest of the manifest that is named `digest`, once everything that it names is what it
/// says.
void check_blobs(const FileReader& files, const json& manifest)
{
    std::set<Digest> named;
    for (const char* list : {"layers", "manifests"})
        if (const json& descriptors = attest::member(manifest, list); descriptors.is_array())
            for (const json& descriptor : descriptors)
                named.insert(digest_member(descriptor));
    if (manifest.contains("config")) named.insert(digest_member(manifest["config"]));
    if (named.size() > kMaxDescriptors)
        throw Error(ErrorKind::kInput, "the manifest names too many blobs");
    for (const Digest& digest : named) {
        attest::Sha256 hash;
        files(blob_name(digest), [&](std::string_view bytes) { hash.update(bytes); });
        if (const Digest is = std::move(hash).finish(); is != digest) changed(digest, is);
    }
}

/// The manifest of that name, if it is an image: an attestation in the same layout refers to one.
std::optional<json> read_image(const FileReader& files, const Digest& digest)
{
    const std::string bytes = read_document(files, blob_name(digest));
    if (const Digest is = Digest::of(bytes); is != digest) changed(digest, is);
    json manifest = parse_document(bytes, blob_name(digest));
    if (!manifest.is_object())
        throw Error(ErrorKind::kInput, "manifest " + digest.text() + " is no object");
    if (manifest.contains("subject")) return std::nullopt;
    return manifest;
}

/// The one image of an OCI layout (image-spec, image-layout.md).
Digest digest_in_layout(const FileReader& files)
{
    const json index = parse_document(read_document(files, "index.json"), "index.json");
    const json& entries = attest::member(index, "manifests");
    if (!entries.is_array() || entries.size() > kMaxDescriptors)
        throw Error(ErrorKind::kInput, "\"index.json\" is no OCI image index");
    std::set<Digest> named;
    for (const json& descriptor : entries)
        named.insert(digest_member(descriptor));
    std::optional<Digest> found;
    for (const Digest& digest : named) {
        const auto manifest = read_image(files, digest);
        if (!manifest) continue;
        if (found)
            throw Error(ErrorKind::kInput,
                        "it holds several images",
                        "verify one by its digest: caisson verify --bundle FILE sha256:…");
        check_blobs(files, *manifest);
        found = digest;
    }
    if (!found) throw Error(ErrorKind::kInput, "it holds no image");
    return *found;
}

std::optional<std::string> bundle_beside(std::filesystem::path path)
{
    if (!path.has_filename()) path = path.parent_path(); // "layout/"
    path += ".sigstore.json";
    if (!std::filesystem::exists(path)) return std::nullopt;
    return read_file(path, kMaxBundle);
}

/// From the store, which is only looked at: an auditor's machine has none, and gets none.
std::optional<FoundImage> find_in_store(const std::string& text)
{
    if (!std::filesystem::exists(Store::default_path())) return std::nullopt;
    const std::unique_ptr<Store> store = Store::open(Store::default_path());
    const auto ref = store->find_image(text);
    if (!ref) return std::nullopt;
    const FileReader files = files_of_store(*store);
    if (const auto manifest = read_image(files, ref->manifest.digest))
        check_blobs(files, *manifest);
    FoundImage found = {ref->manifest.digest, std::nullopt};
    if (!ref->bundle.empty()) found.bundle = store->read_blob(ref->bundle, kMaxBundle);
    return found;
}

} // namespace

FoundImage find_image(const std::string& text, bool has_bundle)
{
    return in_context("find image \"" + printable(text) + "\"", [&]() -> FoundImage {
        const auto digest = Digest::parse(text);
        if (digest && has_bundle) return {*digest, std::nullopt};
        const std::filesystem::path path = text;
        if (std::filesystem::is_directory(path))
            return {digest_in_layout(files_of_directory(path)), bundle_beside(path)};
        if (std::filesystem::exists(path))
            return {digest_in_layout(files_of_archive(path)), bundle_beside(path)};
        if (auto found = find_in_store(text)) return *found;
        if (digest) return {*digest, std::nullopt};
        throw Error(ErrorKind::kInput,
                    "no such file, directory or image in the store",
                    "caisson image list shows the store");
    });
}

} // namespace caisson::runner
